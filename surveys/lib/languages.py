"""Texts in several languages: `{"en": "Yes", "de": "Ja"}` and which one a person sees."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Text = Mapping[str, str]
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
ISOLATE, END = "\u2066", "\u2069"  # LEFT-TO-RIGHT ISOLATE and POP DIRECTIONAL ISOLATE
# The end says what possessive quantifiers would: Python before 3.11.5 loses its way in those.
_GROUPED = re.compile(
    r"(?<![\w/:.@=(+-])\+?[(]?\d[\d()]*(?:[ \u00a0/-][(]?\d[\d()]*)+"
    r"(?![\w@()-]|[ \u00a0/][(]?\d)"
)
_FEWEST = 5  # digits of what is taken for a telephone number or a date


def pick(text: Text, language: str, fallback: Sequence[str] = ()) -> str:
    """The text in `language`, else in the first fallback that has it, else in any."""
    for candidate in (language, language.split("-")[0], *fallback):
        if candidate in text:
            return text[candidate]
    return next(iter(text.values()), "")


def direction(language: str) -> str:
    """`rtl` or `ltr`, for the page's `dir` attribute."""
    return "rtl" if language.split("-")[0] in RIGHT_TO_LEFT else "ltr"


def isolated(text: str, language: str) -> str:
    """The text with its telephone numbers and dates kept in order in a right-to-left language.

    Within such words groups of digits would stand in the opposite order: "116 123" as "123 116".
    The marks are characters, so that pages, mails and plain text can carry them.
    """
    return _GROUPED.sub(_kept, text) if direction(language) == "rtl" else text


def _kept(found: re.Match[str]) -> str:
    n_digits = sum(character.isdigit() for character in found[0])
    return f"{ISOLATE}{found[0]}{END}" if n_digits >= _FEWEST else found[0]
