"""`manage.py release`: what a release would send; with --send-all or --doubt-until it happens."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.lib import clock
from surveys.messaging import holding
from surveys.messaging.models import SendingHold

BY = Actor.system("manage.py release")


class Command(BaseCommand):
    """Ends a hold once somebody looked at what waits; see docs/how-to/restore-a-backup.md."""

    help = "Send mail again, after saying what of the past may have been sent already."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """What happens to mails that may have been sent already."""
        past = parser.add_mutually_exclusive_group()
        past.add_argument("--send-all", action="store_true", help="send everything that is due")
        past.add_argument(
            "--doubt-until",
            metavar="TIME",
            help="what was due by then (UTC, such as 2027-01-31T09:00) becomes unknown instead",
        )

    def handle(self, *_args: Any, send_all: bool, doubt_until: str | None, **_options: Any) -> None:
        """Show what waits; release only when told what to do with it."""
        found = holding.current()
        if found is None:
            raise CommandError("sending is not held")
        self._show(found)
        if not send_all and doubt_until is None:
            raise CommandError("say --send-all or --doubt-until TIME; nothing has changed")
        until = _moment(doubt_until) if doubt_until else None
        n_doubtful = pipeline.release(doubt_until=until, by=BY, now=clock.now())
        self.stdout.write(f"Mail is sent again. {n_doubtful} messages are left in doubt.")

    def _show(self, found: SendingHold) -> None:
        self.stdout.write(f"Held since {found.since:%Y-%m-%d %H:%M} UTC: {found.reason}")
        if found.sent_until:
            self.stdout.write(f"The newest mail that is remembered: {found.sent_until.isoformat()}")
        for row in holding.waiting(now=clock.now(), doubt_until=found.sent_until):
            self.stdout.write(
                f"{row.study}: {row.n_due} due, the oldest since {row.oldest:%Y-%m-%d %H:%M};"
                f" {row.n_doubtful} perhaps sent already"
            )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{text!r} is no time such as 2027-01-31T09:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
