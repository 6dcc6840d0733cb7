"""After an outage: what can still be answered goes once and spread, the rest is missed (T21, A16)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F
from pytest_django import Settings

from surveys import pipeline
from surveys.design.models import Study
from surveys.messaging import breaker
from surveys.messaging.models import DeliveryAttempt, MailDomain, MailServer
from surveys.scheduling.models import Message
from tests import world
from tests.smtp import ScriptedServer
from tests.world import DAY, NOW

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
BACK = NOW + timedelta(hours=36)
Invite = Callable[..., Message]


@pytest.fixture(autouse=True)
def slow(settings: Settings) -> None:
    """Six mails a minute and domain."""
    settings.MAILS_PER_MINUTE_PER_DOMAIN = 6


def run(*, minutes: float = 0, after: timedelta = timedelta(0)) -> None:
    """Sweep and deliver, after real time passed as far as rows know."""
    time = timedelta(minutes=minutes)
    MailDomain.objects.update(next_at=F("next_at") - time)
    MailServer.objects.update(open_until=F("open_until") - time)
    Message.objects.filter(not_before__isnull=False).update(
        not_before=F("not_before") - time, slot_at=F("slot_at") - time
    )
    pipeline.sweep(now=BACK + after)
    pipeline.deliver(now=BACK + after)


def mails(server: ScriptedServer) -> Counter[str]:
    return Counter(mail.to.partition("@")[0].upper() for mail in server.accepted)


def test_after_36_hours_without_workers(server: ScriptedServer, study: Study) -> None:
    """T21: overdue and open once and spread; closed is missed; no reminder before its invitation."""
    for n in range(8):
        occasion = world.make_occasion(world.make_person(study, f"OPEN-000{n}"), state="planned")
        world.make_message(occasion, due_at=NOW + n * HOUR)
    closed = world.make_occasion(
        world.make_person(study, "SHUT-0001"), state="planned", closes_at=NOW + DAY
    )
    for kind, due_at in (("invitation", NOW), ("reminder", NOW + 6 * HOUR)):
        world.make_message(closed, kind, due_at=due_at)
    both = world.make_occasion(world.make_person(study, "BOTH-0001"), state="planned")
    invitation = world.make_message(both, due_at=NOW - HOUR)
    reminder = world.make_message(both, "reminder", due_at=NOW + DAY)
    twice = world.make_person(study, "TWO-0001")
    for wave in ("baseline", "m3"):
        world.make_message(world.make_occasion(twice, wave, state="planned"), due_at=NOW)

    run()
    assert sum(mails(server).values()) == 6  # a minute's worth for the one domain
    assert max(mails(server).values()) == 1
    missed = Message.objects.filter(occasion=closed).order_by("kind")
    assert [(m.state, m.why_not) for m in missed] == [("missed", "window_closed")] * 2

    for minute in range(1, 4):
        run(minutes=1, after=timedelta(minutes=minute))
    seen = mails(server)
    assert seen == Counter([f"OPEN-000{n}" for n in range(8)] + ["BOTH-0001"] + ["TWO-0001"] * 2)
    ids = [mail.message_id for mail in server.accepted]
    assert len(ids) == len(set(ids)) == 11

    invitation.refresh_from_db()
    reminder.refresh_from_db()
    assert (invitation.state, reminder.state) == ("sent", "due")
    run(minutes=1, after=DAY)  # half of the planned 25 hours is over: the reminder follows
    reminder.refresh_from_db()
    assert reminder.state == "sent"


def test_after_a_mail_server_was_away_for_a_day(
    server: ScriptedServer, invite: Invite, study: Study
) -> None:
    """A16: nobody's attempts are used up, and the return is found within the longest pause."""
    waiting = [invite(f"OPEN-000{n}") for n in range(8)]
    shut = world.make_occasion(world.make_person(study, "SHUT-0001"), closes_at=BACK + 5 * HOUR)
    world.make_message(shut)
    server.always.add("ehlo-421")
    for hour in range(24):
        run(minutes=60, after=hour * HOUR)
    assert MailServer.objects.get().n_failures >= 24
    assert set(Message.objects.values_list("state", "n_attempts")) == {("due", 0), ("missed", 0)}
    assert not DeliveryAttempt.objects.exists()

    server.always.clear()
    longest = breaker.LONGEST_PAUSE.total_seconds() / 60 * 1.2
    run(minutes=longest, after=DAY)
    assert len(server.accepted) == 6
    run(minutes=1, after=DAY + timedelta(minutes=1))
    assert mails(server) == Counter(f"OPEN-000{n}" for n in range(len(waiting)))
    assert MailServer.objects.get().n_failures == 0
    assert Message.objects.get(occasion=shut).why_not == "window_closed"
