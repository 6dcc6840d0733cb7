"""Bringing the people of a study to its newest version; part of `actions`.

A small study moves in the transaction that publishes. A large one moves some people at a time,
each time in one transaction: everybody is always under exactly one version, and who is still under
an older one is the list of what remains to be done. `ProtocolVersion.adopted_at` says that it is
empty. People who withdrew stay where they are.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.design.models import ProtocolVersion
from surveys.design.registry import protocol_of
from surveys.lib.crashpoints import Point, reached
from surveys.participants import forms, renewing
from surveys.participants.models import Participant
from surveys.scheduling import queries
from surveys.scheduling.counting import PlanCounts
from surveys.scheduling.facts import ReadResults, hold, no_results
from surveys.scheduling.isolation import do_usable
from surveys.scheduling.replanning import replan

AT_ONCE = 200  # people in one transaction, whose saved pages wait for its end
RUN_SECONDS = 10.0  # no further people are begun after this long; sweeps share the queue
BY = Actor.system("amend")


@dataclass(frozen=True)
class Adopted:
    """How many people a run brought to their study's newest version, and whether more wait."""

    n_people: int = 0
    is_cut: bool = False


def waiting(version: ProtocolVersion) -> QuerySet[Participant]:
    """The people of the study who still are under another version than this, its newest."""
    people = Participant.objects.filter(study=version.study_id, status=Participant.Status.ENROLLED)
    return people.exclude(protocol=version)


@transaction.atomic
def adopt_if_few(
    version: ProtocolVersion, *, by: Actor, now: datetime, results: ReadResults = no_results
) -> bool:
    """Bring everybody to a version that has just been published, unless they are too many.

    Then nobody moves here, and `adopt_due` moves them.
    """
    if waiting(version).count() > AT_ONCE:
        return False
    _adopt_some(version, 0, by=by, now=now, results=results)
    return True


def adopt_due(*, now: datetime, results: ReadResults = no_results) -> Adopted:
    """Move people to versions that were published lately, until nobody waits or time is over."""
    began, n_people = time.monotonic(), 0
    for version in _unadopted():
        after: int | None = 0
        while after is not None:
            if time.monotonic() - began > RUN_SECONDS:
                return Adopted(n_people, is_cut=True)
            n_moved, after = _adopt_some(version, after, by=BY, now=now, results=results)
            n_people += n_moved
    return Adopted(n_people)


def ask_again(participant: Participant) -> bool:
    """Have `adopt_due` look again for somebody who could not be planned when everybody moved."""
    versions = ProtocolVersion.objects.filter(study=participant.study_id)
    newest = versions.order_by("-version").values("pk")[:1]
    behind = versions.filter(pk=Subquery(newest)).exclude(pk=participant.protocol_id)
    return behind.update(adopted_at=None) > 0


def _unadopted() -> list[ProtocolVersion]:
    newest = ProtocolVersion.objects.filter(study=OuterRef("study")).order_by("-version")
    rows = ProtocolVersion.objects.filter(adopted_at=None, pk=Subquery(newest.values("pk")[:1]))
    return list(rows.select_related("study").defer("document", "study__draft").order_by("pk"))


@transaction.atomic
def _adopt_some(
    version: ProtocolVersion, after: int, *, by: Actor, now: datetime, results: ReadResults
) -> tuple[int, int | None]:
    """Move the next people behind `after`; how many, and where to go on, None when through.

    Who cannot be planned stays under the older version, is logged, and stops nobody; a consent
    anew is asked of them like of everybody.
    """
    ids = waiting(version).filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)
    wanted = list(ids[:AT_ONCE])
    moved: list[tuple[int, PlanCounts]] = []
    protocol = protocol_of(version)
    forms.hold_study(version.study, protocol)

    def move(people: Sequence[Participant]) -> None:
        Participant.objects.filter(pk__in=[p.pk for p in people]).update(protocol=version)
        forms.give(study=version.study, people=people, protocol=protocol, by=by, now=now)
        moved.append((len(people), replan(people, by=by, now=now, results=results)))

    # Fresh rows: somebody may have withdrawn, or another run may have moved them.
    enrolled = Participant.Status.ENROLLED
    held = [p for p in hold(wanted) if p.status == enrolled and p.protocol_id != version.pk]
    if held:
        renewing.ask(study=version.study, people=held, now=now)
        do_usable(held, move)
    reached(Point.IN_AMENDMENT)
    n_people = sum(n for n, _ in moved)
    is_last = len(wanted) < AT_ONCE
    if n_people:
        counts = sum((counts for _, counts in moved), PlanCounts())
        _record(version, n_people, counts.changes | _asked(version, held), by, now)
    if is_last:
        ProtocolVersion.objects.filter(pk=version.pk).update(adopted_at=now)
    return n_people, None if is_last else wanted[-1]


def _asked(version: ProtocolVersion, people: Sequence[Participant]) -> dict[str, int]:
    """How many of some people wait for their own consent anew, if any do."""
    n = queries.waiting_for_consent(version.study).filter(pk__in=[p.pk for p in people]).count()
    return {"consent_asked": n} if n else {}


def _record(
    version: ProtocolVersion, n_people: int, changes: dict[str, Any], by: Actor, now: datetime
) -> None:
    log.record(
        "protocol.adopted",
        by=by,
        at=now,
        study=version.study.code,
        subject=version.study.code,
        version=version.version,
        people=n_people,
        **changes,
    )
