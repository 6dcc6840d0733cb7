"""Answers to scores: one vectorised function, used for one person and for a million. Pure.

The responding pages, the export and `manage.py instrument check` all score through `score`. Sums
are made item by item in key order, never by a BLAS product, so that the same answers give the
same bits on every processor and in every batch size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from surveys.instruments.combining import bounds_of, combined
from surveys.instruments.definition import Instrument, Item, Scale
from surveys.instruments.kinds import SCORABLE

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]

CHUNK_ROWS = 16_384  # the working set of one chunk stays in the processor's cache


class BadAnswer(ValueError):
    """An answer that cannot enter a score; `row` counts from 0."""

    def __init__(self, row: int, item: str, value: object, expected: str) -> None:
        self.row, self.item, self.value, self.expected = row, item, value, expected
        super().__init__(f"row {row}, item '{item}': {value!r} is not {expected}")


class NotANumber(BadAnswer):
    """Something else than a number where a scored item wants one."""


class OutOfRange(BadAnswer):
    """A number that the item cannot have; it is reported, never clipped."""


@dataclass(frozen=True)
class Scores:
    """Scores of n people on m scales.

    Attributes
    ----------
    scales
        The m scale codes, in the definition's order.
    value
        n x m; NaN where too few items were answered.
    n_answered
        n x m; how many scored items have a usable answer.
    n_items
        m; how many items a scale scores.
    prorated
        n x m; True where a sum was scaled up from fewer answers than items.
    """

    scales: tuple[str, ...]
    value: Floats
    n_answered: Counts
    n_items: Counts
    prorated: Flags


@dataclass(frozen=True)
class Score:
    """One person's score on one scale; `value` is None when too few items were answered."""

    value: float | None
    n_answered: int
    n_items: int
    prorated: bool


def score(instrument: Instrument, answers: Floats) -> Scores:
    r"""Score answers by the instrument's keys and rules.

    Parameters
    ----------
    instrument
        The definition that the answers were given under.
    answers
        n x n_items, columns in the definition's item order; NaN where there is no usable answer.
        Codes of options marked `missing` count as no answer.

    Returns
    -------
    Scores
        In the order of the rows and of the definition's scales.

    Raises
    ------
    OutOfRange
        When a value is outside its item's range, or no code of its response set.
    ValueError
        When the array does not have one column for each item.

    Notes
    -----
    With :math:`A` the answered scored items of a scale, :math:`K` all of them and weights
    :math:`w_i`, an item with sign -1 enters as :math:`x_i' = min_i + max_i - x_i` within its own
    range; all others as they are. Then

    - mean: :math:`\sum_A w_i x_i' / \sum_A w_i`
    - sum: :math:`\sum_A w_i x_i'`
    - sum, prorated: :math:`\sum_A w_i x_i' \cdot \sum_K w_i / \sum_A w_i`, which with equal
      weights is the mean of the answered items times the number of items (person-mean imputation)

    and no score below `min_answered` answers. Reversal comes before averaging, `times` comes last.
    A scale made of parts is the mean or sum of its parts' scores, in which `min_answered` counts
    parts with a score, a reversed part enters as :math:`min + max - s` within its own range and a
    subtracted one as :math:`-s`.

    References
    ----------
    Downey, R. G., & King, C. V. (1998). Missing data in Likert ratings: A comparison of
    replacement methods. Journal of General Psychology, 125(2), 175-191.
    """
    answers = np.asarray(answers, dtype=np.float64)
    if answers.ndim != 2 or answers.shape[1] != len(instrument.items):
        shape = " x ".join(map(str, answers.shape))
        raise ValueError(f"expected n x {len(instrument.items)} answers, got {shape}")
    n, m = len(answers), len(instrument.scales)
    scores = Scores(
        scales=tuple(scale.code for scale in instrument.scales),
        value=np.full((n, m), np.nan),
        n_answered=np.zeros((n, m), dtype=np.int64),
        n_items=np.array([len(instrument.scored_keys_of(s)) for s in instrument.scales]),
        prorated=np.zeros((n, m), dtype=np.bool_),
    )
    for start in range(0, n, CHUNK_ROWS):
        rows = slice(start, start + CHUNK_ROWS)
        columns = _usable(instrument, answers[rows].T.copy(), start)
        keyed = {
            scale.code: _one_scale(instrument, scale, columns)
            for scale in instrument.scales
            if scale.keys
        }
        for at, scale in enumerate(instrument.scales):
            found = (
                keyed[scale.code] if scale.keys else _of_parts(instrument, scale, columns, keyed)
            )
            scores.value[rows, at], scores.n_answered[rows, at], scores.prorated[rows, at] = found
    return scores


def score_one(instrument: Instrument, answers: Mapping[str, object]) -> dict[str, Score]:
    """Score one person's answers (`{item code: value}`); the same function, one row.

    Raises NotANumber and OutOfRange like `matrix` and `score`.
    """
    scores = score(instrument, matrix(instrument, [answers]))
    return {
        code: Score(
            value=None if np.isnan(scores.value[0, at]) else float(scores.value[0, at]),
            n_answered=int(scores.n_answered[0, at]),
            n_items=int(scores.n_items[at]),
            prorated=bool(scores.prorated[0, at]),
        )
        for at, code in enumerate(scores.scales)
    }


def matrix(instrument: Instrument, rows: Iterable[Mapping[str, object]]) -> Floats:
    """Stored answers as the array that `score` reads, one column an item.

    A key that is absent or null, and every answer in words or lists, becomes NaN. Raises NotANumber when a
    numeric item holds anything but a number.
    """
    codes = [item.code if item.kind in SCORABLE else None for item in instrument.items]
    table = [[row.get(code) if code else None for code in codes] for row in rows]
    if not set(map(type, chain.from_iterable(table))) <= {int, float, type(None)}:
        raise _not_a_number(instrument, table)
    return np.array(table, dtype=np.float64).reshape(len(table), len(codes))


def _usable(instrument: Instrument, columns: Floats, first_row: int) -> Floats:
    """The columns with NaN for coded missing options; raises OutOfRange."""
    for item, column in zip(instrument.items, columns, strict=True):
        for option in instrument.options_of(item):
            if option.missing:
                column[column == option.code] = np.nan
        wrong = _out_of_range(instrument, item, column)
        if wrong.any():
            at = int(wrong.argmax())
            expected = _expectation(instrument, item)
            raise OutOfRange(first_row + at, item.code, float(column[at]), expected)
    return columns


def _out_of_range(instrument: Instrument, item: Item, column: Floats) -> Flags:
    low, high = instrument.range_of(item) or (item.min, item.max)
    wrong: Flags = np.isinf(column)
    if low is not None:
        wrong |= column < low
    if high is not None:
        wrong |= column > high
    codes = [option.code for option in instrument.options_of(item) if not option.missing]
    if codes:
        has_gaps = max(codes) - min(codes) >= len(codes)
        is_code = np.isin(column, codes) if has_gaps else np.rint(column) == column
        wrong |= ~is_code & ~np.isnan(column)
    return wrong


def _one_scale(
    instrument: Instrument, scale: Scale, columns: Floats
) -> tuple[Floats, Counts, Flags]:
    n = columns.shape[1]
    total, weight, n_answered = np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.int64)
    place = {item.code: at for at, item in enumerate(instrument.items)}
    for key in scale.scored_keys:
        column = columns[place[key.item]]
        answered = ~np.isnan(column)
        directed = column if key.sign == 1 else _reversed(instrument, key.item, column)
        np.add(total, key.weight * directed, out=total, where=answered)
        np.add(weight, key.weight, out=weight, where=answered)
        n_answered += answered
    enough = n_answered >= scale.rule.min_answered
    prorated = np.zeros(n, dtype=np.bool_)
    if scale.rule.method == "mean":
        np.divide(total, weight, out=total, where=enough)
    elif scale.rule.prorate:
        prorated = enough & (n_answered < len(scale.scored_keys))
        full = sum(key.weight for key in scale.scored_keys)
        np.divide(total * full, weight, out=total, where=prorated)
    total *= scale.rule.times
    total[~enough] = np.nan
    return total, n_answered, prorated


def _of_parts(
    instrument: Instrument,
    scale: Scale,
    columns: Floats,
    keyed: Mapping[str, tuple[Floats, Counts, Flags]],
) -> tuple[Floats, Counts, Flags]:
    parts = [instrument.scale_by_code[part.scale] for part in scale.parts]
    values = {part.code: keyed[part.code][0] for part in parts}
    bounds = {part.code: bounds_of(instrument, part) or (0.0, 0.0) for part in parts}
    value = combined(scale, values, bounds)
    scored = {key.item for key in instrument.scored_keys_of(scale)}
    places = [at for at, item in enumerate(instrument.items) if item.code in scored]
    n_answered = np.count_nonzero(~np.isnan(columns[places]), axis=0)
    prorated = np.any([keyed[part.code][2] for part in parts], axis=0) & ~np.isnan(value)
    return value, n_answered, prorated


def _reversed(instrument: Instrument, code: str, column: Floats) -> Floats:
    bounds = instrument.range_of(instrument.by_code[code])
    assert bounds is not None, "the definition refuses to reverse an item without a range"  # noqa: S101
    return (bounds[0] + bounds[1]) - column


def _expectation(instrument: Instrument, item: Item) -> str:
    codes = [str(o.code) for o in instrument.options_of(item) if not o.missing]
    if codes:
        return f"one of {', '.join(codes)}"
    low, high = item.min, item.max
    if low is not None and high is not None:
        return f"between {low:g} and {high:g}"
    if low is not None:
        return f"{low:g} or more"
    return "a finite number" if high is None else f"{high:g} or less"


def _not_a_number(instrument: Instrument, table: list[list[object]]) -> NotANumber:
    row, at = next(
        (row, at)
        for row, values in enumerate(table)
        for at, value in enumerate(values)
        if type(value) not in {int, float, type(None)}
    )
    return NotANumber(row, instrument.items[at].code, table[row][at], "a number")
