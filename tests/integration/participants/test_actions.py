"""After enrolment: dates, moves and withdrawals, each once and with an event."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from surveys.audit.models import Event
from surveys.participants.actions import (
    HasWithdrawn,
    UnknownAnchor,
    UnknownScope,
    UnknownZone,
    set_anchor,
    set_timezone,
    withdraw,
)
from surveys.participants.enrolment import enrol
from surveys.participants.identity import actions as identity
from surveys.participants.models import Anchor, Participant
from tests.integration.participants.studies import BY, NOW, entry, published

pytestmark = pytest.mark.django_db
DAY = date(2026, 4, 1)
LATER = NOW + timedelta(days=3)


@pytest.fixture
def ana() -> Participant:
    study = published()
    (participant,) = enrol(
        study=study, entries=[entry(code="A-1")], source="csv", by=BY, now=NOW
    ).created
    return participant


def _events(event: str) -> list[dict[str, object]]:
    return [e.data for e in Event.objects.filter(event=event, subject="A-1").order_by("pk")]


def test_an_anchor_is_set_corrected_and_recorded(ana: Participant) -> None:
    for on in (DAY, DAY, DAY + timedelta(days=1)):
        set_anchor(participant=ana, name="therapy_start", on=on, by=BY, now=NOW)
    assert Anchor.objects.get(participant=ana).on == date(2026, 4, 2)
    assert _events("anchor.set") == [
        {"name": "therapy_start", "before": None, "after": "2026-04-01"},
        {"name": "therapy_start", "before": "2026-04-01", "after": "2026-04-02"},
    ]


def test_only_the_protocols_dates_can_be_set(ana: Participant) -> None:
    with pytest.raises(UnknownAnchor, match=r"'birthday' is no date .* \(therapy_start\)"):
        set_anchor(participant=ana, name="birthday", on=DAY, by=BY, now=NOW)
    assert not Anchor.objects.exists()


def test_a_move_is_noted_once(ana: Participant) -> None:
    for _ in range(2):
        set_timezone(participant=ana, timezone="Asia/Tokyo", by=BY, now=NOW)
    assert Participant.objects.get().timezone == ana.timezone == "Asia/Tokyo"
    assert _events("participant.moved") == [{"before": "Europe/Berlin", "after": "Asia/Tokyo"}]


def test_nobody_moves_to_an_unknown_zone(ana: Participant) -> None:
    with pytest.raises(UnknownZone, match="Europe/Berlin"):
        set_timezone(participant=ana, timezone="Berlin", by=BY, now=NOW)
    assert Participant.objects.get().timezone == "Europe/Berlin"


def test_withdrawing_keeps_the_data_and_the_first_time(ana: Participant) -> None:
    withdraw(participant=ana, scope="keep_data", reason="moved abroad", by=BY, now=NOW)
    withdraw(participant=ana, scope="keep_data", reason="again", by=BY, now=LATER)
    stored = Participant.objects.get()
    assert (stored.status, stored.withdrawn_at, stored.withdrawal_scope) == (
        "withdrawn",
        NOW,
        "keep_data",
    )
    assert (ana.status, ana.withdrawn_at) == ("withdrawn", NOW)
    assert identity.contacts_of([ana.pk])[ana.pk].email
    assert _events("participant.withdrawn") == [{"scope": "keep_data"}]
    assert Event.objects.get(event="participant.withdrawn").reason == "moved abroad"


def test_a_wider_scope_adds_and_a_narrower_one_takes_nothing_back(ana: Participant) -> None:
    for scope, now in (("keep_data", NOW), ("erase_contact", LATER), ("keep_data", LATER)):
        withdraw(participant=ana, scope=scope, reason="", by=BY, now=now)
    stored = Participant.objects.get()
    assert (stored.withdrawn_at, stored.withdrawal_scope) == (NOW, "erase_contact")
    assert _events("participant.withdrawn") == [{"scope": "keep_data"}, {"scope": "erase_contact"}]


def test_erasing_the_contact_leaves_the_pseudonym(ana: Participant) -> None:
    withdraw(participant=ana, scope="erase_contact", reason="", by=BY, now=NOW)
    assert Participant.objects.get().code == "A-1"
    assert identity.contacts_of([ana.pk]) == {}


def test_an_unknown_scope_is_refused(ana: Participant) -> None:
    with pytest.raises(UnknownScope, match="'all' is none of keep_data, erase_contact, erase_data"):
        withdraw(participant=ana, scope="all", reason="", by=BY, now=NOW)
    assert Participant.objects.get().status == "enrolled"


def test_who_withdrew_is_not_planned_for_again(ana: Participant) -> None:
    stale = Participant.objects.get()
    withdraw(participant=ana, scope="keep_data", reason="", by=BY, now=NOW)
    with pytest.raises(HasWithdrawn, match="A-1 withdrew on 2026-03-01"):
        set_anchor(participant=stale, name="therapy_start", on=DAY, by=BY, now=NOW)
    with pytest.raises(HasWithdrawn):
        set_timezone(participant=stale, timezone="Asia/Tokyo", by=BY, now=NOW)


def test_the_database_refuses_a_withdrawal_without_a_time(ana: Participant) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Participant.objects.filter(pk=ana.pk).update(status="withdrawn")
