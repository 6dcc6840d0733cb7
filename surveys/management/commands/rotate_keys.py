"""`manage.py rotate_keys`: encrypt names and addresses anew under the first of FIELD_KEYS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from surveys.audit.actors import Actor
from surveys.lib import clock
from surveys.lib.crypto import CannotDecrypt
from surveys.participants import actions


class Command(BaseCommand):
    """Put the new key first and keep the old ones behind it; afterwards only the fingerprints of forgotten people need them."""

    help = "Encrypt names and addresses anew under the first of FIELD_KEYS."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Go on where an earlier run was stopped."""
        try:
            n_people = actions.rotate_keys(
                by=Actor.system("manage.py rotate_keys"), now=clock.now()
            )
        except CannotDecrypt as error:
            raise CommandError(f"somebody's contact cannot be read: {error}") from None
        self.stdout.write(
            f"{n_people} people encrypted anew; only those forgotten still need an older key"
        )
