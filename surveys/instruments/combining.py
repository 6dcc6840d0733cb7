"""Scores that are made from other scores: totals of subscales, differences. Pure.

Called by `scoring.score` once the scales with a key are scored.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from surveys.instruments.definition import Instrument, Scale

Bounds = tuple[float, float]


def bounds_of(instrument: Instrument, scale: Scale) -> Bounds | None:
    """The lowest and highest score of complete answers; None where an item has no range."""
    if scale.parts:
        return _bounds_of_parts(instrument, scale)
    ranges = [instrument.range_of(instrument.by_code[key.item]) for key in scale.scored_keys]
    known = [(w.weight, r) for w, r in zip(scale.scored_keys, ranges, strict=True) if r]
    if len(known) < len(ranges):
        return None
    low, high = sum(w * r[0] for w, r in known), sum(w * r[1] for w, r in known)
    return _scaled(scale, low, high, sum(w for w, _ in known))


def combined(
    scale: Scale, values: Mapping[str, NDArray[np.float64]], bounds: Mapping[str, Bounds]
) -> NDArray[np.float64]:
    """The score of n people from their scores on the parts; NaN where too few parts have one.

    Parts are added in the order of their codes, so that the same scores give the same bits in
    whatever order the parts are listed.
    """
    n = len(next(iter(values.values())))
    total, weight, n_scored = np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.int64)
    for part in sorted(scale.parts, key=lambda part: part.scale):
        value = values[part.scale]
        has_one = ~np.isnan(value)
        if part.enters == "reversed":
            low, high = bounds[part.scale]
            value = (low + high) - value
        factor = -part.weight if part.enters == "subtracted" else part.weight
        np.add(total, factor * value, out=total, where=has_one)
        np.add(weight, part.weight, out=weight, where=has_one)
        n_scored += has_one
    enough = n_scored >= scale.rule.min_answered
    if scale.rule.method == "mean":
        np.divide(total, weight, out=total, where=enough)
    total *= scale.rule.times
    total[~enough] = np.nan
    return total


def _bounds_of_parts(instrument: Instrument, scale: Scale) -> Bounds | None:
    low = high = weight = 0.0
    for part in scale.parts:
        found = bounds_of(instrument, instrument.scale_by_code[part.scale])
        if found is None:
            return None
        if part.enters == "subtracted":
            found = (-found[1], -found[0])
        low, high = low + part.weight * found[0], high + part.weight * found[1]
        weight += part.weight
    return _scaled(scale, low, high, weight)


def _scaled(scale: Scale, low: float, high: float, weight: float) -> Bounds:
    by = scale.rule.times / (weight if scale.rule.method == "mean" else 1.0)
    return low * by, high * by
