"""An occasion that can be answered now, with its questionnaire and its personal link, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from surveys.instruments.definition import Instrument
from surveys.instruments.models import InstrumentVersion
from surveys.lib import clock, tokens
from surveys.lib.documents import content_hash
from surveys.scheduling.models import Occasion
from tests.questionnaires import EVERY_KIND, SHORT
from tests.world import NOW, make_occasion, make_participant, make_study, wave_document


def make_questionnaire(
    instruments: Sequence[Instrument] = (SHORT, EVERY_KIND),
    *,
    study: str = "calm-year",
    language: str = "en",
    protocol: dict[str, Any] | None = None,
    **changes: Any,
) -> Occasion:
    """An open occasion that asks these instruments; `changes` are values of the occasion."""
    for instrument in instruments:
        document = instrument.model_dump(mode="json")
        InstrumentVersion.objects.get_or_create(
            code=instrument.instrument,
            version=instrument.version,
            defaults={
                "content_hash": content_hash(document), "document": document, "added_at": NOW,
            },
        )  # fmt: skip
    refs = [instrument.ref for instrument in instruments]
    waves = [
        wave_document("baseline", "P0D", instruments=refs),
        wave_document("m3", "P3M", instruments=refs),
    ]
    row = make_study(study, **{"waves": waves, **(protocol or {})})
    return make_occasion(make_participant(row, language=language), **changes)


def make_answerable(
    instruments: Sequence[Instrument] = (SHORT, EVERY_KIND), **changes: Any
) -> Occasion:
    """The same, open at the platform's present, for requests that go by the real clock."""
    return make_questionnaire(instruments, **{**window_around(clock.now()), **changes})


def window_around(now: datetime) -> dict[str, Any]:
    """A window that opened an hour ago."""
    return {"opens_at": now - timedelta(hours=1), "closes_at": now + timedelta(days=14)}


def link(occasion: Occasion) -> str:
    """The path of the personal link, as messages carry it."""
    return f"/s/{tokens.make('occasion', occasion.id, occasion.link_generation)}/"
