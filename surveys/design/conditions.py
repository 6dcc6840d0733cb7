"""Conditions of a protocol: expressions over earlier waves. Pure; `lib.expressions` decides them.

baseline.completed
baseline.scores["mood-worry"].worry
baseline.answers["demographics"].age
"""

from __future__ import annotations

from surveys.lib.expressions import (
    ANSWERS,
    COMPLETED,
    SCORES,
    SHAPE,
    BadCondition,
    CannotCompute,
    Fact,
    Value,
    decided,
    evaluate,
    facts_in,
    names_in,
)

__all__ = [
    "ANSWERS", "COMPLETED", "SCORES", "SHAPE", "BadCondition", "CannotCompute", "Fact", "Value",
    "decided", "evaluate", "facts_in", "names_in",
]  # fmt: skip
