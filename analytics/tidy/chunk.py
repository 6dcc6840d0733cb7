"""What a table is made from: some whole people with all that is stored about them, as arrays. Pure.

`analytics.source` fills a Chunk from the database; the tests fill it from nothing. Arrays of one
dataclass have one length; people, waves, plans and forms are named by their places.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.tidy.arrays import NO_MOMENT, Floats, Ints
from analytics.tidy.reasons import Flags, Reason

ANSWERED, SKIPPED, NOT_SHOWN, BRANCHED_OUT, NO_TARGET = 0, 1, 2, 3, 4
ERASE_DATA = "erase_data"  # the withdrawal scope under which no answer may leave the platform

Millis = NDArray[np.int64]
Objects = NDArray[np.object_]


@dataclass(frozen=True)
class People:
    """Participants in the order of their codes."""

    code: Objects
    arm: Objects
    planned_form: Objects
    site: Objects
    language: Objects
    zone: Objects
    protocol_version: Ints
    enrolled: Millis
    joined_by: Objects
    group: Objects
    status: Objects
    withdrawn: Millis
    scope: Objects
    reminders: Objects
    strata: tuple[Mapping[str, str], ...]

    @property
    def is_erased(self) -> Flags:
        """Who has had their data erased."""
        return np.array([scope == ERASE_DATA for scope in self.scope], dtype=np.bool_)


@dataclass(frozen=True)
class Occasions:
    """Occasions in the order of person, wave and nth."""

    person: Ints
    plan: Ints
    wave: Ints
    planned_form: Ints  # the one it was planned with, its place in `Design.planned_forms` or -1
    nth: Ints
    state: NDArray[np.str_]
    cause: NDArray[np.str_]
    opens: Millis
    closes: Millis
    link_opened: Millis
    started: Millis
    last_saved: Millis
    ended: Millis
    local: Objects
    zone: Objects

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True)
class Messages:
    """Messages in the order of occasion, due time, kind and nth."""

    occasion: Ints
    kind: Objects
    nth: Ints
    due: Millis
    sent: Millis
    state: Objects
    why_not: Objects
    n_attempts: Ints
    language: Objects


@dataclass(frozen=True)
class Consents:
    """Consents on record in the order of person and version."""

    person: Ints
    version: Ints
    language: Objects
    text_hash: Objects
    given: Millis
    source: Objects


@dataclass(frozen=True)
class SignUps:
    """What became of those who came by the public link, by day; they belong to no chunk."""

    day: Objects
    started: Ints
    not_eligible: Ints
    full: Ints
    unconfirmed: Ints
    joined: Ints


@dataclass(frozen=True)
class Scored:
    """The scores of n submissions on the form's m scales, its calculated values the last of them.

    `why` and `lacks` have for each value's place the reasons and, in words, what is missing.
    """

    value: Floats
    n_answered: Ints
    prorated: Flags
    why: Mapping[int, NDArray[np.int8]] = field(default_factory=dict)
    lacks: Mapping[int, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Filled:
    """Submissions to one form: n x k matrices, columns in the form's item order."""

    form: int
    occasion: Ints
    numbers: Floats  # NaN where there is no number
    status: NDArray[np.int8]  # ANSWERED to NO_TARGET
    texts: Mapping[int, pa.Array]  # by place, for text items
    seconds: Floats
    changes: Ints  # -1 where unknown
    in_sight: Callable[[], Floats]  # n seconds
    score: Callable[[Floats], Scored]  # numbers in, scores out
    positions: Ints | None = None  # where an order was drawn: the place shown at, 0 if it was not
    option_orders: Mapping[int, pa.Array] = field(default_factory=dict)  # by place, words

    @cached_property
    def seconds_active(self) -> Floats:
        """How long the pages were in sight; like the scores, only when a table wants it."""
        return self.in_sight()

    @cached_property
    def scored(self) -> Scored:
        """The scores; made once, and only when a table wants them."""
        return self.score(self.numbers)


@dataclass(frozen=True)
class Chunk:
    """Some whole people, never a part of one."""

    people: People
    occasions: Occasions
    messages: Messages
    consents: Consents
    filled: tuple[Filled, ...] = field(default=())

    @property
    def latest(self) -> int:
        """The time of the latest event in it; NO_MOMENT when nothing has happened."""
        happened = (
            self.people.enrolled, self.people.withdrawn, self.occasions.link_opened,
            self.occasions.last_saved, self.occasions.ended, self.messages.sent, self.consents.given,
        )  # fmt: skip
        return max(int(times.max(initial=NO_MOMENT)) for times in happened)


SKIPPED_CODE, BRANCHED_OUT_CODE = Reason.SKIPPED.code, Reason.BRANCHED_OUT.code
NO_TARGET_CODE = Reason.NO_TARGET.code
