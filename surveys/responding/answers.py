"""What a posted page says: every value checked against its item, before anything is stored. Pure.

`responding.actions` stores the answers; the portal shows the problems. A value that is not valid
never becomes an answer, whatever was posted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surveys.instruments.definition import Instrument, Item
from surveys.instruments.kinds import UNASKED
from surveys.responding.readers import Answer, Problem, Unacceptable, clean, read

__all__ = [
    "CONFIRMED_SKIPS", "PLATFORM_FIELDS", "Answer", "PageAnswers", "Problem", "Unacceptable",
    "clean", "field_name", "merged", "parse_page",
]  # fmt: skip

CONFIRMED_SKIPS = (
    "confirmed_skips"  # codes, separated by spaces, that the person left out knowingly
)
PLATFORM_FIELDS = frozenset({
    "action", CONFIRMED_SKIPS, "csrfmiddlewaretoken", "device", "instrument", "language", "layout",
    "occasion", "page", "reopen", "seconds", "shown", "start", "touched", "turn",
})  # fmt: skip


@dataclass(frozen=True)
class PageAnswers:
    """One posted page: an item is either in `answers`, valid, or in `problems`."""

    answers: dict[str, Answer]
    problems: dict[str, Problem]

    @property
    def has_content(self) -> bool:
        """Whether anything was answered at all."""
        return any(value is not None for value in self.answers.values())


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
            answer = read(instrument, item, posted, field_name(item.code))
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
    if item.kind in UNASKED:
        return
    if item.is_hard:
        raise Unacceptable(Problem.REQUIRED)
    if item.required == "soft" and item.code not in confirmed:
        raise Unacceptable(Problem.UNANSWERED)
