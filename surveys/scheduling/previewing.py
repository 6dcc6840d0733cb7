"""What publishing the draft will do to people's plans, told before anything changes.

Plans and compares with the functions that publishing uses, in a transaction that cannot write.
The console, the command and the API show it; `read` is what they hand back to publish it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from surveys.design import queries
from surveys.design.difference import Change, difference
from surveys.design.models import ProtocolVersion, Study
from surveys.design.protocol import Protocol
from surveys.design.registry import protocol_of
from surveys.lib.snapshots import read_only
from surveys.participants import consents, forms
from surveys.participants.models import Participant
from surveys.scheduling.changes import PlanChange
from surveys.scheduling.comparing import compare
from surveys.scheduling.counting import PlanCounts, by_wave
from surveys.scheduling.facts import Dossier, ReadResults, dossiers, no_results, results_for
from surveys.scheduling.isolation import UNUSABLE, log_unusable
from surveys.scheduling.planner import Planner
from surveys.scheduling.queries import UNFINISHED
from surveys.scheduling.states import OccasionState

CHUNK = 200  # people at a time; bounds the memory
SHOWN = 50  # people on one page
UNDER_WAY = (OccasionState.OPEN, OccasionState.STARTED)


@dataclass(frozen=True)
class Amendment:
    """The draft against the version in force. `read` stands for the two, as a hash."""

    study: Study
    version: ProtocolVersion
    protocol: Protocol
    changes: list[Change]
    read: str


@dataclass(frozen=True)
class Affected:
    """One participant whose plan would change; `waves` are those in which it does."""

    code: str
    counts: PlanCounts
    waves: tuple[str, ...]


@dataclass
class Preview:
    """What would happen to the plans of all who take part.

    `n_under_way` have an occasion open now, which they finish on the version it opened under.
    `n_older_consent` agreed to older consent texts than the draft's. `n_consent_anew` have to agree
    anew before they are asked more; who has nothing more to come is not among them.
    """

    n_people: int = 0
    n_affected: int = 0
    n_under_way: int = 0
    n_withdrawn: int = 0
    n_older_consent: int = 0
    n_consent_anew: int = 0
    unplannable: list[str] = field(default_factory=list)  # stay on their version; codes
    counts: PlanCounts = field(default_factory=PlanCounts)
    waves: dict[str, PlanCounts] = field(default_factory=dict)


def amendment(study: Study) -> Amendment | None:
    """The study's draft as an amendment; None when it has no draft that differs, or no version."""
    draft = queries.draft(study)
    version = study.protocols.order_by("-version").first()
    if draft is None or version is None or protocol_of(version) == draft:
        return None
    changes = difference(protocol_of(version), draft)
    return Amendment(study, version, draft, changes, queries.read_mark(study))


def preview(amendment: Amendment, *, now: datetime, results: ReadResults = no_results) -> Preview:
    """Count, for everybody who takes part, what publishing the draft at `now` would do."""
    study, protocol = amendment.study, amendment.protocol
    found = Preview(waves={wave.code: PlanCounts() for wave in protocol.waves})
    with read_only():
        renewing = set(consents.must_renew(study, protocol.consent).values_list("code", flat=True))
        for person in _people(study, protocol, now, "", results):
            found.n_people += 1
            if person.waves is None:
                found.unplannable.append(person.code)
                continue
            found.n_affected += bool(person.counts.changes)
            found.n_under_way += person.is_under_way
            found.n_consent_anew += person.has_more and person.code in renewing
            found.counts += person.counts
            for wave, counts in person.waves.items():
                found.waves[wave] = found.waves.get(wave, PlanCounts()) + counts
        withdrawn = study.participants.filter(status=Participant.Status.WITHDRAWN)
        found.n_withdrawn = withdrawn.count()
        found.n_older_consent = consents.n_older(study, protocol.consent.version)
    return found


def affected(
    amendment: Amendment,
    *,
    now: datetime,
    after: str = "",
    limit: int = SHOWN,
    results: ReadResults = no_results,
) -> list[Affected]:
    """Whose plans would change, by code, the first `limit` of those behind `after`."""
    with read_only():
        return list(islice(_affected(amendment, now, after, results), limit))


def _affected(
    amendment: Amendment, now: datetime, after: str, read: ReadResults
) -> Iterator[Affected]:
    for person in _people(amendment.study, amendment.protocol, now, after, read):
        if person.waves and person.counts.changes:
            waves = sorted(wave for wave, counts in person.waves.items() if counts.changes)
            yield Affected(person.code, person.counts, tuple(waves))


@dataclass(frozen=True)
class _Person:
    code: str
    counts: PlanCounts
    waves: dict[str, PlanCounts] | None  # None where planning fails
    is_under_way: bool = False
    has_more: bool = False  # something that is not over yet


def _people(
    study: Study, protocol: Protocol, now: datetime, after: str, read: ReadResults
) -> Iterator[_Person]:
    planner = Planner(protocol)
    drawn = forms.to_be_given(study, protocol)
    rows = Participant.objects.filter(study=study, status=Participant.Status.ENROLLED)
    rows = rows.select_related("study").defer("study__draft").order_by("code")
    while people := list(rows.filter(code__gt=after)[:CHUNK]):
        found = results_for(read, [p.pk for p in people], planner.results_needed)
        for dossier in dossiers(people, found, are_held=False):
            own = dossier.participant
            facts = replace(dossier.facts, form=drawn.get(own.pk, own.form))
            yield _person(dossier._replace(facts=facts), planner, now)
        after = people[-1].code


def _person(dossier: Dossier, planner: Planner, now: datetime) -> _Person:
    code = dossier.facts.code
    try:
        change = compare(dossier, planner, now).change
        waves = by_wave(change)
    except UNUSABLE as error:
        log_unusable(dossier.participant, error)
        return _Person(code, PlanCounts(), None)
    states = {row.state for row in dossier.existing.values()}
    counts = sum(waves.values(), PlanCounts())
    has_more = _has_more(dossier, change)
    return _Person(code, counts, waves, not states.isdisjoint(UNDER_WAY), has_more)


def _has_more(dossier: Dossier, change: PlanChange) -> bool:
    """Whether anything is to be answered once the change is made."""
    gone = {row.key for row in change.cancel} | {one.before.key for one in change.exclude}
    stays = (row for key, row in dossier.existing.items() if key not in gone)
    comes = (planned for planned in change.create if not planned.cause)
    return bool(change.revive or any(comes)) or any(row.state in UNFINISHED for row in stays)
