"""`manage.py member EMAIL STUDY ROLE`: give somebody a role in a study, with an account if need be."""

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

from surveys.access import memberships
from surveys.access.models import User
from surveys.access.roles import Role
from surveys.audit.actors import Actor
from surveys.design.models import Study
from surveys.lib import clock

BY = Actor.system("manage.py member")


class Command(BaseCommand):
    """The first owner of a study that was loaded on the server comes in this way."""

    help = "Give somebody a role in a study; who has no account yet gets one."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Who, where, as what."""
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("study", metavar="STUDY", help="the study's code")
        parser.add_argument("role", metavar="ROLE", choices=[*Role], help=", ".join(Role))
        parser.add_argument("--name", default="", help="of a new account, for the screens")

    def handle(
        self, *_args: Any, email: str, study: str, role: str, name: str, **_options: Any
    ) -> None:
        """Grant the role; print the password of a new account once, unless it was typed in."""
        row = Study.objects.filter(code=study).first()
        if row is None:
            raise CommandError(f"there is no study '{study}'")
        with transaction.atomic():
            user = User.objects.filter(email=email.strip().lower()).first()
            user = user or self._new_user(email.strip(), name)
            memberships.grant(study=row, user=user, role=Role(role), by=BY, now=clock.now())
        self.stdout.write(f"{user.email} is {Role(role).label} of '{study}'")

    def _new_user(self, email: str, name: str) -> User:
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"'{email}' is no e-mail address") from None
        is_typed = sys.stdin.isatty()
        password = _typed_password() if is_typed else secrets.token_urlsafe(15)
        try:
            validate_password(password, User(email=email, name=name))
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from None
        user = User.objects.create_user(email, password, name=name, joined_at=clock.now())
        if not is_typed:
            self.stdout.write(f"new account {user.email}, password {password}")
        return user


def _typed_password() -> str:
    first = getpass.getpass("Password for the new account: ")
    if getpass.getpass("The same again: ") != first:
        raise CommandError("the two passwords differ; nothing was changed")
    return first
