"""The items of one page as the templates draw them: wording, options, what was typed, problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys.instruments.definition import Instrument, Item, Option
from surveys.instruments.kinds import CHOICES, NUMBERS, TICKED
from surveys.lib.dates import decimal
from surveys.portal.voice import Voice
from surveys.responding.answers import Answer, Problem, field_name
from surveys.responding.readers import ASIDE

ONE_ROW = 7  # so many options, with labels no longer than this, stand side by side on a wide screen
LONGEST_IN_A_ROW = 28
ONE_LINE = 120  # texts that may be longer get several lines

SENTENCES = {
    Problem.UNANSWERED: gettext_lazy("This question is not answered yet."),
    Problem.REQUIRED: gettext_lazy("Please answer this question; we cannot go on without it."),
    Problem.NOT_AN_OPTION: gettext_lazy("Please choose one of the answers."),
    Problem.NOT_TOGETHER: gettext_lazy("One of these answers cannot stand beside another."),
    Problem.TOO_FEW: gettext_lazy("Please choose at least %(least)s."),
    Problem.TOO_MANY: gettext_lazy("Please choose at most %(most)s."),
    Problem.NOT_A_RANKING: gettext_lazy(
        "Please give each of these a place from 1 to %(places)s, and no place twice."
    ),
    Problem.TWO_ANSWERS: gettext_lazy(
        "There are two answers here. Please empty the field, or take back what you chose below it."
    ),
    Problem.NOT_A_DATE: gettext_lazy("Please enter a date, such as 2026-03-01."),
    Problem.NOT_A_TIME: gettext_lazy("Please enter a time, such as 09:30."),
    Problem.DATE_OUT_OF_RANGE: gettext_lazy("This date is outside of what is possible: %(range)s."),
    Problem.NOT_A_NUMBER: gettext_lazy("Please enter a number in digits, such as 12."),
    Problem.NOT_WHOLE: gettext_lazy("Please enter a whole number, without decimals."),
    Problem.OUT_OF_RANGE: gettext_lazy("This number is outside of what is possible: %(range)s."),
    Problem.TOO_MANY_DIGITS: gettext_lazy("Please enter a shorter number."),
    Problem.TOO_LONG: gettext_lazy("Please shorten this to at most %(n)s characters."),
    Problem.UNREADABLE: gettext_lazy(
        "This holds characters that cannot be stored. Please type it again."
    ),
}


@dataclass(frozen=True)
class Choice:
    """One option; `is_aside` sets "prefer not to say" apart from the scale.

    `name` is its form field; `typed` is what a ranking has in it.
    """

    name: str
    value: str
    label: str
    is_chosen: bool
    is_aside: bool
    is_alone: bool = False
    typed: str = ""


@dataclass(frozen=True)
class Question:
    """One item, ready to be drawn."""

    code: str
    name: str
    kind: str
    text: str
    value: str
    problem: str = ""
    is_unanswered: bool = False
    hint: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    whole: bool = True
    max_length: int = 0
    may_be_skipped: bool = True
    choices: tuple[Choice, ...] = ()
    ends: tuple[str, str] | None = None
    first_day: str = ""
    last_day: str = ""

    @cached_property
    def is_row(self) -> bool:
        """Whether the options may stand side by side."""
        return 1 < len(self.scale) <= ONE_ROW and all(
            len(choice.label) <= LONGEST_IN_A_ROW for choice in self.scale
        )

    @cached_property
    def scale(self) -> list[Choice]:
        """The options that measure something."""
        return [choice for choice in self.choices if not choice.is_aside]

    @cached_property
    def asides(self) -> list[Choice]:
        """The options that decline to answer."""
        return [choice for choice in self.choices if choice.is_aside]

    @property
    def is_long(self) -> bool:
        """Whether a text gets several lines."""
        return self.max_length > ONE_LINE

    @property
    def first_field(self) -> str:
        """The id that a link in the summary jumps to."""
        return f"{self.code}-{self.choices[0].value}" if self.is_choice else f"{self.code}-field"

    @property
    def is_choice(self) -> bool:
        """Whether there is no field but options."""
        return self.kind in CHOICES

    @property
    def is_ticked(self) -> bool:
        """Whether a consent is given."""
        return self.value.strip() == str(TICKED)

    @property
    def places(self) -> range:
        """The places that a ranking gives."""
        return range(1, len(self.choices) + 1)


def typed(items: Sequence[Item], posted: Mapping[str, str]) -> dict[str, str]:
    """What was typed, by item code and by `code.part` where an item has several fields."""
    found: dict[str, str] = {}
    for item in items:
        name = field_name(item.code)
        found[item.code] = posted.get(name, "")
        parts = (field for field in posted if field.startswith(f"{name}."))
        found |= {item.code + field.removeprefix(name): posted[field] for field in parts}
    return found


def saved(answers: Mapping[str, Answer], language: str) -> dict[str, str]:
    """The stored answers as the fields show them."""
    found: dict[str, str] = {}
    for code, value in answers.items():
        if isinstance(value, list):
            found |= {f"{code}.{each}": str(place) for place, each in enumerate(value, start=1)}
            continue
        found[code] = _shown(value, language)
        if isinstance(value, int):  # the code of an answer that stands apart, perhaps
            found[f"{code}.{ASIDE}"] = str(value)
    return found


def questions(
    instrument: Instrument,
    items: Sequence[Item],
    values: Mapping[str, str],
    problems: Mapping[str, Problem],
    voice: Voice,
) -> list[Question]:
    """The page's items in order; call it with the page's language active."""
    return [_question(instrument, item, values, problems.get(item.code), voice) for item in items]


def _question(
    instrument: Instrument,
    item: Item,
    values: Mapping[str, str],
    problem: Problem | None,
    voice: Voice,
) -> Question:
    language, say = voice.language, voice.say
    choices = _choices(instrument, item, values, voice)
    value = values.get(item.code, "")
    if item.kind not in CHOICES and any(choice.is_chosen for choice in choices):
        value = "" if value == values.get(f"{item.code}.{ASIDE}") else value
    if item.kind == "slider":
        value = value.replace(",", ".")  # as browsers want a number field's value
    return Question(
        code=item.code,
        name=field_name(item.code),
        kind=item.kind,
        text=say(item.text),
        value=value,
        problem=_sentence(problem, instrument, item, language) if problem else "",
        is_unanswered=problem is Problem.UNANSWERED,
        hint=_hint(item, language),
        unit=say(item.unit) if item.unit else "",
        low=_bound(item.min),
        high=_bound(item.max),
        whole=item.whole,
        max_length=item.max_length,
        may_be_skipped=not item.is_hard,
        choices=choices,
        ends=(say(item.ends.low), say(item.ends.high)) if item.ends else None,
        first_day=item.earliest.isoformat() if item.earliest else "",
        last_day=item.latest.isoformat() if item.latest else "",
    )


def _choices(
    instrument: Instrument, item: Item, values: Mapping[str, str], voice: Voice
) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            name=field_name(item.code) + _part(item, option),
            value=str(option.code),
            label=voice.say(option.label),
            is_chosen=_is_chosen(item, option, values),
            is_aside=bool(option.missing),
            is_alone=option.exclusive or bool(option.missing),
            typed=values.get(f"{item.code}.{option.code}", ""),
        )
        for option in instrument.options_of(item)
    )


def _part(item: Item, option: Option) -> str:
    """What follows the item's name in the name of an option's field."""
    if item.kind == "single":
        return ""
    return f".{option.code}" if item.kind in CHOICES else f".{ASIDE}"


def _is_chosen(item: Item, option: Option, values: Mapping[str, str]) -> bool:
    value = values.get(item.code + _part(item, option), "").strip()
    return bool(value) if item.kind == "multiple" else value == str(option.code)


def _shown(value: Answer, language: str) -> str:
    if value is None:
        return ""
    return decimal(value, language) if isinstance(value, float) else str(value)


def _bound(bound: float | None) -> float | None:
    return int(bound) if bound is not None and bound == int(bound) else bound


def _hint(item: Item, language: str) -> str:
    if item.kind == "multiple":
        return _("Choose all that apply.") if item.most is None else _most(item)
    if item.kind == "ranking":
        return _("1 is the first place.")
    return _range(item, language) if item.kind in NUMBERS | {"date"} else ""


def _most(item: Item) -> str:
    return _("Choose at most %(most)s.") % {"most": item.most}


def _range(item: Item, language: str) -> str:
    if item.kind == "date":
        low, high = (day.isoformat() if day else "" for day in (item.earliest, item.latest))
    else:
        low, high = (
            "" if bound is None else decimal(bound, language)
            for bound in (_bound(item.min), _bound(item.max))
        )
    if low and high:
        return _("%(low)s to %(high)s") % {"low": low, "high": high}
    if low:
        return _("at least %(low)s") % {"low": low}
    return _("at most %(high)s") % {"high": high} if high else ""


def _sentence(problem: Problem, instrument: Instrument, item: Item, language: str) -> str:
    """What to do about it, in one sentence."""
    return str(SENTENCES[problem]) % {
        "range": _range(item, language),
        "n": item.max_length,
        "least": item.least,
        "most": item.most,
        "places": len(instrument.options_of(item)),
    }
