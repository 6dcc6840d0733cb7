"""Many people at once: no place of the concealed list is taken twice, and it is the lock's doing."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest
from django.db import IntegrityError, connection, transaction

from surveys.design import actions, checks
from surveys.design.models import Study
from surveys.lib import locks
from surveys.participants import allocation, enrolment
from surveys.participants.enrolment import enrol
from surveys.participants.entries import Entry
from surveys.participants.models import Allocation, Participant
from surveys.participants.randomisation import Blocks
from tests.integration.participants.studies import BY, NOW, entry, published
from tests.unit.participants.protocols import protocol

pytestmark = pytest.mark.django_db(transaction=True)
SITES = ("north", "south")


def _at_once(n: int, attempt: Callable[[int], None]) -> list[BaseException]:
    """Run n attempts at the same time, each on its own connection; what they raised."""
    start = threading.Barrier(n)

    def run(number: int) -> BaseException | None:
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            attempt(number)
        except Exception as error:
            return error
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(n) as pool:
        return [error for error in pool.map(run, range(n)) if error]


def _enrol(study: Study, one: Entry) -> None:
    with transaction.atomic():
        enrol(study=study, entries=[one], source="api", by=BY, now=NOW)


def test_64_people_at_once_take_64_places_and_the_blocks_stay_balanced() -> None:
    study = published()
    errors = _at_once(
        64,
        lambda n: _enrol(study, entry(n, strata={"site": SITES[n % 2]}, site=SITES[n % 2])),
    )
    assert errors == []
    for stratum in Allocation.objects.values_list("stratum", flat=True).distinct():
        places = Allocation.objects.filter(stratum=stratum).order_by("position")
        assert [place.position for place in places] == list(range(32))
        assert [place.arm for place in places] == [
            *islice(
                Blocks([("abct", 1), ("waitlist", 1)], [4, 6], "seed", stratum).from_place(0), 32
            )
        ]
        counted = Counter(place.arm for place in places)
        assert abs(counted["abct"] - counted["waitlist"]) <= 3  # half of the largest block
    assert Participant.objects.count() == 64


def test_one_person_sent_by_many_at_once_is_enrolled_once() -> None:
    study = published()
    assert _at_once(16, lambda _: _enrol(study, entry())) == []
    assert Participant.objects.count() == Allocation.objects.count() == 1


def test_other_studies_do_not_wait() -> None:
    one, two = published("one"), published("two")
    with transaction.atomic():
        _enrol(one, entry(1))
        with ThreadPoolExecutor(1) as pool:

            def other() -> None:
                try:
                    _enrol(two, entry(2))
                finally:
                    connection.close()

            pool.submit(other).result(timeout=20)
    assert Participant.objects.count() == 2


def test_who_waited_for_an_amendment_is_enrolled_under_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = published()
    monkeypatch.setattr(checks, "problems", lambda *_: [])  # its questionnaire is in no library
    actions.load(protocol=protocol(study="calm", title={"en": "Anew"}), by=BY, now=NOW)

    def other() -> None:
        try:
            _enrol(study, entry())
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            actions.publish(study=study, reason="a better title", by=BY, now=NOW)
            enrolling = pool.submit(other)
            with pytest.raises(TimeoutError):
                enrolling.result(timeout=0.5)
        enrolling.result(timeout=20)
    assert Participant.objects.get().protocol.version == 2


def test_control_without_the_lock_the_race_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody reads the last place before anybody writes; only the unique key is left then."""
    study = published()
    together = threading.Barrier(8)
    read = allocation.last_positions

    def read_together(study: Study) -> dict[str, int]:
        positions = read(study)
        together.wait(timeout=30)
        return positions

    monkeypatch.setattr(allocation, "last_positions", read_together)
    monkeypatch.setattr(enrolment, "_hold", lambda _: None)
    errors = _at_once(8, lambda n: _enrol(study, entry(n)))
    assert len(errors) == 7
    assert all(isinstance(error, IntegrityError) for error in errors)
    assert all("allocation_place_once" in str(error) for error in errors)
    assert Allocation.objects.count() == Participant.objects.count() == 1


def test_a_lock_outside_a_transaction_is_refused() -> None:
    with pytest.raises(locks.NoTransaction):
        locks.hold("anything")
