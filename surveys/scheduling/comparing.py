"""People's plans as they are against the plans they should have; replanning, previews and checks.

One function compares, whoever asks and whatever is done with the answer. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from surveys.design.models import ProtocolVersion
from surveys.design.registry import protocol_of
from surveys.participants.models import Participant
from surveys.scheduling.changes import PlanChange, diff
from surveys.scheduling.facts import Dossier, ReadResults, Results, dossiers, results_for
from surveys.scheduling.planner import Planner
from surveys.scheduling.reminding import Reminding
from surveys.scheduling.underway import Delay, delays


class Compared(NamedTuple):
    """One person, and what must be written so that their plan is as it should be."""

    dossier: Dossier
    change: PlanChange
    delays: list[Delay]


class Planners:
    """The planners of protocol versions by their row, each made once.

    `read` reads the answers and scores that their conditions ask for, if any do.
    """

    def __init__(self, read: ReadResults) -> None:
        self._made: dict[int, Planner] = {}
        self._read = read

    def __getitem__(self, version: int) -> Planner:
        if version not in self._made:
            row = ProtocolVersion.objects.defer("document").get(pk=version)
            self._made[version] = Planner(protocol_of(row))
        return self._made[version]

    def results_of(self, people: Sequence[Participant]) -> Mapping[int, Results]:
        """What the conditions of each person's version ask for."""
        needed = {pk: self[pk].results_needed for pk in {p.protocol_id for p in people}}
        asking = [participant.pk for participant in people if needed[participant.protocol_id]]
        return results_for(self._read, asking, frozenset().union(*needed.values()))


def compare_all(
    people: Sequence[Participant], planners: Planners, now: datetime, *, are_held: bool = True
) -> list[Compared]:
    """Compare each with their own version; `are_held` says that the caller holds their rows."""
    found = dossiers(people, planners.results_of(people), are_held=are_held)
    return [compare(dossier, planners[dossier.participant.protocol_id], now) for dossier in found]


def compare(dossier: Dossier, planner: Planner, now: datetime) -> Compared:
    """What must be written so that this person's plan is as `planner` wants it."""
    existing = dossier.existing
    if dossier.facts.withdrawn:
        return Compared(dossier, PlanChange(keep=list(existing.values())), [])
    desired = planner.plan(dossier.facts)
    pause = planner.postponement(dossier.facts)
    reminding = Reminding(dossier.facts.most_reminders)
    return Compared(
        dossier,
        diff(existing, desired, now, planner.quiet_hours),
        delays(existing.values(), pause, reminding, now),
    )
