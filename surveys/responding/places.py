"""Where somebody stands in a questionnaire: instrument and page, found from what is saved. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surveys.instruments.definition import Instrument
from surveys.responding.answers import Answer


@dataclass(frozen=True)
class Place:
    """One page of one instrument; `instrument` is `code@version`, pages count from 1."""

    instrument: str
    page: int


@dataclass(frozen=True)
class Filled:
    """How far one instrument is filled."""

    answers: Mapping[str, Answer]
    is_final: bool


def next_place(instruments: Sequence[Instrument], filled: Mapping[str, Filled]) -> Place | None:
    """The first page that is not yet saved, or None when every instrument is final.

    A page counts as saved when each of its items has an answer or was knowingly skipped.
    """
    for instrument in instruments:
        so_far = filled.get(instrument.ref, Filled({}, is_final=False))
        if not so_far.is_final:
            return Place(instrument.ref, _first_unsaved(instrument, so_far.answers))
    return None


def is_reached(
    instruments: Sequence[Instrument], filled: Mapping[str, Filled], place: Place
) -> bool:
    """Whether the page has been shown: nobody jumps ahead of the first page that is not saved."""
    frontier = next_place(instruments, filled)
    if place.page < 1:
        return False
    if frontier is not None and frontier.instrument == place.instrument:
        return place.page <= frontier.page
    so_far = filled.get(place.instrument)
    n_pages = {instrument.ref: len(instrument.pages) for instrument in instruments}
    return so_far is not None and so_far.is_final and place.page <= n_pages[place.instrument]


def ordinal(instruments: Sequence[Instrument], place: Place) -> tuple[int, int]:
    """The page's number in the whole questionnaire, and how many pages there are."""
    before = 0
    for instrument in instruments:
        if instrument.ref == place.instrument:
            break
        before += len(instrument.pages)
    return before + place.page, sum(len(instrument.pages) for instrument in instruments)


def _first_unsaved(instrument: Instrument, answers: Mapping[str, Answer]) -> int:
    for number, items in enumerate(instrument.pages, start=1):
        if any(item.code not in answers for item in items):
            return number
    return len(instrument.pages)
