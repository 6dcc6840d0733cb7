"""Joining by oneself: nobody twice, nobody too many, and nothing kept of who did not confirm."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import connection

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.design.models import ProtocolVersion, Study
from surveys.design.registry import protocol_of
from surveys.participants import joining, sign_up_counts
from surveys.participants.agreeing import signed_hash, text_hash
from surveys.participants.identity.models import Person, SignUp
from surveys.participants.joining import NoSuchSignUp, NotOpen, Outcome
from surveys.participants.models import Allocation, ConsentRecord, JoiningCount, Participant
from surveys.participants.sign_up_counts import Counts
from surveys.scheduling.models import Message, Occasion
from tests.integration.participants import renewal_world
from tests.integration.participants.joining_world import CONSENT, NOW, application, open_study

BY = Actor.system("test")
one_connection = pytest.mark.django_db
many_connections = pytest.mark.django_db(transaction=True)


def ask(study: Study, n: int = 0, **changes: object) -> UUID:
    """The n-th person signs up; their row."""
    before = set(SignUp.objects.values_list("pk", flat=True))
    pipeline.ask_to_join(study=study, application=application(study, n, **changes), now=NOW)
    (row,) = SignUp.objects.exclude(pk__in=before).values_list("pk", flat=True)
    return row


def at_once(n: int, attempt: Callable[[int], object]) -> list[object]:
    """What n attempts at the same time gave or raised, each on a connection of its own."""
    start = threading.Barrier(n)

    def run(number: int) -> object:
        try:
            connection.ensure_connection()
            start.wait(timeout=60)
            return attempt(number)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(run, range(n)))


@one_connection
def test_signing_up_enrols_nobody_before_it_is_confirmed() -> None:
    study = open_study()
    row = SignUp.objects.get(pk=ask(study))
    assert "person0" not in row.email
    assert not Participant.objects.exists()
    assert not Person.objects.exists()


@one_connection
def test_who_confirms_is_enrolled_allocated_planned_and_keeps_the_signed_text() -> None:
    study = open_study()
    row = ask(study, panel_id="5f3a", parameters={"STUDY_ID": "s1"}, group="class-7")
    assert pipeline.join(sign_up=row, now=NOW) is Outcome.JOINED
    person = Participant.objects.get()
    assert (person.joined_by, person.panel_id, person.group) == ("sign-up", "5f3a", "class-7")
    assert (person.parameters, person.site) == ({"STUDY_ID": "s1"}, "north")
    assert person.strata == {"site": "north"}
    assert Allocation.objects.get().participant == person
    assert Occasion.objects.filter(participant=person).count() == 2
    assert Message.objects.exists()
    consent = ConsentRecord.objects.get()
    assert "- [x] I take part." in consent.signed_text
    assert "- [ ] Write to me later." in consent.signed_text
    assert consent.signed_hash == signed_hash(consent.signed_text)
    assert (consent.source, consent.given_at) == ("sign-up", NOW)
    events = Event.objects.filter(event="participant.enrolled")
    assert "example.org" not in str(list(events.values()))


@one_connection
def test_confirming_again_changes_nothing() -> None:
    study = open_study()
    row = ask(study)
    assert [pipeline.join(sign_up=row, now=NOW) for _ in range(3)] == [Outcome.JOINED] * 3
    assert Participant.objects.count() == 1


@one_connection
def test_somebody_who_takes_part_may_sign_up_again_and_stays_who_they_are() -> None:
    study = open_study()
    pipeline.join(sign_up=ask(study), now=NOW)
    again = ask(study, email="PERSON0@Example.org", strata={"site": "south"})
    assert pipeline.join(sign_up=again, now=NOW) is Outcome.JOINED
    assert Participant.objects.get().strata == {"site": "north"}


@one_connection
def test_a_stranger_cannot_have_an_address_flooded() -> None:
    study = open_study()
    for _ in range(joining.AT_ONCE + 5):
        pipeline.ask_to_join(study=study, application=application(study), now=NOW)
    assert SignUp.objects.count() == joining.AT_ONCE


@one_connection
def test_who_does_not_confirm_is_forgotten() -> None:
    study = open_study()
    row = ask(study)
    pipeline.sweep(now=NOW + timedelta(days=3) - timedelta(seconds=1))
    assert SignUp.objects.count() == 1
    pipeline.sweep(now=NOW + timedelta(days=3))
    assert not SignUp.objects.exists()
    with pytest.raises(NoSuchSignUp):
        pipeline.join(sign_up=row, now=NOW + timedelta(days=3))
    assert Event.objects.get(event="sign_ups.deleted").data == {"n": 1}


@one_connection
def test_a_panels_pseudonym_comes_in_once() -> None:
    study = open_study(block={"panel": {"participant": "PROLIFIC_PID"}})
    first, second = ask(study, 1, panel_id="5f3a"), ask(study, 2, panel_id="5f3a")
    assert pipeline.join(sign_up=first, now=NOW) is Outcome.JOINED
    assert pipeline.join(sign_up=second, now=NOW) is Outcome.PANEL_KNOWN
    assert Participant.objects.count() == 1


@one_connection
def test_who_has_left_is_not_enrolled_anew() -> None:
    study = open_study()
    pipeline.join(sign_up=ask(study), now=NOW)
    person = Participant.objects.get()
    pipeline.withdraw(participant=person, scope="erase_contact", reason="", by=BY, now=NOW)
    assert pipeline.join(sign_up=ask(study), now=NOW) is Outcome.REFUSED


@one_connection
def test_a_text_that_changed_meanwhile_has_to_be_read_first() -> None:
    study = open_study()
    row = ask(study)
    old = ProtocolVersion.objects.get()
    document = {**old.document, "consent": {**old.document["consent"], "version": 2}}
    ProtocolVersion.objects.create(
        study=study, version=2, content_hash="x", document=document, published_at=NOW
    )
    assert pipeline.join(sign_up=row, now=NOW) is Outcome.TEXT_CHANGED
    assert not Participant.objects.exists()


@one_connection
def test_who_asked_on_the_last_day_may_confirm_on_the_next() -> None:
    study = open_study(block={"closes": "2027-03-01"})
    row = ask(study)
    assert pipeline.join(sign_up=row, now=NOW + timedelta(days=1)) is Outcome.JOINED
    with pytest.raises(NotOpen):
        joining.open_study(study.code, now=NOW + timedelta(days=1))


@one_connection
def test_without_confirming_people_come_in_at_once() -> None:
    study = open_study(block={"confirm": False, "quotas": [{"places": 1}]})
    ask_now = [
        pipeline.ask_to_join(study=study, application=application(study, n), now=NOW)
        for n in (1, 1, 2)
    ]
    assert ask_now == [Outcome.JOINED, Outcome.JOINED, Outcome.FULL]
    assert Participant.objects.count() == 1


@one_connection
def test_only_numbers_are_kept_of_visitors() -> None:
    study = open_study()
    late = NOW.replace(hour=23)  # tomorrow in Berlin
    for at in (NOW, NOW, late):
        sign_up_counts.count(study, JoiningCount.Kind.STARTED, at=at)
    sign_up_counts.count(study, JoiningCount.Kind.NOT_ELIGIBLE, at=late)
    pipeline.join(sign_up=ask(study), now=late)
    ask(study, 1)
    ask(study, 2)
    assert joining.n_waiting(study) == 2
    assert sign_up_counts.by_day(study) == {
        date(2027, 3, 1): Counts(n_started=2),
        date(2027, 3, 2): Counts(n_started=1, n_not_eligible=1, n_joined=1),
    }
    pipeline.sweep(now=NOW + timedelta(days=4))
    assert sign_up_counts.by_day(study)[date(2027, 3, 1)] == Counts(n_started=2, n_unconfirmed=2)


@many_connections
def test_64_people_at_once_get_the_places_that_there_are() -> None:
    quotas = [{"places": 20}, {"places": 7, "strata": {"site": "north"}}]
    study = open_study(block={"quotas": quotas})
    sites = [("north", "south")[n % 2] for n in range(64)]
    rows = [ask(study, n, strata={"site": site}) for n, site in enumerate(sites)]
    outcomes = Counter(at_once(64, lambda n: pipeline.join(sign_up=rows[n], now=NOW)))
    assert outcomes == {Outcome.JOINED: 20, Outcome.FULL: 44}
    taken = Counter(Participant.objects.values_list("strata__site", flat=True))
    assert taken["north"] <= 7
    assert Allocation.objects.count() == 20
    assert ConsentRecord.objects.count() == Person.objects.count() == 20


@many_connections
def test_without_the_studys_row_there_would_be_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the lock is what keeps the places."""
    study = open_study(block={"quotas": [{"places": 1}]})
    rows = [ask(study, n) for n in range(8)]
    both = threading.Barrier(8)

    def unheld(sign_up: UUID, *, now: object) -> SignUp:
        return SignUp.objects.select_related("study").get(pk=sign_up)

    def counted(row: SignUp, *, now: object) -> Outcome | None:
        found = genuine(row, now=NOW)
        both.wait(timeout=60)
        return found

    genuine = joining.hurdle
    monkeypatch.setattr(joining, "hold", unheld)
    monkeypatch.setattr(joining, "hurdle", counted)
    at_once(8, lambda n: pipeline.join(sign_up=rows[n], now=NOW))
    assert Participant.objects.count() > 1


@many_connections
def test_one_link_pressed_by_many_at_once_enrols_once() -> None:
    study = open_study()
    row = ask(study)
    assert set(at_once(16, lambda _: pipeline.join(sign_up=row, now=NOW))) == {Outcome.JOINED}
    assert Participant.objects.count() == 1


def asked_anew(study: Study) -> Participant:
    """The one person who takes part, once the text has changed."""
    text = {"en": "New", "de": "Neu"}
    block = {**CONSENT, "version": 2, "text": text, "renewal": "required"}
    renewal_world.amend(study, block, now=NOW)
    person = Participant.objects.get()
    assert person.consent_pending_since is not None
    return person


@one_connection
def test_who_only_knows_an_address_cannot_agree_anew_for_its_owner() -> None:
    study = open_study(block={"confirm": False})
    pipeline.ask_to_join(study=study, application=application(study), now=NOW)
    person = asked_anew(study)
    pipeline.ask_to_join(study=study, application=application(study), now=NOW)
    person.refresh_from_db()
    assert person.consent_pending_since is not None
    assert list(person.consents.values_list("version", flat=True)) == [1]


@one_connection
def test_who_signs_up_again_and_confirms_it_agrees_anew_with_what_they_ticked() -> None:
    study = open_study()
    pipeline.join(sign_up=ask(study), now=NOW)
    person = asked_anew(study)
    pipeline.join(sign_up=ask(study), now=NOW)
    person.refresh_from_db()
    assert person.consent_pending_since is None
    record = person.consents.get(version=2)
    assert "- [x] I take part." in record.signed_text
    assert record.signed_hash == signed_hash(record.signed_text)


@one_connection
@pytest.mark.parametrize("scope", ["erase_contact", "erase_data"])
def test_who_is_forgotten_is_unknown_by_the_panels_pseudonym_too(scope: str) -> None:
    study = open_study()
    row = ask(study, panel_id="5f3a", parameters={"SESSION_ID": "s1"})
    pipeline.join(sign_up=row, now=NOW)
    person = Participant.objects.get()
    pipeline.withdraw(participant=person, scope="keep_data", reason="", by=BY, now=NOW)
    person.refresh_from_db()
    assert person.panel_id == "5f3a"
    pipeline.withdraw(participant=person, scope=scope, reason="", by=BY, now=NOW)
    person.refresh_from_db()
    assert (person.panel_id, person.parameters) == ("", {})
    assert not SignUp.objects.exists()


@one_connection
def test_the_record_names_the_language_that_was_read_and_not_the_one_of_mails() -> None:
    study = open_study()
    pipeline.join(sign_up=ask(study, language="de", consent_language="en"), now=NOW)
    person = Participant.objects.get()
    record = person.consents.get()
    assert (person.language, record.language) == ("de", "en")
    assert record.text_hash == text_hash(protocol_of(person.protocol), "en")
