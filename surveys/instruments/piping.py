"""Texts that name earlier answers: `{answers.name|your friend}`, parsed, checked and filled. Pure.

A brace names one answer, score or value as conditions do, and after `|` the words that stand there
when it has none (skipped, not asked, declined). `{{` and `}}` are braces. The portal fills a text
when its page is shown; whoever only lists questions shows the fall-back words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from surveys.instruments import logic
from surveys.instruments.logic import Branch
from surveys.lib.expressions import COMPLETED, BadCondition, Fact, fact_of, facts_in

if TYPE_CHECKING:
    from surveys.instruments.definition import Found, Instrument
    from surveys.instruments.terms import Path, Text

_BRACES = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}|]*)(?:\|(?P<words>[^{}|]*))?\}|[{}]")
SHAPE = "write '{answers.<item>|words when there is no answer}', and '{{' for a brace"


class Pipe(NamedTuple):
    """One named answer, and the words that stand there without one."""

    fact: Fact
    fallback: str


@lru_cache(maxsize=4096)
def pieces(text: str) -> tuple[str | Pipe, ...]:
    """The text cut at its braces; raises BadCondition where they are no template."""
    found: list[str | Pipe] = []
    end = 0
    for match in _BRACES.finditer(text):
        found.append(text[end : match.start()])
        found.append(_piece(match))
        end = match.end()
    found.append(text[end:])
    return tuple(piece for piece in found if piece)


def cut(text: str) -> tuple[str | Pipe, ...]:
    """The same of a text that is shown: one that is no template stays as it is."""
    try:
        return pieces(text)
    except BadCondition:
        return (text,)


def plain(text: str) -> str:
    """The text with its fall-back words, where there is no answer at hand."""
    return "".join(piece.fallback if isinstance(piece, Pipe) else piece for piece in cut(text))


def needs(instrument: Instrument) -> frozenset[Fact]:
    """Every fact that a text of the instrument names."""
    return frozenset(fact for use in pipes(instrument) for fact in facts_in(use.expression))


def pipes(instrument: Instrument) -> Iterator[Branch]:
    """Every name in a text, with the text's place and the items that it is shown with."""
    for loc, text, items in _texts(instrument):
        for language, words in text.items():
            for name in _names(words):
                where = (*loc, language)
                yield Branch(where, ".".join(map(str, where)), name, items)


def misfits(instrument: Instrument) -> Iterator[Found]:
    """Texts that are no template, or name what is not known when they are shown."""
    for loc, text, _ in _texts(instrument):
        for language, words in text.items():
            try:
                pieces(words)
            except BadCondition as error:
                yield (*loc, language), str(error)
    for pipe in pipes(instrument):
        yield from ((pipe.where, what) for what in logic.unfit_here(instrument, pipe))


def _piece(match: re.Match[str]) -> str | Pipe:
    if match[0] in {"{{", "}}"}:
        return match[0][0]
    if match["name"] is None:
        raise BadCondition(f"a single '{match[0]}' stands for nothing; {SHAPE}")
    if match["words"] is None or not match["words"].strip():
        raise BadCondition(f"'{match[0][:60]}' has no words for when there is no answer; {SHAPE}")
    fact = fact_of(match["name"])
    if fact.kind == COMPLETED:
        raise BadCondition(f"'{match['name']}' is no answer, score or value; {SHAPE}")
    return Pipe(fact, match["words"].strip())


def _names(words: str) -> Iterator[str]:
    found = cut(words) if "{" in words else ()
    yield from dict.fromkeys(str(piece.fact) for piece in found if isinstance(piece, Pipe))


def _texts(instrument: Instrument) -> Iterator[tuple[Path, Text, tuple[str, ...]]]:
    """What people read: its place, the text, and the items that it is shown with."""
    everything = tuple(item.code for item in instrument.items)
    if instrument.instructions:
        yield ("instructions",), instrument.instructions, everything
    for at, item in enumerate(instrument.items):
        yield ("items", at, "text"), item.text, (item.code,)
        if item.unit:
            yield ("items", at, "unit"), item.unit, (item.code,)
        if item.ends:
            yield ("items", at, "ends", "low"), item.ends.low, (item.code,)
            yield ("items", at, "ends", "high"), item.ends.high, (item.code,)
    for n, section in enumerate(instrument.sections):
        if section.title:
            yield ("sections", n, "title"), section.title, section.items
        if section.instructions:
            yield ("sections", n, "instructions"), section.instructions, section.items
    for name, options in instrument.response_sets.items():
        users = tuple(i.code for i in instrument.items if name in {i.options, i.asides})
        for o, option in enumerate(options):
            yield ("response_sets", name, o, "label"), option.label, users
