"""No more mails a minute to one domain than the pace allows, and no other domain waits for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from django.db.models import F
from pytest_django import Settings

from surveys.design.models import Study
from surveys.lib import sql
from surveys.messaging import pace
from surveys.messaging.delivery import deliver_due
from surveys.messaging.models import DeliveryAttempt, MailDomain
from surveys.scheduling.models import Message, Occasion
from tests import world
from tests.smtp import ScriptedServer
from tests.world import DAY, NOW

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def slow(settings: Settings) -> None:
    """Six a minute: one every ten seconds, six at once."""
    settings.MAILS_PER_MINUTE_PER_DOMAIN = 6


def invite(study: Study, n: int, domain: str = "big.example", first: int = 0) -> list[UUID]:
    """Messages for so many people at one domain, the first due first."""
    made = []
    for i in range(first, first + n):
        person = world.make_person(study, f"{domain[:3].upper()}-{i:04}", email=f"p{i}@{domain}")
        due_at = NOW - timedelta(hours=1) + timedelta(seconds=i)
        made.append(world.make_message(world.make_occasion(person), due_at=due_at).pk)
    return made


def pass_by(time: timedelta) -> None:
    """Let real time go on, as far as rows know."""
    MailDomain.objects.update(next_at=F("next_at") - time)
    Message.objects.filter(slot_at__isnull=False).update(
        slot_at=F("slot_at") - time, not_before=F("not_before") - time
    )


def domains(server: ScriptedServer) -> Counter[str]:
    return Counter(mail.to.partition("@")[2] for mail in server.accepted)


def test_one_minutes_mails_go_at_once_and_the_rest_one_after_the_other(
    server: ScriptedServer, study: Study
) -> None:
    ids = invite(study, 20)
    deliver_due(now=NOW)
    assert len(server.accepted) == 6
    waiting = list(Message.objects.filter(state="due").order_by("due_at"))
    assert [message.pk for message in waiting] == ids[6:]
    places = [message.not_before for message in waiting]
    assert {b - a for a, b in pairwise(places) if a and b} == {timedelta(seconds=10)}
    assert set(Message.objects.filter(state="due").values_list("n_attempts", "slot_at")) == {
        (0, place) for place in places
    }
    assert DeliveryAttempt.objects.count() == 6  # waiting costs nobody an attempt


def test_each_gets_its_mail_when_its_place_comes_and_is_looked_at_once(
    server: ScriptedServer, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    invite(study, 20)
    deliver_due(now=NOW)
    reserved: list[UUID] = []
    put_off = pace.put_off

    def noted(
        domains: Mapping[UUID, bytes], patience: Mapping[UUID, timedelta], *, per_minute: float
    ) -> dict[UUID, datetime]:
        reserved.extend(domains)
        return put_off(domains, patience, per_minute=per_minute)

    monkeypatch.setattr(pace, "put_off", noted)
    sent = []
    for _ in range(5):
        pass_by(timedelta(seconds=30))
        deliver_due(now=NOW)
        sent.append(len(server.accepted))
    assert sent == [9, 12, 15, 18, 20]
    assert reserved == []


def test_other_domains_do_not_wait(server: ScriptedServer, study: Study) -> None:
    invite(study, 30)
    invite(study, 3, "few.example")
    deliver_due(now=NOW)
    assert domains(server) == {"big.example": 6, "few.example": 3}


def test_places_that_an_outage_let_pass_are_void(server: ScriptedServer, study: Study) -> None:
    invite(study, 40)
    deliver_due(now=NOW)
    pass_by(timedelta(hours=2))
    deliver_due(now=NOW)
    assert len(server.accepted) == 12  # not 40 at once


def test_a_pace_of_none_asks_nothing(
    server: ScriptedServer, study: Study, settings: Settings
) -> None:
    settings.MAILS_PER_MINUTE_PER_DOMAIN = 0
    invite(study, 20)
    assert deliver_due(now=NOW).n_ended == 20
    assert not MailDomain.objects.exists()


def test_a_batch_costs_one_query_and_the_row_tells_no_domain(
    django_assert_num_queries: object,
) -> None:
    batch = {uuid4(): bytes([n % 7]) * 16 for n in range(50)}
    with django_assert_num_queries(1):  # type: ignore[operator]  # a fixture without a type
        assert pace.put_off(batch, dict.fromkeys(batch, DAY), per_minute=60) == {}
    assert {len(row.domain_index) for row in MailDomain.objects.all()} == {16}


def test_whatever_the_workers_do_no_minute_sees_more_than_twice_the_pace() -> None:
    """Sixty at once and sixty in the minute after, never more, over any calls in any order."""
    allowed_at: list[float] = []
    for size in (50, 50, 3, 50, 20, 50, 7):
        batch = {uuid4(): b"d" * 16 for _ in range(size)}
        later = pace.put_off(batch, dict.fromkeys(batch, DAY), per_minute=60)
        now = sql.rows("SELECT clock_timestamp()")[0][0]
        allowed_at += [max((later.get(pk, now) - now).total_seconds(), 0) for pk in batch]
    allowed_at.sort()
    for i, begin in enumerate(allowed_at):
        assert sum(begin <= at < begin + 60 for at in allowed_at[i:]) <= 120
    assert allowed_at[-1] > 100


def test_who_cannot_wait_goes_at_once_and_takes_a_place(
    server: ScriptedServer, study: Study
) -> None:
    invite(study, 40)
    deliver_due(now=NOW)
    (prompt,) = invite(study, 1, "big.example", first=40)
    Occasion.objects.filter(messages=prompt).update(closes_at=NOW + timedelta(minutes=3))
    place = MailDomain.objects.get().next_at
    deliver_due(now=NOW)
    assert Message.objects.get(pk=prompt).state == "sent"
    assert len(server.accepted) == 7
    assert MailDomain.objects.get().next_at == place + timedelta(seconds=10)
