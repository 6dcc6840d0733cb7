"""Worked examples recomputed: does an instrument score as its author says? Pure."""

from __future__ import annotations

import math

from surveys.instruments.definition import Example, Found, Instrument
from surveys.instruments.scoring import BadAnswer, score_one

TOLERANCE = 1e-9


def disagreements(instrument: Instrument) -> list[Found]:
    """Where a worked example and the scoring differ; nothing when all of them hold."""
    found: list[Found] = []
    for at, example in enumerate(instrument.examples):
        found += [(("examples", at, *where), what) for where, what in _one(instrument, example)]
    return found


def gaps(instrument: Instrument) -> list[str]:
    """What the examples leave untried, in words; advice, not an error."""
    advice = []
    for scale in instrument.scales:
        seen = [e.scores[scale.code] for e in instrument.examples if scale.code in e.scores]
        if all(value is None for value in seen):
            advice.append(f"no worked example gives a score on '{scale.code}'")
        if None not in seen:
            advice.append(f"no worked example leaves '{scale.code}' without a score")
    return advice


def _one(instrument: Instrument, example: Example) -> list[Found]:
    try:
        scores = score_one(instrument, example.answers)
    except BadAnswer as error:
        return [(("answers", error.item), f"{error.value!r} is not {error.expected}")]
    return [
        (
            ("scores", code),
            f"says {_shown(said)}, the key and rule give {_shown(scores[code].value)}",
        )
        for code, said in example.scores.items()
        if not _agree(said, scores[code].value)
    ]


def _agree(said: float | None, computed: float | None) -> bool:
    if said is None or computed is None:
        return said is computed
    return math.isclose(said, computed, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _shown(value: float | None) -> str:
    return "no score" if value is None else f"{value:.10g}"
