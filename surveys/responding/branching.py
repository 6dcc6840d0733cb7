"""What one person is asked of an occasion's instruments, decided anew from what is saved.

`standing` shows it and `actions` saves by it. What lies elsewhere (earlier waves, instruments before
at the same occasion) is read once, and only when a condition asks for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from surveys.instruments import logic
from surveys.instruments.definition import Instrument
from surveys.instruments.logic import HERE
from surveys.lib.expressions import COMPLETED, Fact, Value
from surveys.responding.answers import Answer
from surveys.responding.models import Submission
from surveys.responding.results import results_at, results_of
from surveys.scheduling.models import Occasion
from surveys.scheduling.states import OccasionState

SET_ASIDE, BRANCHED_OUT = "set_aside", "branched_out"  # in the paradata of a submission


@dataclass(frozen=True)
class Settled:
    """Answers sorted by whether their items are asked; `branched_out` are the items that are not."""

    answers: dict[str, Answer]
    set_aside: dict[str, Answer]
    branched_out: tuple[str, ...]

    def noted_in(self, paradata: Mapping[str, Any]) -> dict[str, Any]:
        """The paradata with what is set aside and branched out, where there is such."""
        kept = {k: v for k, v in paradata.items() if k not in {SET_ASIDE, BRANCHED_OUT}}
        aside = {SET_ASIDE: self.set_aside} if self.set_aside else {}
        return kept | aside | ({BRANCHED_OUT: list(self.branched_out)} if self.branched_out else {})


@dataclass(frozen=True)
class Asking:
    """The instruments that an occasion asks, less what the person's form leaves out."""

    occasion: Occasion
    instruments: Sequence[Instrument]
    submissions: Mapping[str, Submission]

    def shown(self) -> list[Instrument]:
        """Each as it is shown now, its hidden items gone and its pages where they were."""
        return [self._shown(instrument) for instrument in self.instruments]

    def shown_by(self, ref: str, settled: Settled) -> Instrument:
        """One instrument as it is shown when these are its answers."""
        return _less(self._of(ref), settled.branched_out)

    def settled(
        self, ref: str, answers: Mapping[str, Answer], aside: Mapping[str, Answer]
    ) -> Settled:
        """The answers that count now, and those of items that are hidden since.

        What is set aside comes back when its item does, until the instrument is handed in.
        """
        instrument = self._of(ref)
        everything = {**answers, **aside}
        known = self.known if logic.is_branched(instrument) else {}
        gone = logic.hidden(instrument, everything, known)
        return Settled(
            answers={code: value for code, value in everything.items() if code not in gone},
            set_aside={code: value for code, value in everything.items() if code in gone},
            branched_out=tuple(item.code for item in instrument.items if item.code in gone),
        )

    @cached_property
    def known(self) -> dict[Fact, Value]:
        """The facts that conditions ask of earlier waves and of instruments before."""
        needed = {fact for one in self.instruments for fact in logic.needs(one)}
        here = {fact for fact in needed if fact.wave == HERE}
        waves = {fact for fact in needed - here if fact.kind == COMPLETED}
        return {
            **(results_at(self.submissions, here) if here else {}),
            **self._earlier(needed - here - waves),
            **self._completed(waves),
        }

    def _of(self, ref: str) -> Instrument:
        return next(instrument for instrument in self.instruments if instrument.ref == ref)

    def _shown(self, instrument: Instrument) -> Instrument:
        if not logic.is_branched(instrument):
            return instrument
        row = self.submissions.get(instrument.ref)
        answers = {**row.answers, **row.paradata.get(SET_ASIDE, {})} if row else {}
        return _less(instrument, logic.hidden(instrument, answers, self.known))

    def _earlier(self, needed: set[Fact]) -> dict[Fact, Value]:
        person = self.occasion.participant_id
        return results_of([person], needed).get(person, {}) if needed else {}

    def _completed(self, needed: set[Fact]) -> dict[Fact, Value]:
        if not needed:
            return {}
        rows = Occasion.objects.filter(
            participant=self.occasion.participant_id, state=OccasionState.COMPLETED
        )
        done = set(rows.values_list("wave", flat=True))
        return {fact: fact.wave in done for fact in needed}


def _less(instrument: Instrument, gone: Collection[str]) -> Instrument:
    """The instrument without some items, its pages where they were."""
    if not gone:
        return instrument
    pages = (tuple(item for item in page if item.code not in gone) for page in instrument.pages)
    return instrument.showing(tuple(pages))
