"""A study with every kind of occasion and answer, as rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from surveys.design.models import ProtocolVersion, Study
from surveys.instruments.models import InstrumentVersion
from surveys.lib.documents import content_hash
from surveys.participants.models import Participant
from surveys.responding.models import Submission
from surveys.scheduling.models import Occasion
from tests.world import (
    NOW,
    instrument_document,
    make_message,
    make_occasion,
    make_participant,
    make_study,
    protocol_document,
    wave_document,
)

HARD_TEXTS = (
    "=1+1", 'he said "no", then left', "line one\nline two", "🙂 שלום عربى", "back\\slash \\N \\.",
    '": null', '"note": null', "semi;colon,comma", "null", "\u2028", "a\tb",
)  # fmt: skip


def add_instrument(document: dict[str, Any]) -> InstrumentVersion:
    """An instrument from its document."""
    return InstrumentVersion.objects.create(
        code=document["instrument"],
        version=document["version"],
        content_hash=content_hash(document),
        document=document,
        added_at=NOW,
    )


def about_you() -> dict[str, Any]:
    """A number with decimals, a coded refusal and a text."""
    document = instrument_document("about-you")
    en = {"en": "Words", "de": "Wörter"}
    document["response_sets"]["how_often"].append(
        {"code": 99, "label": {"en": "Rather not", "de": "Lieber nicht"}, "missing": True}
    )
    document["items"] = [
        {"code": "hours", "kind": "number", "whole": False, "min": -5, "max": 5000, "text": en},
        {"code": "often", "kind": "single", "options": "how_often", "text": en},
        {"code": "note", "kind": "text", "text": en},
    ]
    document["scales"] = []
    return document


def make_varied_study() -> Study:
    """Two instruments and three waves, one of them for one arm alone and one started by people."""
    add_instrument(about_you())
    waves = [
        wave_document("baseline", "P0D", instruments=["about-you@1", "calm@1"]),
        wave_document("m3", "P3M"),
        wave_document("event", "P0D", schedule={"event": "participant"}),
    ]
    return make_study(waves=waves)


def amend(study: Study) -> ProtocolVersion:
    """Version 2 of the protocol asks version 2 of the instrument in wave m3."""
    document = instrument_document("calm", 2)
    document["items"][2]["code"] = "calm4"
    document["scales"][0]["keys"][2]["item"] = "calm4"
    add_instrument(document)
    waves = study.protocols.get(version=1).document["waves"]
    newer = [{**w, "instruments": ["calm@2"]} if w["code"] == "m3" else w for w in waves]
    made = protocol_document(study.code, waves=newer)
    return ProtocolVersion.objects.create(
        study=study, version=2, content_hash=content_hash(made), document=made, published_at=NOW
    )


def submit(
    occasion: Occasion,
    instrument: str,
    answers: dict[str, Any],
    *,
    version: int = 1,
    final: bool = True,
    seconds: float = 4.5,
    saved_at: datetime = NOW,
) -> Submission:
    """Answers as the responding package stores them."""
    row = InstrumentVersion.objects.get(code=instrument, version=version)
    timed = {
        code: {"first": seconds, "last": seconds + at, "changes": at % 3}
        for at, (code, value) in enumerate(answers.items())
        if value is not None
    }
    pages = [{"page": 1, "shown": None, "saved": "2027-03-01T09:00:00.000+00:00", "seconds": None},
             {"page": 2, "shown": None, "saved": "2027-03-01T09:01:00.000+00:00", "seconds": 60.6}]  # fmt: skip
    return Submission.objects.create(
        occasion=occasion,
        instrument=row,
        state=Submission.State.FINAL if final else Submission.State.DRAFT,
        answers=answers,
        paradata={"language": "en", "order": list(answers), "items": timed, "pages": pages},
        started_at=NOW,
        saved_at=saved_at,
        finished_at=saved_at if final else None,
    )


def begun(person: Participant, wave: str, state: str, **changes: Any) -> Occasion:
    """An occasion in which a page was saved."""
    times = {"link_opened_at": NOW, "started_at": NOW, "last_saved_at": NOW}
    if state in {"completed", "expired", "cancelled"}:
        times["ended_at"] = NOW + timedelta(hours=1)
    return make_occasion(person, wave, state=state, **times | changes)


def populate(study: Study) -> None:
    """Four people: all answered, half answered, never reached, withdrawn."""
    first = make_participant(study, "AAAA-0001", site="Berlin")
    done = begun(first, "baseline", "completed")
    make_message(done, state="sent", sent_at=NOW, due_at=NOW)
    submit(done, "about-you", {"hours": 37.5, "often": 99, "note": HARD_TEXTS[3]})
    submit(done, "calm", {"calm1": 2, "calm2": 1, "calm3": 0})
    make_occasion(first, "m3", state="planned", closes_at=None, opens_at=None)
    second = make_participant(study, "AAAA-0002")
    part = begun(second, "baseline", "expired")
    make_message(part, state="sent", sent_at=NOW)
    submit(part, "about-you", {"hours": -3, "often": None}, final=False)
    late = make_occasion(second, "m3", state="expired", ended_at=NOW)
    make_message(late, state="missed", why_not="the window had closed")
    third = make_participant(study, "AAAA-0003", reminders="none")
    asked = make_occasion(third, "baseline")
    make_message(asked, state="failed", why_not="550 no such user")
    make_occasion(
        third, "m3", state="excluded", cause="planned_missing", opens_at=None, closes_at=None
    )
    fourth = make_participant(
        study, "AAAA-0004", status="withdrawn", withdrawn_at=NOW, withdrawal_scope="keep_data"
    )
    submit(
        begun(fourth, "baseline", "completed"), "calm", {"calm1": 1, "calm2": None, "calm3": None}
    )
    make_occasion(fourth, "m3", state="cancelled", cause="withdrawn", ended_at=NOW)
