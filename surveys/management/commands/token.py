"""`manage.py token EMAIL`: make an API token for a member of staff, shown once and kept as a hash."""

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


class Command(BaseCommand):
    """The token can do in each study what its owner's role can."""

    help = "Make an API token for a member of staff; it is printed once."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Whose, and for how long."""
        parser.add_argument("email", help="whose token it is")
        parser.add_argument("--days", type=int, default=90, help="days until it ends (90)")

    @transaction.atomic
    def handle(self, *_args: Any, email: str, days: int, **_options: Any) -> None:
        """Print the token alone, so that a script can keep it."""
        user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
        if user is None:
            raise CommandError(f"no active member of staff has the address {email}")
        if not 1 <= days <= 3650:
            raise CommandError("--days: expected 1 to 3650")
        _, token = AuthToken.objects.create(user, expiry=timedelta(days=days))
        log.record(
            "token.made",
            by=Actor.system("manage.py token"),
            at=clock.now(),
            subject=user.code,
            days=days,
        )
        self.stdout.write(token)
        self.stderr.write(f"Send it as 'Authorization: Bearer …'; it ends in {days} days.")
