"""What planning knows of people, read from their rows in a few queries for many people.

`hold` and `dossiers` also lock. The order of locks is everywhere the same: a participant, their
occasions, their messages. Whoever changes somebody's plan holds that participant's row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import NamedTuple, Protocol, TypeAlias
from uuid import UUID

from surveys.design.conditions import Fact, Value
from surveys.participants.models import Anchor, Participant
from surveys.scheduling.existing import ExistingMessage, ExistingOccasion
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.person import PersonFacts
from surveys.scheduling.planned import Intent, Key
from surveys.scheduling.states import OccasionState

OPENED = frozenset(
    {OccasionState.OPEN, OccasionState.STARTED, OccasionState.COMPLETED, OccasionState.EXPIRED}
)
RUNNING = frozenset({OccasionState.PLANNED, OccasionState.OPEN, OccasionState.STARTED})
CHANGEABLE = (
    OccasionState.PLANNED, OccasionState.CANCELLED, OccasionState.EXCLUDED,
    OccasionState.OPEN, OccasionState.STARTED,  # of these only the messages, in a pause
)  # fmt: skip


EXISTING = (
    "pk", "wave", "nth", "state", "cause", "opens_at", "closes_at", "ended_at", "local",
    "snoozed_until",
)  # fmt: skip


Results: TypeAlias = Mapping[Fact, Value]  # one person's answers and scores of completed waves
# Reads them in bulk for participants; the pipeline hands in the one of `responding`, which
# scheduling does not know.
ReadResults: TypeAlias = Callable[[Collection[int], Collection[Fact]], Mapping[int, Results]]


class ResultsNotAtHand(LookupError):
    """A condition asks for answers or scores, and the caller brought nobody who reads them."""


def no_results(_participants: Collection[int], needed: Collection[Fact]) -> Mapping[int, Results]:
    """For callers whose protocols ask for none; raises ResultsNotAtHand."""
    raise ResultsNotAtHand(", ".join(sorted(map(str, needed))))


def results_for(
    read: ReadResults, participants: Collection[int], needed: Collection[Fact]
) -> Mapping[int, Results]:
    """What the conditions need; nothing is read when they need nothing."""
    return read(participants, needed) if needed and participants else {}


class Past(Protocol):
    """What an occasion says about its wave; a row as well as its short form."""

    @property
    def wave(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def local(self) -> Intent: ...
    @property
    def opens_at(self) -> datetime | None: ...
    @property
    def ended_at(self) -> datetime | None: ...


class Dossier(NamedTuple):
    """One participant, their facts, and their plan as it exists."""

    participant: Participant
    facts: PersonFacts
    existing: Mapping[Key, ExistingOccasion]


def hold(participants: Iterable[int]) -> list[Participant]:
    """The participants' rows, fresh and locked until the transaction ends, by rising id."""
    rows = Participant.objects.filter(pk__in=list(participants)).order_by("pk")
    return list(
        rows.select_for_update(of=("self",), no_key=True)
        .select_related("study")
        .defer("study__draft")
    )


def dossiers(
    people: Sequence[Participant],
    results: Mapping[int, Results] | None = None,
    *,
    are_held: bool = True,
) -> Iterator[Dossier]:
    """The facts and plans of participants whose rows the caller holds; locks what may change.

    Whoever only reads says that they are not held: then nothing is locked.
    """
    results = results or {}
    ids = [participant.pk for participant in people]
    anchors = _anchors(ids)
    if are_held:
        _hold_plans(ids)
    plans = _plans(ids)
    for participant in people:
        existing = plans.get(participant.pk, {})
        own = anchors.get(participant.pk, {}), results.get(participant.pk, {})
        facts = facts_of(participant, existing.values(), *own)
        yield Dossier(participant, facts, existing)


def facts_of(
    participant: Participant,
    occasions: Collection[Past],
    anchors: Mapping[str, date],
    results: Results | None = None,
) -> PersonFacts:
    """What a plan depends on, from rows already read."""
    by_wave: dict[str, list[Past]] = defaultdict(list)
    for occasion in occasions:
        by_wave[occasion.wave].append(occasion)
    return PersonFacts(
        code=participant.code,
        seed=participant.study.seed,
        zone=participant.timezone,
        arm=participant.arm,
        enrolled_at=participant.enrolled_at,
        anchors=anchors,
        completed={w: done for w, rows in by_wave.items() if (done := completed_at(rows))},
        ended={wave: has_completed(rows) for wave, rows in by_wave.items()},
        anchor_zones=anchor_zones(occasions),
        time_of_day=participant.time_of_day,
        paused_until=participant.paused_until,
        most_reminders=participant.most_reminders,
        withdrawn=participant.status == Participant.Status.WITHDRAWN,
        form=participant.form,
        results=results or {},
    )


def has_completed(wave: Iterable[Past]) -> bool | None:
    """Whether somebody completed a wave; None while any of its occasions may still change that.

    A wave that repeats is completed when all of it has ended and at least one was completed.
    """
    states = {occasion.state for occasion in wave}
    return None if states & RUNNING else OccasionState.COMPLETED in states


def completed_at(wave: Collection[Past]) -> datetime | None:
    """When somebody completed a wave: the last completion, once all of it has ended."""
    if not has_completed(wave):
        return None
    return max(o.ended_at for o in wave if o.state == OccasionState.COMPLETED and o.ended_at)


def ended_waves(participants: Collection[int]) -> dict[int, dict[str, bool | None]]:
    """For each participant, `has_completed` of each wave they have; for conditions."""
    rows: dict[int, dict[str, list[Occasion]]] = defaultdict(lambda: defaultdict(list))
    occasions = Occasion.objects.filter(participant__in=participants)
    for occasion in occasions.only("participant_id", "wave", "state"):
        rows[occasion.participant_id][occasion.wave].append(occasion)
    return {
        person: {wave: has_completed(found) for wave, found in waves.items()}
        for person, waves in rows.items()
    }


def anchor_zones(occasions: Iterable[Past]) -> dict[str, str]:
    """The zone in which each anchor's day was read for the first occasion that opened."""
    opened = [
        (occasion.opens_at, occasion.local)
        for occasion in occasions
        if occasion.opens_at and occasion.state in OPENED and "anchor" in occasion.local
    ]
    zones: dict[str, str] = {}
    for _, local in sorted(opened, key=itemgetter(0)):
        zones.setdefault(local["anchor"], local.get("anchor_zone", local["zone"]))
    return zones


def _anchors(participants: Collection[int]) -> dict[int, dict[str, date]]:
    found: dict[int, dict[str, date]] = defaultdict(dict)
    rows = Anchor.objects.filter(participant__in=participants)
    for person, name, on in rows.values_list("participant", "name", "on"):
        found[person][name] = on
    return found


def _hold_plans(participants: Collection[int]) -> None:
    rows = Occasion.objects.filter(participant__in=participants, state__in=CHANGEABLE)
    in_order = rows.order_by("participant", "pk").select_for_update(no_key=True)
    list(in_order.values_list("pk", flat=True))


def _plans(participants: Collection[int]) -> dict[int, dict[Key, ExistingOccasion]]:
    rows = list(
        Occasion.objects.filter(participant__in=participants).values_list("participant", *EXISTING)
    )
    messages = _messages(participants) if rows else {}
    found: dict[int, dict[Key, ExistingOccasion]] = defaultdict(dict)
    for person, *values in rows:
        occasion = ExistingOccasion._make((*values, messages.get(values[0], ())))
        found[person][occasion.key] = occasion
    return found


def _messages(participants: Collection[int]) -> dict[UUID, tuple[ExistingMessage, ...]]:
    found: dict[UUID, tuple[ExistingMessage, ...]] = {}
    rows = Message.objects.filter(
        occasion__participant__in=participants, occasion__state__in=CHANGEABLE
    )
    for occasion, *values in rows.values_list(
        "occasion_id", "pk", "kind", "nth", "state", "due_at", "why_not"
    ):
        message = ExistingMessage._make(values)
        found[occasion] = (*found.get(occasion, ()), message)
    return found
