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

    An instrument or a page of which this person is asked nothing is passed over. A page counts as saved when each of its items has an answer or was knowingly skipped.
    """
    for instrument in instruments:
        so_far = filled.get(instrument.ref, Filled({}, is_final=False))
        if not so_far.is_final and instrument.items:
            unsaved = first_unsaved(instrument, so_far.answers)
            return Place(instrument.ref, unsaved or _asked(instrument)[-1])
    return None


def is_reached(
    instruments: Sequence[Instrument], filled: Mapping[str, Filled], place: Place
) -> bool:
    """Whether the page has been shown: nobody jumps ahead of the first page that is not saved."""
    frontier = next_place(instruments, filled)
    asked = {instrument.ref: _asked(instrument) for instrument in instruments}
    if place.page not in asked.get(place.instrument, ()):
        return False
    if frontier is not None and frontier.instrument == place.instrument:
        return place.page <= frontier.page
    so_far = filled.get(place.instrument)
    return so_far is not None and so_far.is_final


def page_after(instrument: Instrument, page: int) -> int | None:
    """The next page on which something is asked."""
    return next((number for number in _asked(instrument) if number > page), None)


def page_before(instrument: Instrument, page: int) -> int | None:
    """The page before on which something is asked."""
    return next((number for number in reversed(_asked(instrument)) if number < page), None)


def first_unsaved(instrument: Instrument, answers: Mapping[str, Answer]) -> int | None:
    """The first page with an item that is neither answered nor knowingly skipped."""
    pages = enumerate(instrument.pages, start=1)
    return next((n for n, items in pages if any(i.code not in answers for i in items)), None)


def ordinal(instruments: Sequence[Instrument], place: Place) -> tuple[int, int]:
    """The page's number in the whole questionnaire, and how many pages this person is asked."""
    asked = [(i.ref, page) for i in instruments for page in _asked(i)]
    return asked.index((place.instrument, place.page)) + 1, len(asked)


def _asked(instrument: Instrument) -> list[int]:
    """The pages on which something is asked."""
    return [number for number, items in enumerate(instrument.pages, start=1) if items]
