"""Which items and scores a planned-missing form leaves out, cell by cell. Pure.

"Planned form" is the participant's form of a planned-missing design; `Design.forms` are versions
of instruments.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.tidy.arrays import Ints
from analytics.tidy.chunk import Occasions
from analytics.tidy.design import Design, Form
from analytics.tidy.reasons import Flags

NOTHING = -1


@dataclass(frozen=True)
class Omissions:
    """For each cell the place of what is left out of it, NOTHING for most.

    `items[form]` and `scores[form]` have a row for each place and a last one, all false, that
    NOTHING finds.
    """

    of_cell: Ints
    items: tuple[Flags, ...]
    scores: tuple[Flags, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left out anywhere."""
        return not (self.of_cell != NOTHING).any()


def omissions_of(design: Design, occasions: Occasions, occasion: Ints, form: Ints) -> Omissions:
    """What is left out of the cells (`occasion`, `form`).

    An occasion that was excluded as a whole keeps its own reason in all its cells.
    """
    listed: list[tuple[int, tuple[int, ...]]] = []  # instrument version, places of its items
    place = _table(design, listed)
    of_cell = np.full(len(occasion), NOTHING, dtype=np.int32)
    if listed:
        of_cell = place[
            occasions.plan[occasion],
            occasions.planned_form[occasion],
            occasions.wave[occasion],
            form,
        ]
        of_cell = np.where(occasions.state[occasion] == "excluded", np.int32(NOTHING), of_cell)
    return Omissions(
        of_cell,
        items=tuple(_items(form, at, listed) for at, form in enumerate(design.forms)),
        scores=tuple(_scores(form, at, listed) for at, form in enumerate(design.forms)),
    )


def _table(design: Design, listed: list[tuple[int, tuple[int, ...]]]) -> NDArray[np.int32]:
    """Places by plan, planned form, wave and instrument version; the last planned form is none."""
    codes = {code: at for at, code in enumerate(design.planned_forms)}
    waves = {wave: at for at, wave in enumerate(design.waves)}
    shape = (len(design.plans), len(codes) + 1, len(waves), len(design.forms))
    table = np.full(shape, NOTHING, dtype=np.int32)
    for at, plan in enumerate(design.plans):
        for (code, wave, form), places in plan.left_out.items():
            table[at, codes[code], waves[wave], form] = len(listed)
            listed.append((form, places))
    return table


def _items(form: Form, at: int, listed: list[tuple[int, tuple[int, ...]]]) -> Flags:
    gone = np.zeros((len(listed) + 1, len(form.questions)), dtype=np.bool_)
    for row, (of, places) in enumerate(listed):
        if of == at:
            gone[row, list(places)] = True
    return gone


def _scores(form: Form, at: int, listed: list[tuple[int, tuple[int, ...]]]) -> Flags:
    gone = np.zeros((len(listed) + 1, len(form.measures)), dtype=np.bool_)
    for row, (of, places) in enumerate(listed):
        for m, measure in enumerate(form.measures if of == at else ()):
            items = [form.questions[place].code for place in places]
            gone[row, m] = not measure.is_scorable_without(items)
    return gone
