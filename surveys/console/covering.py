"""The coverage of a design as tables: who has both by design. The design page shows them.

Columns bear the numbers of the rows, so that a table with long names stays readable on a phone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from surveys.console.words import wave_title
from surveys.design import queries
from surveys.design.coverage import Coverage, Matrix, Unit, coverage, is_trivial
from surveys.design.protocol import Protocol


@dataclass(frozen=True)
class Share:
    """One cell: how many have both, such as 50%; `is_none` marks pairs that nobody has."""

    words: str
    is_none: bool


@dataclass(frozen=True)
class CoveredRow:
    """One unit against all others."""

    number: int
    label: str
    shares: list[Share]


@dataclass(frozen=True)
class CoverageTable:
    """One matrix; `key` is unique on the page."""

    key: str
    title: str
    rows: list[CoveredRow]


def coverage_of(protocol: Protocol) -> Coverage | None:
    """The coverage, unless everybody in an arm is asked the same."""
    return None if is_trivial(protocol) else coverage(protocol, queries.instruments())


def coverage_tables(protocol: Protocol, found: Coverage, language: str) -> list[CoverageTable]:
    """The matrices in words, the coarsest first."""
    titles = {wave.code: wave_title(wave, language) for wave in protocol.waves}
    return [
        CoverageTable(f"coverage-{number}", title, _rows(matrix, titles))
        for number, (title, matrix) in enumerate(_titled(found, titles), start=1)
    ]


def percent(share: float) -> str:
    """Such as 50%, 33.3% or under 0.1%; none only where nobody is meant."""
    if not share:
        return "none"
    if share < 0.001:
        return "under 0.1%"
    return f"{share:.1%}".replace(".0%", "%")


def _titled(found: Coverage, titles: dict[str, str]) -> Iterator[tuple[str, Matrix]]:
    yield "Waves", found.waves
    yield "Instruments", found.instruments
    for kind, matrices in (("Items", found.items), ("Scores", found.scales)):
        for matrix in matrices:
            yield f"{kind} in {titles[matrix.units[0].wave]}", matrix


def _rows(matrix: Matrix, titles: dict[str, str]) -> list[CoveredRow]:
    return [
        CoveredRow(
            number,
            _label(unit, titles),
            [Share(percent(share), not share) for share in shares],
        )
        for number, (unit, shares) in enumerate(
            zip(matrix.units, matrix.shares, strict=True), start=1
        )
    ]


def _label(unit: Unit, titles: dict[str, str]) -> str:
    if unit.scale:
        return f"{unit.scale} of {unit.instrument}"
    if unit.items:
        return f"{', '.join(unit.items)} of {unit.instrument}"
    title = titles[unit.wave]
    return f"{unit.instrument} in {title}" if unit.instrument else title
