"""Texts in several languages: `{"en": "Yes", "de": "Ja"}` and which one a person sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Text = Mapping[str, str]
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


def pick(text: Text, language: str, fallback: Sequence[str] = ()) -> str:
    """The text in `language`, else in the first fallback that has it, else in any."""
    for candidate in (language, language.split("-")[0], *fallback):
        if candidate in text:
            return text[candidate]
    return next(iter(text.values()), "")


def direction(language: str) -> str:
    """`rtl` or `ltr`, for the page's `dir` attribute."""
    return "rtl" if language.split("-")[0] in RIGHT_TO_LEFT else "ltr"
