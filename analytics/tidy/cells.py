"""The planned cells: which occasion asks which instrument version, and why a cell is empty. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analytics.tidy.arrays import Ints
from analytics.tidy.chunk import Chunk, Filled
from analytics.tidy.design import Design
from analytics.tidy.omissions import NOTHING, Omissions, omissions_of
from analytics.tidy.reasons import Codes, Facts, Flags, Reason, of_occasions


class TwoVersions(ValueError):
    """One occasion holds answers to two versions of an instrument; a table has one place for them."""


@dataclass(frozen=True)
class Cells:
    """Occasion x instrument, in the order of both; `reason` is each cell's when it is not filled."""

    design: Design
    occasion: Ints
    form: Ints
    reason: Codes
    occasion_reason: Codes  # one an occasion
    omissions: Omissions

    @cached_property
    def _keys(self) -> NDArray[np.int64]:
        return self.occasion.astype(np.int64) * max(len(self.design.forms), 1) + self.form

    @cached_property
    def _by_key(self) -> NDArray[np.intp]:
        return np.argsort(self._keys, kind="stable")

    def of(self, filled: Filled) -> NDArray[np.intp]:
        """The cells that submissions fill."""
        wanted = filled.occasion.astype(np.int64) * len(self.design.forms) + filled.form
        found = np.searchsorted(self._keys, wanted, sorter=self._by_key)
        return self._by_key[found]

    def omitting(self, form: int) -> NDArray[np.intp]:
        """The cells that ask one form, of which a planned form leaves something out."""
        if self.omissions.is_empty:
            return np.zeros(0, dtype=np.intp)
        return np.flatnonzero((self.form == form) & (self.omissions.of_cell != NOTHING))

    def item_reasons(self, cells: NDArray[np.intp], form: int) -> Codes:
        """n x k: why the items of some cells that ask one form have no answer, if they have none."""
        return self._with_omissions(cells, self.omissions.items[form])

    def score_reasons(self, cells: NDArray[np.intp], form: int) -> Codes:
        """n x m: the same for its scales."""
        return self._with_omissions(cells, self.omissions.scores[form])

    def _with_omissions(self, cells: NDArray[np.intp], gone: Flags) -> Codes:
        reasons = np.broadcast_to(self.reason[cells][:, None], (len(cells), gone.shape[1]))
        if self.omissions.is_empty:
            return reasons
        is_gone = gone[self.omissions.of_cell[cells]]
        return np.where(is_gone, np.int8(Reason.PLANNED_MISSING.code), reasons)

    def asking(self, form: int) -> NDArray[np.intp]:
        """The cells that ask one form."""
        return np.flatnonzero(self.form == form)


def cells_of(design: Design, chunk: Chunk) -> Cells:
    """Lay out the cells of a chunk; submissions outside the plan get a cell too."""
    occasion, form = _planned(design, chunk)
    occasion, form = _with_strays(design, chunk, occasion, form)
    reasons = of_occasions(facts_of(chunk))
    omissions = omissions_of(design, chunk.occasions, occasion, form)
    return Cells(design, occasion, form, reasons[occasion], reasons, omissions)


def facts_of(chunk: Chunk) -> Facts:
    """What the rules of reasons read, one entry an occasion."""
    occasions, messages = chunk.occasions, chunk.messages
    n = len(occasions)

    def count(*states: str) -> NDArray[np.int64]:
        chosen = np.isin(messages.state.astype(str), states)
        return np.bincount(messages.occasion[chosen], minlength=n)

    is_suppressed = messages.why_not.astype(str) == "suppressed"
    is_saved = occasions.started != np.iinfo(np.int64).min
    for filled in chunk.filled:
        is_saved[filled.occasion] = True
    return Facts(
        state=occasions.state,
        cause=occasions.cause,
        is_saved=is_saved | (occasions.state == "completed"),
        is_opened=occasions.link_opened != np.iinfo(np.int64).min,
        n_messages=np.bincount(messages.occasion, minlength=n),
        n_sent=count("sent"),
        n_undeliverable=count("failed", "unknown", "bounced")
        + np.bincount(messages.occasion[is_suppressed], minlength=n),
        n_missed=count("missed"),
        is_erased=chunk.people.is_erased[occasions.person],
    )


def _planned(design: Design, chunk: Chunk) -> tuple[Ints, Ints]:
    place = {wave: at for at, wave in enumerate(design.waves)}
    lists: dict[tuple[int, int], tuple[int, ...]] = {
        (p, place[slot.wave]): slot.forms
        for p, plan in enumerate(design.plans)
        for slot in plan.slots
    }
    shape = (len(design.plans), max(len(design.waves), 1))
    count, start = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    flat: list[int] = []
    for at, forms in lists.items():
        count[at], start[at] = len(forms), len(flat)
        flat += forms
    occasions = chunk.occasions
    n_cells = count[occasions.plan, occasions.wave]
    occasion = np.repeat(np.arange(len(occasions), dtype=np.int32), n_cells)
    within = np.arange(len(occasion)) - np.repeat(np.cumsum(n_cells) - n_cells, n_cells)
    first = np.repeat(start[occasions.plan, occasions.wave], n_cells)
    return occasion, np.array(flat, dtype=np.int32)[first + within]


def _with_strays(design: Design, chunk: Chunk, occasion: Ints, form: Ints) -> tuple[Ints, Ints]:
    """Submissions to another version than planned take the planned one's place; others come last."""
    n_forms = max(len(design.forms), 1)
    planned = occasion.astype(np.int64) * n_forms + form
    strays = [
        (int(o), filled.form)
        for filled in chunk.filled
        for o in filled.occasion[
            ~np.isin(filled.occasion.astype(np.int64) * n_forms + filled.form, planned)
        ]
    ]
    if not strays:
        return occasion, form
    answered = {(int(o), f.form) for f in chunk.filled for o in f.occasion}
    _refuse_two_versions(design, chunk, answered)
    cells = list(zip(occasion.tolist(), form.tolist(), strict=True))
    for o, stray in strays:
        code = design.forms[stray].code
        same = [i for i, (at, f) in enumerate(cells) if at == o and design.forms[f].code == code]
        if same:
            cells[same[0]] = (o, stray)
        else:
            cells.append((o, stray))
    cells.sort(key=lambda cell: cell[0])
    listed = np.array(cells, dtype=np.int32)
    return listed[:, 0], listed[:, 1]


def _refuse_two_versions(design: Design, chunk: Chunk, answered: set[tuple[int, int]]) -> None:
    often = Counter((o, design.forms[f].code) for o, f in answered)
    for (o, code), n in sorted(often.items()):
        if n > 1:
            occasions = chunk.occasions
            who = chunk.people.code[occasions.person[o]]
            where = f"{design.waves[occasions.wave[o]]}.{occasions.nth[o]}"
            raise TwoVersions(f"{who}, {where}: answers to {n} versions of '{code}'")
