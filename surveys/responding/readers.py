"""One posted item: its fields read by its kind, into an answer or a named problem. Pure.

An item has one field, named after it. What has several answers, or coded answers that stand apart,
has further fields named `<field>.<part>`: an option's code, or `aside`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, time
from enum import StrEnum
from typing import TypeAlias

from surveys.instruments.definition import Instrument, Item
from surveys.instruments.kinds import TICKED
from surveys.lib import digits

Answer: TypeAlias = int | float | str | list[int] | None  # None: shown and skipped
Fields: TypeAlias = Mapping[str, str]  # posted values by the part of their name, "" for the item

ASIDE = "aside"
MAX_DIGITS = 15  # what a float, and so every statistics program, holds exactly
MAX_RAW = 6000  # composing piled-up accents takes quadratic time, so no more than this is tried
_WHOLE = re.compile(r"[+-]?[0-9]+", re.ASCII)
_DECIMAL = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?", re.ASCII)
_DATES = (
    re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})", re.ASCII),
    re.compile(r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})", re.ASCII),
)
_TIME = re.compile(r"(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{2})(?::[0-9]{2})?", re.ASCII)
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # they reorder what stands beside them
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\u0085]")


class Problem(StrEnum):
    """Why a posted value cannot be kept; the portal has a sentence for each."""

    NOT_AN_OPTION = "not_an_option"
    NOT_TOGETHER = "not_together"  # an exclusive option beside another
    TOO_FEW = "too_few"
    TOO_MANY = "too_many"
    NOT_A_RANKING = "not_a_ranking"  # not every position once
    TWO_ANSWERS = "two_answers"  # a value, and a coded answer that stands apart
    NOT_A_NUMBER = "not_a_number"
    NOT_WHOLE = "not_whole"
    OUT_OF_RANGE = "out_of_range"
    TOO_MANY_DIGITS = "too_many_digits"
    NOT_A_DATE = "not_a_date"
    NOT_A_TIME = "not_a_time"
    DATE_OUT_OF_RANGE = "date_out_of_range"
    TOO_LONG = "too_long"
    UNREADABLE = "unreadable"  # NUL, control characters, broken encoding
    UNANSWERED = "unanswered"  # asked once, then accepted
    REQUIRED = "required"


class Unacceptable(ValueError):
    """A posted value that is no answer to its item."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value)
        self.problem = problem


def read(instrument: Instrument, item: Item, posted: Mapping[str, str], field: str) -> Answer:
    """The answer in the item's fields, None when they are empty; raises Unacceptable."""
    return _READERS[item.kind](instrument, item, _fields(instrument, item, posted, field))


def clean(raw: str) -> str:
    """Text as it may be stored: composed (NFC), plain line ends, no characters that steer.

    Raises Unacceptable for NUL and other control characters and for broken encodings.
    """
    text = _BIDI_CONTROLS.sub("", _LINE_ENDS.sub("\n", raw))
    if any(unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t" for c in text):
        raise Unacceptable(Problem.UNREADABLE)
    return unicodedata.normalize("NFC", text).strip()


def parts_of(instrument: Instrument, item: Item) -> tuple[str, ...]:
    """The parts of the item's further fields, as they stand behind the dot of their names."""
    if item.kind in {"multiple", "ranking"}:
        return tuple(str(option.code) for option in instrument.options_of(item))
    return (ASIDE,) if item.asides and item.kind != "single" else ()


def _fields(
    instrument: Instrument, item: Item, posted: Mapping[str, str], field: str
) -> dict[str, str]:
    names = {"": field} | {part: f"{field}.{part}" for part in parts_of(instrument, item)}
    found: dict[str, str] = {}
    for part, name in names.items():
        raw = posted.get(name, "")
        if len(raw) > max(MAX_RAW, 3 * item.max_length):
            raise Unacceptable(Problem.TOO_LONG)
        if text := clean(raw):
            found[part] = text
    return found


def _single(instrument: Instrument, item: Item, fields: Fields) -> Answer:
    text = fields.get("")
    codes = {str(option.code): option.code for option in instrument.options_of(item)}
    if text is None:
        return None
    if text not in codes:
        raise Unacceptable(Problem.NOT_AN_OPTION)
    return codes[text]


def _multiple(instrument: Instrument, item: Item, fields: Fields) -> Answer:
    """A tick is the option's code under the option's own name; the codes come back sorted."""
    options = instrument.options_of(item)
    if any(part != text for part, text in fields.items()):
        raise Unacceptable(Problem.NOT_AN_OPTION)
    chosen = [option for option in options if str(option.code) in fields]
    alone = any(option.exclusive or option.missing for option in chosen)
    if alone and len(chosen) > 1:
        raise Unacceptable(Problem.NOT_TOGETHER)
    if chosen and not alone and len(chosen) < (item.least or 0):
        raise Unacceptable(Problem.TOO_FEW)
    if item.most is not None and len(chosen) > item.most:
        raise Unacceptable(Problem.TOO_MANY)
    return sorted(option.code for option in chosen) or None


def _ranking(instrument: Instrument, item: Item, fields: Fields) -> Answer:
    """Each option's field holds its position; the codes come back in the order of these."""
    options = instrument.options_of(item)
    position = {fields.get(str(option.code), ""): option.code for option in options}
    if not fields:
        return None
    wanted = [str(place) for place in range(1, len(options) + 1)]
    if "" in fields or set(position) != set(wanted):
        raise Unacceptable(Problem.NOT_A_RANKING)
    return [position[place] for place in wanted]


def _number(_instrument: Instrument, item: Item, text: str) -> Answer:
    text = digits.plain(text)
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


def _date(_instrument: Instrument, item: Item, text: str) -> Answer:
    """A day as browsers send it, or as it is typed in German; kept as YYYY-MM-DD."""
    text = digits.plain(text)
    found = next((match for shape in _DATES if (match := shape.fullmatch(text))), None)
    try:
        day = date(**{part: int(digits) for part, digits in found.groupdict().items()})  # type: ignore[union-attr]  # no match is caught below
    except (AttributeError, ValueError):
        raise Unacceptable(Problem.NOT_A_DATE) from None
    too_early = item.earliest is not None and day < item.earliest
    if too_early or (item.latest is not None and day > item.latest):
        raise Unacceptable(Problem.DATE_OUT_OF_RANGE)
    return day.isoformat()


def _time(_instrument: Instrument, _item: Item, text: str) -> Answer:
    """A time of day on the 24-hour clock; kept as HH:MM."""
    found = _TIME.fullmatch(digits.plain(text))
    if found is None or int(found["hour"]) > 23 or int(found["minute"]) > 59:
        raise Unacceptable(Problem.NOT_A_TIME)
    return f"{time(int(found['hour']), int(found['minute'])):%H:%M}"


def _information(_instrument: Instrument, _item: Item, _fields: Fields) -> Answer:
    return None


def _consent(_instrument: Instrument, _item: Item, fields: Fields) -> Answer:
    text = fields.get("")
    if text is not None and text != str(TICKED):
        raise Unacceptable(Problem.NOT_AN_OPTION)
    return None if text is None else TICKED


Reader: TypeAlias = Callable[[Instrument, Item, Fields], Answer]


def _or_aside(of_field: Callable[[Instrument, Item, str], Answer]) -> Reader:
    """A reader of one field beside which a coded answer may stand."""

    def reader(instrument: Instrument, item: Item, fields: Fields) -> Answer:
        text, aside = fields.get(""), fields.get(ASIDE)
        if aside is None:
            return None if text is None else of_field(instrument, item, text)
        codes = {str(option.code): option.code for option in instrument.asides_of(item)}
        if aside not in codes:
            raise Unacceptable(Problem.NOT_AN_OPTION)
        if text is not None:
            raise Unacceptable(Problem.TWO_ANSWERS)
        return codes[aside]

    return reader


_READERS: Mapping[str, Reader] = {
    "single": _single,
    "multiple": _multiple,
    "number": _or_aside(_number),
    "slider": _or_aside(_number),
    "text": _or_aside(_text),
    "date": _or_aside(_date),
    "time": _or_aside(_time),
    "ranking": _ranking,
    "information": _information,
    "consent": _consent,
}
