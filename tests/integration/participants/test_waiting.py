"""Who has to wait for another transaction: nothing of theirs is lost, and nobody is locked out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from surveys import pipeline
from surveys.messaging.notifying import Words
from surveys.participants.entries import Entry
from surveys.participants.models import Participant
from surveys.participants.renewing import TextChanged
from surveys.scheduling.actions import hold, replan
from tests.integration.participants.renewal_world import BY, agreed, amend, consent, draft
from tests.world import DAY, NOW, make_person, make_study

pytestmark = pytest.mark.django_db(transaction=True)


def while_publishing(act: Callable[[Participant], Any]) -> Any:
    """What an act gives or raises that has to wait for the next version."""
    study = make_study()
    who = make_person(study, "P000", enrolled_at=NOW - DAY)
    agreed(who)
    replan([who], by=BY, now=NOW - DAY)
    amend(study)
    who.refresh_from_db()
    draft(study, consent(3))
    begin = threading.Event()

    def later() -> Any:
        try:
            begin.wait(timeout=60)
            return act(who)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            waiting = pool.submit(later)
            pipeline.publish(study=study, reason="again", by=BY, now=NOW)
            begin.set()
            _until_somebody_waits()
        return waiting.result(timeout=60)


def _until_somebody_waits() -> None:
    deadline = time.monotonic() + 60
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waits")


def leave(who: Participant) -> None:
    pipeline.withdraw(participant=who, scope="keep_data", reason="", by=BY, now=NOW)


def pause(who: Participant) -> None:
    pipeline.pause(participant=who, until=(NOW + 5 * DAY).date(), by=BY, now=NOW)


def unsubscribe(who: Participant) -> None:
    pipeline.unsubscribe(participant=who, by=BY, now=NOW)


def sign(who: Participant) -> bool:
    return pipeline.renew_consent(
        participant=who, version=2, language="en", ticked={0},
        words=lambda signed: Words("Copy", signed), by=BY, now=NOW + timedelta(hours=1),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("act", "field"),
    [(leave, "withdrawn_at"), (pause, "paused_until"), (unsubscribe, "unsubscribed_at")],
)
def test_what_somebody_wants_is_done_behind_it(
    act: Callable[[Participant], None], field: str
) -> None:
    assert while_publishing(act) is None
    who = Participant.objects.select_related("protocol").get()
    assert getattr(who, field) is not None
    assert who.protocol.version == 3


def test_who_signs_the_older_text_is_told_that_there_is_a_newer_one() -> None:
    assert isinstance(while_publishing(sign), TextChanged)
    assert list(Participant.objects.get().consents.values_list("version", flat=True)) == [1]


def test_an_occasion_that_moves_is_held_under_its_new_version() -> None:
    @transaction.atomic
    def version_held(who: Participant) -> int:
        return hold(who.occasions.get(wave="m3").pk).protocol.version

    assert while_publishing(version_held) == 3


def test_a_file_locks_people_in_everybodys_order() -> None:
    """Whoever has the first and wants the second does not wait for who has the second."""
    study = make_study()
    first, second = [make_person(study, f"P{n}", enrolled_at=NOW - DAY) for n in (0, 1)]
    agreed(first)
    agreed(second)
    amend(study)
    file = [Entry(f"p{n}@mail.example", "en", "Europe/Berlin", 2, NOW) for n in (1, 0)]

    def enrol() -> None:
        try:
            pipeline.enrol(study=study, entries=file, source="csv", by=BY, now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            held = Participant.objects.select_for_update(no_key=True)
            held.get(pk=first.pk)
            waiting = pool.submit(enrol)
            _until_somebody_waits()
            free = Participant.objects.select_for_update(no_key=True, skip_locked=True)
            assert free.filter(pk=second.pk).exists()
        waiting.result(timeout=60)
    assert not Participant.objects.exclude(consent_pending_since=None).exists()
