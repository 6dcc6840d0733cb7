"""`manage.py rotate_keys`: encrypt contacts and second factors anew under the first of FIELD_KEYS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from surveys.access import second_factors
from surveys.audit.actors import Actor
from surveys.lib import clock
from surveys.lib.crypto import CannotDecrypt
from surveys.participants import actions

BY = Actor.system("manage.py rotate_keys")


class Command(BaseCommand):
    """Put the new key first and keep the old ones behind it; see docs/how-to/rotate-keys.md."""

    help = "Encrypt contacts and second factors anew under the first of FIELD_KEYS."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Go on where an earlier run was stopped; fails while anything needs an older key."""
        try:
            people = actions.rotate_keys(by=BY, now=clock.now())
            factors = second_factors.rotate_keys(by=BY, now=clock.now())
        except CannotDecrypt as error:
            raise CommandError(f"something cannot be read: {error}") from None
        self.stdout.write(
            f"{people.n_people} people and {factors.n_factors} second factors encrypted anew"
        )
        if people.n_left or factors.n_left:
            raise CommandError(
                f"{people.n_left} people and {factors.n_left} second factors are still under an"
                " older key: restart every process with the new FIELD_KEYS, then run this again"
            )
        self.stdout.write(_about_old_keys(people.n_forgotten))


def _about_old_keys(n_forgotten: int) -> str:
    if not n_forgotten:
        return "Nothing needs the older keys any more; take them out of FIELD_KEYS."
    return (
        f"Keep the older keys in FIELD_KEYS, behind the new one: the {n_forgotten} people who asked"
        " to be forgotten are recognised by them alone, and could be enrolled anew without."
    )
