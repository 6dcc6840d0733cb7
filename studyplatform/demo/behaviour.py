"""What a simulated person does with a mail, and what they tick on a page. Pure.

Every decision has a random stream of its own, named by person, wave and question, so that the same
seed gives the same behaviour in whatever order the mails and pages come.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from studyplatform.demo.people import Character, stream
from studyplatform.demo.truth import CONSTRUCTS, ROUNDS, Truth, trajectories

CUTS = {5: (-1.3, -0.4, 0.4, 1.3), 7: (-1.6, -0.9, -0.3, 0.3, 0.9, 1.6)}


class Fate(StrEnum):
    """How far somebody gets with one questionnaire."""

    COMPLETES = "completes"
    TWO_SITTINGS = "two sittings"
    STOPS = "stops midway"
    OPENS_ONLY = "opens only"
    IGNORES = "ignores"


@dataclass(frozen=True)
class Intention:
    """What follows from the mails of one occasion: after which mail, how much later, how far."""

    fate: Fate
    after_mail: int = 1
    delay: timedelta = timedelta(0)
    pages: int = 1  # saved before stopping or pausing
    pause: timedelta = timedelta(0)


@dataclass(frozen=True)
class Measure:
    """How one item depends on a construct: its sign and its loading."""

    construct: str
    sign: int
    loading: float


@dataclass(frozen=True)
class Respondent:
    """A character with a life: latent scores, habits and answers."""

    truth: Truth
    seed: int
    character: Character
    in_programme: bool
    measures: Mapping[str, Measure]

    @cached_property
    def latent(self) -> NDArray[np.float64]:
        """True scores, shape (rounds, constructs)."""
        return trajectories(
            self.truth, self.seed, self.character.number, in_programme=self.in_programme
        )

    def takes_part(self, index: int) -> bool:
        """Whether this person answers round `index`: gone for good by then, or away this once."""
        misses = self._dropout(index)
        gone = self.truth.gone_for_good * misses
        if stream(self.seed, "gone", self.character.number).random() < gone:
            return False
        away = 1 - (1 - misses) / (1 - gone)
        return stream(self.seed, "away", self.character.number, index).random() >= away

    def intends(self, wave: str, nth: int) -> Intention:
        """What this person will do with the nth occasion of a wave."""
        draw = stream(self.seed, "intends", self.character.number, wave, nth)
        if wave not in ROUNDS:
            return self._diary(wave, nth)
        if not self.takes_part(ROUNDS.index(wave)):
            return Intention(Fate.IGNORES)
        hours = self.truth.delay_hours_median * math.exp(
            draw.gauss(0.0, self.truth.delay_hours_log_sd)
        )
        mails = range(1, len(self.truth.after_which_mail) + 1)
        return Intention(
            fate=self._fate(draw.random(), fresh=wave == ROUNDS[0]),
            after_mail=draw.choices(mails, weights=self.truth.after_which_mail)[0],
            delay=timedelta(hours=min(hours, 24 * 20)),
            pages=draw.randint(1, 4),
            pause=timedelta(hours=draw.uniform(2, 30)),
        )

    def answers(
        self, wave: str, nth: int, item: str, options: Sequence[str], bounds: tuple[float, float]
    ) -> str:
        """The value posted for one item; empty when skipped. Without options it is a number."""
        draw = stream(self.seed, "answers", self.character.number, wave, nth, item)
        if draw.random() < self.truth.skips_item:
            return ""
        if not options:
            low, high = bounds
            return str(round(draw.triangular(low, min(high, low + 60), low + 16)))
        measure = self.measures.get(item)
        if measure is None:
            return self._fact(item, options)
        level = self._level(wave, nth, measure.construct)
        value = measure.sign * measure.loading * level
        value += math.sqrt(1 - measure.loading**2) * draw.gauss(0.0, 1.0)
        return options[sum(value > cut for cut in _cuts(len(options)))]

    def _fact(self, item: str, options: Sequence[str]) -> str:
        draw = stream(self.seed, "fact", self.character.number, item)
        if draw.random() < self.truth.prefers_not_to_say:
            return options[-1]
        return draw.choice(options[:-1] if len(options) > 2 else options)

    def _level(self, wave: str, nth: int, construct: str) -> float:
        column = CONSTRUCTS.index(construct)
        if wave in ROUNDS:
            return float(self.latent[ROUNDS.index(wave), column])
        today = stream(self.seed, "today", self.character.number, wave, nth).gauss(0.0, 1.0)
        share = self.truth.state_loading
        return math.sqrt(share) * float(self.latent[0, column]) + math.sqrt(1 - share) * today

    def _diary(self, wave: str, nth: int) -> Intention:
        draw = stream(self.seed, "diary", self.character.number, wave, nth)
        if draw.random() > self.truth.diary_response:
            return Intention(Fate.IGNORES)
        minutes = 40 * math.exp(draw.gauss(0.0, 0.9))
        return Intention(Fate.COMPLETES, delay=timedelta(minutes=min(minutes, 330)))

    def _dropout(self, index: int) -> float:
        """The chance to miss one round, more likely with distress and avoidance at the start."""
        base = 1 - self.truth.retention[index]
        start = self.latent[0]
        pull = self.truth.dropout_on_distress * start[CONSTRUCTS.index("distress")]
        pull += self.truth.dropout_on_avoidance * start[CONSTRUCTS.index("avoidance")]
        odds = base / (1 - base) * math.exp(pull)
        return float(odds / (1 + odds))

    def _fate(self, u: float, *, fresh: bool) -> Fate:
        careless = self.truth.unfinished_at_baseline if fresh else 1.0
        for fate, share in (
            (Fate.STOPS, self.truth.stops_midway * careless),
            (Fate.TWO_SITTINGS, self.truth.two_sittings),
            (Fate.OPENS_ONLY, self.truth.opens_only * careless),
        ):
            if u < share:
                return fate
            u -= share
        return Fate.COMPLETES


def _cuts(n: int) -> Sequence[float]:
    return CUTS.get(n) or [-1.6 + 3.2 * i / (n - 2) for i in range(n - 1)] if n > 2 else (0.0,)
