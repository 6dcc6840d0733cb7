"""Consent anew: who owes it, what it stops, how it is given, and what is kept of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from surveys import pipeline
from surveys.audit.models import Event
from surveys.design.actions import NotPublishable
from surveys.design.models import Study
from surveys.design.registry import protocol_of
from surveys.messaging.models import Notification
from surveys.messaging.notifying import Words
from surveys.participants import consents
from surveys.participants.agreeing import StatementMissing, signed_hash, text_hash
from surveys.participants.entries import Entry
from surveys.participants.models import ConsentRecord, Participant
from surveys.participants.renewing import TextChanged
from surveys.scheduling import amending, previewing, queries
from surveys.scheduling.actions import ConsentPending, close_due, open_due, replan
from surveys.scheduling.models import Occasion
from surveys.scheduling.states import OccasionState
from tests.integration.participants.renewal_world import BY, agreed, amend, consent, draft
from tests.world import DAY, NOW, make_occasion, make_participant, make_person, make_study

pytestmark = pytest.mark.django_db


def a_study(n: int = 3) -> Study:
    """People who agreed to the first text, each with an open baseline and a later wave."""
    study = make_study()
    people = [make_person(study, f"P{i:03}", enrolled_at=NOW - DAY) for i in range(n)]
    for person in people:
        agreed(person)
    replan(people, by=BY, now=NOW - DAY)
    open_due(now=NOW)
    return study


def person(code: str = "P000") -> Participant:
    return Participant.objects.get(code=code)


def sign(who: Participant, **changes: Any) -> bool:
    values: dict[str, Any] = {
        "version": 2, "language": "en", "ticked": {0},
        "words": lambda signed: Words("Copy", signed), "by": BY, "now": NOW + DAY,
    }  # fmt: skip
    return pipeline.renew_consent(participant=who, **{**values, **changes})


def preview(study: Study) -> previewing.Preview:
    found = previewing.amendment(study)
    assert found is not None
    return pipeline.preview(found, now=NOW)


@pytest.mark.parametrize("at_once", [200, 2])  # in the publishing transaction, and as a job
def test_the_preview_says_how_many_and_publishing_asks_them(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(amending, "AT_ONCE", at_once)
    study = a_study(5)
    agreed(person("P001"), version=2)  # knows it already
    pipeline.withdraw(participant=person("P002"), scope="keep_data", reason="", by=BY, now=NOW)
    finished = Occasion.objects.filter(participant=person("P004"))
    finished.update(state=OccasionState.COMPLETED, started_at=NOW, ended_at=NOW)
    draft(study, consent())
    assert preview(study).n_consent_anew == 2
    assert not Participant.objects.exclude(consent_pending_since=None).exists()
    pipeline.publish(study=study, reason="The board", by=BY, now=NOW)
    pipeline.adopt(now=NOW)
    waiting = queries.waiting_for_consent(study)
    assert set(waiting.values_list("code", flat=True)) == {"P000", "P003"}
    counts = queries.consent_counts(study)
    assert (counts.by_version, counts.n_pending) == ({1: 3, 2: 1}, 2)
    told = Event.objects.filter(event="protocol.adopted").values_list("data", flat=True)
    assert sum(data.get("consent_asked", 0) for data in told) == 2


def test_without_renewal_nobody_is_asked() -> None:
    study = a_study()
    draft(study, consent(renewal="none"))
    told = preview(study)
    assert (told.n_older_consent, told.n_consent_anew) == (3, 0)
    amend(study, consent(renewal="none"))
    assert queries.consent_counts(study).n_pending == 0


def test_a_changed_text_is_not_published_undeclared() -> None:
    study = a_study()
    draft(study, consent(renewal=None))
    with pytest.raises(NotPublishable, match=r"consent\.renewal: must say"):
        pipeline.publish(study=study, reason="Better", by=BY, now=NOW)
    draft(study, consent(version=1, renewal=None))
    with pytest.raises(NotPublishable, match=r"consent\.version: is still 1"):
        pipeline.publish(study=study, reason="Better", by=BY, now=NOW)


def test_until_then_no_answer_is_taken() -> None:
    study = a_study(1)
    amend(study)
    occasion = Occasion.objects.get(wave="baseline")
    with pytest.raises(ConsentPending):
        pipeline.open_link(occasion=occasion.pk, now=NOW)
    with pytest.raises(ConsentPending):
        pipeline.save_page(
            occasion=occasion.pk, instrument="calm@1", page=1, posted={"calm1": "1"},
            forward=True, now=NOW,
        )  # fmt: skip
    occasion.refresh_from_db()
    assert (occasion.state, occasion.link_opened_at) == ("open", None)
    sign(person())
    pipeline.open_link(occasion=occasion.pk, now=NOW)


def test_signing_appends_a_record_and_mails_a_copy() -> None:
    study = a_study(1)
    amend(study)
    first = ConsentRecord.objects.values().get()
    assert sign(person(), ticked={0, 1})
    assert ConsentRecord.objects.values().get(version=1) == first
    record = ConsentRecord.objects.get(version=2)
    assert "- [x] Write to me later." in record.signed_text
    assert record.signed_hash == signed_hash(record.signed_text)
    assert record.text_hash == text_hash(protocol_of(person().protocol), "en")
    assert (record.source, record.language) == ("renewal", "en")
    assert person().consent_pending_since is None
    assert Notification.objects.count() == 1
    event = Event.objects.get(event="consent.renewed")
    assert (event.subject, event.data) == ("P000", {"version": 2, "source": "renewal"})
    assert not sign(person()), "a second press changes nothing"
    assert (ConsentRecord.objects.count(), Notification.objects.count()) == (2, 1)


def test_what_was_shown_is_what_is_signed() -> None:
    study = a_study(1)
    amend(study)
    with pytest.raises(StatementMissing):
        sign(person(), ticked={1})
    amend(study, consent(version=3, text={"en": "Six.", "de": "Sechs."}))
    with pytest.raises(TextChanged):
        sign(person())
    assert sign(person(), version=3)


def test_a_required_text_stays_required_under_a_later_one() -> None:
    """Also for who comes from the first version to the third at once."""
    study = a_study(3)
    sign_later, never = person("P000"), person("P001")
    amend(study)
    sign(sign_later)
    Participant.objects.filter(pk=never.pk).update(
        protocol=study.protocols.get(version=1), consent_pending_since=None
    )
    amend(study, consent(version=3, text={"en": "Six.", "de": "Sechs."}, renewal="none"))
    assert set(queries.waiting_for_consent(study).values_list("code", flat=True)) == {
        "P001", "P002",
    }  # fmt: skip


def test_what_was_declared_can_be_taken_back() -> None:
    study = a_study()
    amend(study)
    assert queries.consent_counts(study).n_pending == 3
    amend(study, consent(renewal="none"))
    assert queries.consent_counts(study).n_pending == 0


def test_what_closes_meanwhile_says_why() -> None:
    study = a_study(2)
    amend(study)
    sign(person("P001"))
    close_due(now=NOW + 30 * DAY)
    ended = Occasion.objects.filter(wave="baseline").order_by("participant__code")
    assert list(ended.values_list("state", "cause")) == [
        ("expired", "consent_pending"), ("expired", ""),
    ]  # fmt: skip


def test_mails_go_out_as_planned() -> None:
    study = a_study(1)
    occasion = Occasion.objects.get(wave="baseline")
    before = list(occasion.messages.values("kind", "nth", "state", "due_at"))
    amend(study)
    assert list(occasion.messages.values("kind", "nth", "state", "due_at")) == before


def test_declining_leaves_a_trace_and_nothing_else() -> None:
    study = a_study(1)
    amend(study)
    before = Participant.objects.values().get()
    for _ in range(2):
        pipeline.decline_consent(participant=person(), by=BY, now=NOW)
    assert Participant.objects.values().get() == before
    assert Event.objects.get(event="consent.declined").data == {"version": 2}


def test_a_consent_on_paper_comes_with_the_file() -> None:
    study = make_study()
    entry = Entry("ada@mail.example", "en", "Europe/Berlin", 1, NOW - DAY)
    pipeline.enrol(study=study, entries=[entry], source="csv", by=BY, now=NOW)
    amend(study)
    signed_at = NOW + timedelta(hours=2)
    again = Entry("ada@mail.example", "de", "Europe/Berlin", 2, signed_at)
    for _ in range(2):
        done = pipeline.enrol(study=study, entries=[again], source="csv", by=BY, now=NOW + DAY)
        assert len(done.already) == 1
    record = ConsentRecord.objects.get(version=2)
    assert (record.given_at, record.source, record.signed_text) == (signed_at, "csv", "")
    assert Participant.objects.get().consent_pending_since is None
    assert ConsentRecord.objects.count() == 2


def test_what_they_agreed_to_before_can_be_read() -> None:
    study = make_study()
    who = make_participant(study)
    assert consents.agreed_to(who, "en") == ""
    agreed(who)
    amend(study)
    assert consents.agreed_to(who, "de") == "Ich nehme teil."
    agreed(who, version=2, signed_text="As signed")
    assert consents.agreed_to(who, "de") == "As signed"


def test_who_has_finished_is_left_in_peace() -> None:
    study = make_study()
    who = make_participant(study, enrolled_at=NOW - DAY)
    agreed(who)
    make_occasion(who, state=OccasionState.COMPLETED)
    make_occasion(who, "m3", state=OccasionState.EXPIRED, ended_at=NOW)
    draft(study, consent())
    assert preview(study).n_consent_anew == 0
    amend(study)
    assert not queries.waiting_for_consent(study).exists()


@pytest.mark.parametrize("is_pending", [True, False])
def test_a_consent_counts_for_the_newest_text_before_somebody_is_moved_to_it(
    monkeypatch: pytest.MonkeyPatch, is_pending: bool
) -> None:
    study = a_study()
    if is_pending:
        amend(study)
    monkeypatch.setattr(amending, "AT_ONCE", 2)  # a large study
    newest = protocol_of(amend(study, consent(3, text={"en": "Third", "de": "Drittes"})))
    assert person().protocol.version < study.protocols.count(), "nobody has been moved yet"
    entry = Entry("p000@mail.example", "en", "Europe/Berlin", 3, NOW)
    pipeline.enrol(study=study, entries=[entry], source="csv", by=BY, now=NOW)
    record = person().consents.get(source="csv", version=3)
    assert record.text_hash == text_hash(newest, "en")
    pipeline.adopt(now=NOW)
    assert person().consent_pending_since is None
    assert person("P001").consent_pending_since is not None


def test_who_is_pending_signs_the_newest_text_before_being_moved_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = a_study()
    amend(study)
    monkeypatch.setattr(amending, "AT_ONCE", 2)
    amend(study, consent(3, text={"en": "Third", "de": "Drittes"}))
    with pytest.raises(TextChanged):
        sign(person())
    assert sign(person(), version=3)
    assert "Third" in person().consents.get(version=3).signed_text


def test_who_cannot_be_planned_is_asked_all_the_same() -> None:
    study = a_study(2)
    Participant.objects.filter(code="P000").update(timezone="Mars/Base")
    amend(study)
    assert [each.protocol.version for each in (person(), person("P001"))] == [1, 2]
    assert queries.waiting_for_consent(study).count() == 2
    with pytest.raises(ConsentPending):
        pipeline.open_link(occasion=person().occasions.get(wave="baseline").pk, now=NOW)
    assert sign(person())
    assert "**five**" in person().consents.get(version=2).signed_text
