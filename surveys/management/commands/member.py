"""`manage.py member EMAIL STUDY ROLE`: who holds which role in a study, from the server.

`member EMAIL STUDY --revoke` takes the role away, `member EMAIL --deactivate` the account.
"""

from __future__ import annotations

import argparse
import getpass
import secrets
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from surveys.access import accounts, memberships
from surveys.access.models import User
from surveys.access.roles import Role
from surveys.audit.actors import Actor
from surveys.design.models import Study
from surveys.lib import clock

BY = Actor.system("manage.py member")


class Command(BaseCommand):
    """The first owner of a study that was loaded on the server comes in this way."""

    help = "Give somebody a role in a study, with an account if need be; or take either away."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Who, where, as what; or what is taken away."""
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("study", metavar="STUDY", nargs="?", help="the study's code")
        parser.add_argument(
            "role", metavar="ROLE", nargs="?", choices=[*Role], help=", ".join(Role)
        )
        parser.add_argument("--name", default="", help="of a new account, for the screens")
        end = parser.add_mutually_exclusive_group()
        end.add_argument("--revoke", action="store_true", help="take the role in STUDY away")
        end.add_argument(
            "--deactivate",
            action="store_true",
            help="end the account, its sessions, its API tokens and all its roles",
        )

    @transaction.atomic
    def handle(
        self,
        *_args: Any,
        email: str,
        study: str | None,
        role: str | None,
        name: str,
        revoke: bool,
        deactivate: bool,
        **_options: Any,
    ) -> None:
        """Do the one thing that the arguments ask for."""
        given = (study is not None, role is not None)
        if deactivate and given == (False, False):
            self._deactivate(email)
        elif revoke and study is not None and role is None:
            self._revoke(email, _study(study))
        elif not (deactivate or revoke) and study is not None and role is not None:
            self._grant(email, _study(study), Role(role), name)
        else:
            raise CommandError(
                "expected EMAIL STUDY ROLE, or EMAIL STUDY --revoke, or EMAIL --deactivate"
            )

    def _grant(self, email: str, study: Study, role: Role, name: str) -> None:
        """Print the password of a new account once, unless it was typed in."""
        user = _known(email) or self._new_user(email.strip(), name)
        if not user.is_active:
            password = self._password_for(user)
            accounts.reactivate(user=user, password=password, by=BY, now=clock.now())
        memberships.grant(study=study, user=user, role=role, by=BY, now=clock.now())
        self.stdout.write(f"{user.email} is {role.label} of '{study.code}'")

    def _revoke(self, email: str, study: Study) -> None:
        user = _user(email)
        try:
            memberships.revoke(study=study, user=user, by=BY, now=clock.now())
        except memberships.NotAMember as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{user.email} holds no role in '{study.code}' any more")

    def _deactivate(self, email: str) -> None:
        user = _user(email)
        accounts.deactivate(user=user, by=BY, now=clock.now())
        self.stdout.write(f"the account {user.email} is ended, with its tokens and roles")

    def _new_user(self, email: str, name: str) -> User:
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"'{email}' is no e-mail address") from None
        password = self._password_for(User(email=email.lower(), name=name))
        return User.objects.create_user(email, password, name=name, joined_at=clock.now())

    def _password_for(self, user: User) -> str:
        """What is typed at a terminal; otherwise one that is drawn and printed."""
        is_typed = sys.stdin.isatty()
        password = _typed_password() if is_typed else secrets.token_urlsafe(15)
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from None
        if not is_typed:
            self.stdout.write(f"account {user.email}, password {password}")
        return password


def _study(code: str) -> Study:
    study = Study.objects.filter(code=code).first()
    if study is None:
        raise CommandError(f"there is no study '{code}'")
    return study


def _known(email: str) -> User | None:
    return User.objects.filter(email=email.strip().lower()).first()


def _user(email: str) -> User:
    user = _known(email)
    if user is None:
        raise CommandError(f"nobody here has the address {email}")
    return user


def _typed_password() -> str:
    first = getpass.getpass("Password for the account: ")
    if getpass.getpass("The same again: ") != first:
        raise CommandError("the two passwords differ; nothing was changed")
    return first
