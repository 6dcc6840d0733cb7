"""An instrument's texts as one person reads them: in their language, earlier answers filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.utils.html import format_html, format_html_join

from surveys.instruments.piping import Pipe, cut
from surveys.lib.dates import decimal, long_date
from surveys.lib.expressions import Fact
from surveys.lib.languages import Text, pick
from surveys.responding.telling import Told

LONGEST = 200  # characters of somebody's own words in another question


@dataclass(frozen=True)
class Voice:
    """Says texts in `language`; `told` has the earlier answers that they may name."""

    language: str
    fallback: Sequence[str] = ()
    told: Mapping[Fact, Told] = field(default_factory=dict)

    def say(self, text: Text) -> str:
        """The text; HTML where it names an answer, which is escaped and isolated in direction."""
        words = pick(text, self.language, self.fallback)
        found = cut(words)
        if not any(isinstance(piece, Pipe) for piece in found):
            return "".join(piece for piece in found if isinstance(piece, str))
        return format_html_join("", "{}", ((self._piece(piece),) for piece in found))

    def _piece(self, piece: str | Pipe) -> str:
        if isinstance(piece, str):
            return piece
        if piece.fact not in self.told:
            return piece.fallback
        return format_html("<bdi>{}</bdi>", self._in_words(self.told[piece.fact]))

    def _in_words(self, told: Told) -> str:
        if isinstance(told, Mapping):
            return pick(told, self.language, self.fallback)
        if isinstance(told, str):
            words = " ".join(told.split())
            return words if len(words) <= LONGEST else f"{words[:LONGEST].rstrip()}…"
        if isinstance(told, date):
            return long_date(told, self.language)
        rounded = round(told, 2)
        return decimal(int(rounded) if rounded == int(rounded) else rounded, self.language)
