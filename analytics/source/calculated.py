"""Calculated values of submissions, made from the stored answers of their people while exporting.

They stand behind the scores of their form. What lies in an earlier wave is its occasion that was
completed last before this submission was saved, as the person's pages saw it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import pyarrow as pa

from analytics.source.definitions import Definitions
from analytics.tidy.arrays import Floats, Ints
from analytics.tidy.chunk import Filled, Occasions, Scored
from analytics.tidy.reasons import NONE, Reason
from surveys.instruments import calculating
from surveys.instruments.calculating import Outcome
from surveys.instruments.logic import HERE
from surveys.lib.expressions import ANSWERS, COMPLETED, OWN, Fact, Value, facts_in

Row = tuple[Filled, int]
Saved = Mapping[tuple[int, int], int]  # by places of occasion and form: when, in milliseconds


def saved_of(definitions: Definitions, table: pa.Table, occasion: Ints) -> Saved:
    """When each submission with calculated values was saved; `occasion` has the rows' places."""
    rows = zip(
        occasion.tolist(), table["instrument"].to_pylist(), table["saved"].to_pylist(), strict=True
    )
    return {(at, definitions.form_of[instrument]): saved for at, instrument, saved in rows}


def with_values(
    definitions: Definitions, occasions: Occasions, filled: Sequence[Filled], saved: Saved
) -> tuple[Filled, ...]:
    """The submissions of some whole people, those with calculated values scored with them."""
    stored = _Stored(definitions, occasions, filled, saved)
    return tuple(
        replace(one, score=partial(stored.scored, one))
        if definitions.instruments[one.form].values
        else one
        for one in filled
    )


@dataclass(frozen=True)
class _Stored:
    """All that some people have answered, found by what an expression asks for."""

    definitions: Definitions
    occasions: Occasions
    filled: Sequence[Filled]  # without calculated values
    saved: Saved

    def scored(self, one: Filled, numbers: Floats) -> Scored:
        """The scores and calculated values of the submissions in `one`."""
        scores = one.score(numbers)
        instrument = self.definitions.instruments[one.form]
        n, first = len(numbers), scores.value.shape[1]
        made = [calculating.outcomes(instrument, self._known(one, row)) for row in range(n)]
        values = [[found[calculating.value(v.code)] for found in made] for v in instrument.values]
        places = self.definitions.design.forms[one.form].shown_for[first:]
        n_given = [(one.status[:, list(p)] == 0).sum(axis=1, dtype=np.int32) for p in places]
        floats = [[np.nan if o.value is None else o.value for o in each] for each in values]
        return Scored(
            value=np.column_stack(
                [scores.value, *(np.array(each, dtype=np.float64) for each in floats)]
            ),
            n_answered=np.column_stack([scores.n_answered, *n_given]),
            prorated=np.column_stack([scores.prorated, np.zeros((n, len(values)), dtype=np.bool_)]),
            why={
                first + m: np.array([_why(o) for o in each], np.int8)
                for m, each in enumerate(values)
            },
            lacks={first + m: [_lacks(o) for o in each] for m, each in enumerate(values)},
        )

    def _known(self, one: Filled, row: int) -> dict[Fact, Value]:
        instrument = self.definitions.instruments[one.form]
        needed = {fact for each in instrument.values for fact in facts_in(each.formula)}
        return {fact: self._value(fact, (one, row)) for fact in needed if fact.kind != "values"}

    def _value(self, fact: Fact, asking: Row) -> Value:
        one, row = asking
        occasion = int(one.occasion[row])
        if fact.wave == OWN:
            return self._answer(fact.name, asking)
        earlier = occasion if fact.wave == HERE else self._last(fact.wave, asking)
        if fact.kind == COMPLETED:
            return earlier is not None
        found = self._rows.get((earlier, fact.instrument)) if earlier is not None else None
        if found is None:
            return None
        return (self._answer if fact.kind == ANSWERS else self._score)(fact.name, found)

    def _answer(self, item: str, of: Row) -> Value:
        one, row = of
        form = self.definitions.design.forms[one.form]
        place = form.place.get(item)
        if place is None:
            return None
        if place in one.texts and one.texts[place][row].is_valid:
            return str(one.texts[place][row].as_py())
        number = float(one.numbers[row, place])
        is_missing = np.isnan(number) or number in form.questions[place].missing_codes
        return None if is_missing else number

    def _score(self, scale: str, of: Row) -> Value:
        one, row = of
        codes = [measure.code for measure in self.definitions.design.forms[one.form].measures]
        place = codes.index(scale) if scale in codes else len(codes)
        values = one.scored.value
        number = float(values[row, place]) if place < values.shape[1] else np.nan
        return None if np.isnan(number) else number

    def _last(self, wave: str, asking: Row) -> int | None:
        """The occasion of a wave that the person had completed last when this was saved."""
        one, row = asking
        occasion = int(one.occasion[row])
        person, saved = self.occasions.person[occasion], self.saved[occasion, one.form]
        before = (e for e in self._completed[int(person), wave] if e[0] <= saved)
        return max(before, default=(0, 0, None))[2]

    @cached_property
    def _completed(self) -> defaultdict[tuple[int, str], list[tuple[int, int, int]]]:
        """By person and wave: when it ended, its number, its place."""
        rows, waves = self.occasions, self.definitions.design.waves
        found: defaultdict[tuple[int, str], list[tuple[int, int, int]]] = defaultdict(list)
        for at in np.flatnonzero(rows.state == "completed").tolist():
            entry = (int(rows.ended[at]), int(rows.nth[at]), at)
            found[int(rows.person[at]), waves[rows.wave[at]]].append(entry)
        return found

    @cached_property
    def _rows(self) -> dict[tuple[int, str], Row]:
        return dict(self._located())

    def _located(self) -> Iterator[tuple[tuple[int, str], Row]]:
        for one in self.filled:
            code = self.definitions.design.forms[one.form].code
            yield from (((at, code), (one, row)) for row, at in enumerate(one.occasion.tolist()))


def _why(made: Outcome) -> int:
    if made.value is not None:
        return NONE
    return (Reason.NOT_COMPUTABLE if made.error else Reason.INPUT_MISSING).code


def _lacks(made: Outcome) -> str:
    return made.error or ", ".join(map(str, made.lacks))
