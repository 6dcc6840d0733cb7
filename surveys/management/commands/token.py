"""`manage.py token EMAIL`: make an API token for a member of staff; shown once, kept as a hash."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from knox.models import AuthToken

from surveys.access.models import User
from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.lib import clock

BY = Actor.system("manage.py token")
MAX_DAYS = 3650


class Command(BaseCommand):
    """The token can do in each study what its owner's role can."""

    help = "Make an API token for a member of staff; it is printed once."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Whose, and for how long."""
        parser.add_argument("email", help="whose token it is")
        verb = parser.add_mutually_exclusive_group()
        verb.add_argument("--days", type=int, default=90, help="days until it ends (90)")
        verb.add_argument("--revoke", action="store_true", help="end all of this person's tokens")

    @transaction.atomic
    def handle(self, *_args: Any, email: str, days: int, revoke: bool, **_options: Any) -> None:
        """Print the token alone, so that a script can keep it."""
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None or not (user.is_active or revoke):
            raise CommandError(f"no active member of staff has the address {email}")
        if revoke:
            n_ended, _ = AuthToken.objects.filter(user=user).delete()
            self._record("token.revoked", user, n=n_ended)
            self.stdout.write(f"{n_ended} tokens ended")
            return
        if not 1 <= days <= MAX_DAYS:
            raise CommandError(f"--days: expected 1 to {MAX_DAYS}")
        _, token = AuthToken.objects.create(user, expiry=timedelta(days=days))
        self._record("token.made", user, days=days)
        self.stdout.write(token)
        self.stderr.write(f"Send it as 'Authorization: Bearer …'; it ends in {days} days.")

    def _record(self, event: str, user: User, **data: Any) -> None:
        log.record(event, by=BY, at=clock.now(), subject=user.code, **data)
