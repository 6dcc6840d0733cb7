"""Enrolling people with their consent: all of them or none, and never anybody twice.

Called by the pipeline for files and the API. The study's row is the lock, which publishing takes
too: one enrolment runs at a time in a study, so that no two people take one place of a concealed
list, and all of it under one version of the protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial

from django.db import transaction

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.design import queries, zones
from surveys.design.models import ProtocolVersion, Study
from surveys.design.protocol import Protocol
from surveys.design.registry import protocol_of
from surveys.lib import ids
from surveys.participants import agreeing, allocation, consents, forms, renewing
from surveys.participants.entries import Entry, EntryProblems, Problem, repeated, strata_of
from surveys.participants.identity import actions as identity
from surveys.participants.models import Allocation, ConsentRecord, Participant

BATCH = 2000


class ConsentMissing(EntryProblems):
    """Somebody has not agreed to the consent text in force."""


class EnrolmentConflict(EntryProblems):
    """An entry contradicts who is enrolled already."""


@dataclass(frozen=True)
class EnrolmentResult:
    """Who was enrolled now and who had been before, in the order of the entries.

    Left out is who asked to be forgotten: an old file must not enrol and write to them anew.
    """

    created: list[Participant]
    already: list[Participant]
    left_out: list[Entry]


@transaction.atomic
def enrol(
    *, study: Study, entries: Sequence[Entry], source: str, by: Actor, now: datetime
) -> EnrolmentResult:
    """Enrol people under the study's newest protocol.

    Somebody with the same address, and the same code if one is given, is left as they are; only
    their consent is noted where they have to agree anew, if it is proved that it is theirs.
    Raises queries.NotPublished, ConsentMissing, EnrolmentConflict, or EntryProblems for unfit entries.
    """
    _hold(study)
    version = queries.current(study)
    protocol = protocol_of(version)
    _refuse(EntryProblems, _unfit(entries, protocol))
    _refuse(ConsentMissing, _without_consent(entries, protocol, now))
    known = _known(study, entries)
    fresh = [entry for entry in entries if entry.email not in known]
    created = _create(version, fresh, source, now)
    _keep_consent(created, fresh, protocol, source)
    _note_renewals(version, entries, known, source, by, now)
    log.record_each(
        "participant.enrolled",
        [participant.code for participant in created],
        by=by,
        at=now,
        study=study.code,
        source=source,
        protocol=version.version,
        consent=protocol.consent.version,
    )
    return EnrolmentResult(
        created,
        already=[participant for e in entries if (participant := known.get(e.email))],
        left_out=[e for e in entries if e.email in known and known[e.email] is None],
    )


def _hold(study: Study) -> None:
    """Wait for whoever enrols into the study or publishes it, and hold it until the end."""
    Study.objects.select_for_update(no_key=True).only("pk").get(pk=study.pk)


def _refuse(kind: type[EntryProblems], problems: Iterable[Problem]) -> None:
    if found := list(problems):
        raise kind(found)


def _unfit(entries: Sequence[Entry], protocol: Protocol) -> Iterator[Problem]:
    """Faults of entries that did not come through `read_entry`, and people given twice."""
    for entry in entries:
        if entry.language not in protocol.languages:
            yield Problem("no language of this study", "language", entry.row)
        if entry.timezone not in zones.known():
            yield Problem("no zone of the IANA database", "timezone", entry.row)
        for name in strata_of(protocol):
            if not entry.strata.get(name):
                yield Problem("empty, but needed", name, entry.row)
    yield from repeated(entries)


def _without_consent(
    entries: Sequence[Entry], protocol: Protocol, now: datetime
) -> Iterator[Problem]:
    current = protocol.consent.version
    for entry in entries:
        if entry.consent_version != current:
            what = f"agreed to version {entry.consent_version}; in force is {current}"
            yield Problem(what, "consent_version", entry.row)
        if entry.consented_at > now:
            yield Problem("consent lies in the future", "consented_at", entry.row)


def _known(study: Study, entries: Sequence[Entry]) -> dict[str, Participant | None]:
    """Who has been here, by address; None is who was forgotten. Raises EnrolmentConflict."""
    people = identity.find_all(study, [entry.email for entry in entries])
    by_id = Participant.objects.in_bulk([pk for pk in people.values() if pk is not None])
    given = [entry.code for entry in entries if entry.code]
    codes = set(study.participants.filter(code__in=given).values_list("code", flat=True))
    known = {email: None if pk is None else by_id[pk] for email, pk in people.items()}
    _refuse(EnrolmentConflict, _conflicts(entries, known, codes))
    return known


def _conflicts(
    entries: Sequence[Entry], known: Mapping[str, Participant | None], codes: set[str]
) -> Iterator[Problem]:
    """Codes that contradict who is here; nobody's code is named but the one that was given."""
    for entry in entries:
        if entry.email not in known:
            if entry.code in codes:
                yield Problem(f"'{entry.code}' is the code of somebody else", "code", entry.row)
        elif (participant := known[entry.email]) and entry.code not in {None, participant.code}:
            yield Problem("this person is enrolled under another code", "code", entry.row)


def _create(
    version: ProtocolVersion, entries: list[Entry], source: str, now: datetime
) -> list[Participant]:
    study, protocol = version.study, protocol_of(version)
    codes = _codes(study, entries)
    places = allocation.next_places(study=study, protocol=protocol, entries=entries)
    arms = [place.arm for place in places] or [""] * len(entries)
    drawn = forms.next_forms(study=study, protocol=protocol, arms=arms)
    created = Participant.objects.bulk_create(
        [
            Participant(
                study=study,
                protocol=version,
                code=code,
                language=entry.language,
                timezone=entry.timezone,
                site=entry.site,
                strata=dict(entry.strata),
                arm=arm,
                form=form,
                enrolled_at=now,
                joined_by=source,
                group=entry.group,
                panel_id=entry.panel_id,
                parameters=dict(entry.parameters),
            )
            for entry, code, arm, form in zip(entries, codes, arms, drawn, strict=True)
        ],
        batch_size=BATCH,
    )
    Allocation.objects.bulk_create(
        [
            Allocation(
                participant=participant,
                study=study,
                stratum=place.stratum,
                position=place.position,
                arm=place.arm,
                allocated_at=now,
            )
            for participant, place in zip(created, places, strict=bool(places))
        ],
        batch_size=BATCH,
    )
    identity.remember_all(
        identity.NewPerson(participant, entry.email, entry.name)
        for participant, entry in zip(created, entries, strict=True)
    )
    return created


def _codes(study: Study, entries: list[Entry]) -> list[str]:
    """The codes given, and new ones that nobody in the study has."""
    taken = set(study.participants.values_list("code", flat=True))
    taken.update(entry.code for entry in entries if entry.code)
    codes = []
    for entry in entries:
        code = entry.code or ids.participant_code()
        while not entry.code and code in taken:
            code = ids.participant_code()
        taken.add(code)
        codes.append(code)
    return codes


def _note_renewals(
    version: ProtocolVersion,
    entries: Sequence[Entry],
    known: Mapping[str, Participant | None],
    source: str,
    by: Actor,
    now: datetime,
) -> None:
    """Note who agrees anew, in the order in which everybody locks people."""
    given = {p.pk: (p, e) for e in entries if e.is_proved and (p := known.get(e.email))}
    owing = consents.must_renew(version.study).filter(pk__in=given).order_by("pk")
    for pk in owing.values_list("pk", flat=True):
        participant, entry = given[pk]
        renewing.record(
            participant=participant,
            entry=entry,
            version=version,
            source=source,
            by=by,
            now=now,
        )


def _keep_consent(
    created: list[Participant], entries: list[Entry], protocol: Protocol, source: str
) -> None:
    text_hash = cache(partial(agreeing.text_hash, protocol))
    ConsentRecord.objects.bulk_create(
        [
            ConsentRecord(
                participant=participant,
                version=entry.consent_version,
                language=entry.read_in,
                text_hash=text_hash(entry.read_in),
                given_at=entry.consented_at,
                source=source,
                signed_text=entry.signed_text,
                signed_hash=agreeing.signed_hash(entry.signed_text),
            )
            for participant, entry in zip(created, entries, strict=True)
        ],
        batch_size=BATCH,
    )
