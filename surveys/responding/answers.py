"""What a posted page says: every value checked against its item, before anything is stored. Pure.

`responding.actions` stores the answers; the portal shows the problems. A value that is not valid
never becomes an answer, whatever was posted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from surveys.instruments.definition import Instrument, Item

Answer: TypeAlias = int | float | str | None  # None: shown and skipped

CONFIRMED_SKIPS = (
    "confirmed_skips"  # codes, separated by spaces, that the person left out knowingly
)
PLATFORM_FIELDS = frozenset({
    "action", CONFIRMED_SKIPS, "csrfmiddlewaretoken", "device", "instrument", "language", "layout",
    "occasion", "page", "reopen", "seconds", "shown", "start", "touched", "turn",
})  # fmt: skip

MAX_DIGITS = 15  # what a float, and so every statistics program, holds exactly
MAX_RAW = 6000  # composing piled-up accents takes quadratic time, so no more than this is tried
_WHOLE = re.compile(r"[+-]?[0-9]+", re.ASCII)
_DECIMAL = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?", re.ASCII)
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # they reorder what stands beside them
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\u0085]")


class Problem(StrEnum):
    """Why a posted value cannot be kept; the portal has a sentence for each."""

    NOT_AN_OPTION = "not_an_option"
    NOT_A_NUMBER = "not_a_number"
    NOT_WHOLE = "not_whole"
    OUT_OF_RANGE = "out_of_range"
    TOO_MANY_DIGITS = "too_many_digits"
    TOO_LONG = "too_long"
    UNREADABLE = "unreadable"  # NUL, control characters, broken encoding
    UNANSWERED = "unanswered"  # asked once, then accepted
    REQUIRED = "required"


@dataclass(frozen=True)
class PageAnswers:
    """One posted page: an item is either in `answers`, valid, or in `problems`."""

    answers: dict[str, Answer]
    problems: dict[str, Problem]

    @property
    def has_content(self) -> bool:
        """Whether anything was answered at all."""
        return any(value is not None for value in self.answers.values())


class Unacceptable(ValueError):
    """A posted value that is no answer to its item."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value)
        self.problem = problem


def field_name(code: str) -> str:
    """The form field of an item: its code, set apart where the platform uses the same word."""
    return f"{code}-" if code in PLATFORM_FIELDS else code


def parse_page(
    instrument: Instrument, items: Sequence[Item], posted: Mapping[str, str], *, insist: bool = True
) -> PageAnswers:
    """Read the posted values of `items`; fields that belong to no item are ignored.

    With `insist`, a blank required item is a problem: a hard one always, a soft one until its
    code stands in the posted `confirmed_skips`.
    """
    confirmed = set(posted.get(CONFIRMED_SKIPS, "").split())
    answers: dict[str, Answer] = {}
    problems: dict[str, Problem] = {}
    for item in items:
        try:
            answer = _read(instrument, item, posted.get(field_name(item.code), ""))
            if answer is None and insist:
                _insist(item, confirmed)
            answers[item.code] = answer
        except Unacceptable as error:
            problems[item.code] = error.problem
    return PageAnswers(answers, problems)


def merged(
    stored: Mapping[str, Answer], page: PageAnswers, *, completed: bool
) -> dict[str, Answer]:
    """The stored answers with this page's; a blank counts as skipped once the page is completed.

    On a page that is not completed (Back, or something needs attention) a blank only clears what
    was answered before, so that the page still counts as not yet saved.
    """
    kept = {
        code: value
        for code, value in page.answers.items()
        if completed or value is not None or code in stored
    }
    return {**stored, **kept}


def _insist(item: Item, confirmed: set[str]) -> None:
    if item.required == "hard":
        raise Unacceptable(Problem.REQUIRED)
    if item.required == "soft" and item.code not in confirmed:
        raise Unacceptable(Problem.UNANSWERED)


def _read(instrument: Instrument, item: Item, raw: str) -> Answer:
    if len(raw) > max(MAX_RAW, 3 * item.max_length):
        raise Unacceptable(Problem.TOO_LONG)
    text = clean(raw)
    return _READERS[item.kind](instrument, item, text) if text else None


def clean(raw: str) -> str:
    """Text as it may be stored: composed (NFC), plain line ends, no characters that steer.

    Raises Unacceptable for NUL and other control characters and for broken encodings.
    """
    text = _BIDI_CONTROLS.sub("", _LINE_ENDS.sub("\n", raw))
    if any(unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t" for c in text):
        raise Unacceptable(Problem.UNREADABLE)
    return unicodedata.normalize("NFC", text).strip()


def _single(instrument: Instrument, item: Item, text: str) -> Answer:
    codes = {str(option.code): option.code for option in instrument.options_of(item)}
    if text not in codes:
        raise Unacceptable(Problem.NOT_AN_OPTION)
    return codes[text]


def _number(_instrument: Instrument, item: Item, text: str) -> Answer:
    text = text.replace("\u2212", "-")  # the typographic minus
    if not _DECIMAL.fullmatch(text):
        raise Unacceptable(Problem.NOT_A_NUMBER)
    if item.whole and not _WHOLE.fullmatch(text):
        raise Unacceptable(Problem.NOT_WHOLE)
    if sum(c.isdigit() for c in text) > MAX_DIGITS:
        bounded = item.min is not None or item.max is not None
        raise Unacceptable(Problem.OUT_OF_RANGE if bounded else Problem.TOO_MANY_DIGITS)
    value = int(text) if item.whole else float(text.replace(",", ".")) + 0.0  # no negative zero
    too_low = item.min is not None and value < item.min
    if too_low or (item.max is not None and value > item.max):
        raise Unacceptable(Problem.OUT_OF_RANGE)
    return value


def _text(_instrument: Instrument, item: Item, text: str) -> Answer:
    if len(text) > item.max_length:
        raise Unacceptable(Problem.TOO_LONG)
    return text


_READERS: Mapping[str, Callable[[Instrument, Item, str], Answer]] = {
    "single": _single,
    "number": _number,
    "text": _text,
}
