"""The items of one page as the templates draw them: wording, options, what was typed, problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys.instruments.definition import Instrument, Item
from surveys.lib.dates import decimal
from surveys.lib.languages import pick
from surveys.responding.answers import Answer, Problem, field_name

ONE_ROW = 7  # so many options, with labels no longer than this, stand side by side on a wide screen
LONGEST_IN_A_ROW = 28
ONE_LINE = 120  # texts that may be longer get several lines

SENTENCES = {
    Problem.UNANSWERED: gettext_lazy("This question is not answered yet."),
    Problem.REQUIRED: gettext_lazy("Please answer this question; we cannot go on without it."),
    Problem.NOT_AN_OPTION: gettext_lazy("Please choose one of the answers."),
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
    """One option; `is_aside` sets "prefer not to say" apart from the scale."""

    value: str
    label: str
    is_chosen: bool
    is_aside: bool


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

    @property
    def is_row(self) -> bool:
        """Whether the options may stand side by side."""
        return 1 < len(self.scale) <= ONE_ROW and all(
            len(choice.label) <= LONGEST_IN_A_ROW for choice in self.scale
        )

    @property
    def scale(self) -> list[Choice]:
        """The options that measure something."""
        return [choice for choice in self.choices if not choice.is_aside]

    @property
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
        return f"{self.code}-{self.choices[0].value}" if self.choices else f"{self.code}-field"


def typed(items: Sequence[Item], posted: Mapping[str, str]) -> dict[str, str]:
    """What was typed, by item code, from the posted fields."""
    return {item.code: posted.get(field_name(item.code), "") for item in items}


def saved(answers: Mapping[str, Answer], language: str) -> dict[str, str]:
    """The stored answers as the fields show them."""
    return {code: _shown(value, language) for code, value in answers.items()}


def questions(
    instrument: Instrument,
    items: Sequence[Item],
    values: Mapping[str, str],
    problems: Mapping[str, Problem],
    language: str,
) -> list[Question]:
    """The page's items in order; call it with the page's language active."""
    return [
        _question(instrument, item, values.get(item.code, ""), problems.get(item.code), language)
        for item in items
    ]


def _question(
    instrument: Instrument, item: Item, value: str, problem: Problem | None, language: str
) -> Question:
    return Question(
        code=item.code,
        name=field_name(item.code),
        kind=item.kind,
        text=pick(item.text, language, instrument.languages),
        value=value,
        problem=_sentence(problem, item, language) if problem else "",
        is_unanswered=problem is Problem.UNANSWERED,
        hint=_range(item, language) if item.kind == "number" else "",
        unit=pick(item.unit, language, instrument.languages) if item.unit else "",
        low=_bound(item.min),
        high=_bound(item.max),
        whole=item.whole,
        max_length=item.max_length,
        may_be_skipped=item.required != "hard",
        choices=tuple(
            Choice(
                value=str(option.code),
                label=pick(option.label, language, instrument.languages),
                is_chosen=value.strip() == str(option.code),
                is_aside=option.missing,
            )
            for option in instrument.options_of(item)
        ),
    )


def _shown(value: Answer, language: str) -> str:
    if value is None:
        return ""
    return decimal(value, language) if isinstance(value, float) else str(value)


def _bound(bound: float | None) -> float | None:
    return int(bound) if bound is not None and bound == int(bound) else bound


def _range(item: Item, language: str) -> str:
    low, high = (
        "" if bound is None else decimal(bound, language)
        for bound in (_bound(item.min), _bound(item.max))
    )
    if low and high:
        return _("%(low)s to %(high)s") % {"low": low, "high": high}
    if low:
        return _("at least %(low)s") % {"low": low}
    return _("at most %(high)s") % {"high": high} if high else ""


def _sentence(problem: Problem, item: Item, language: str) -> str:
    """What to do about it, in one sentence."""
    return str(SENTENCES[problem]) % {"range": _range(item, language), "n": item.max_length}
