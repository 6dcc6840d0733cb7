"""Consent anew: who is asked for it, who gives it, who does not.

A new version of a protocol may ask for it (`consent.renewal`). Until somebody agrees, no answer of
theirs is taken; what they agreed to before stays on record beside the new consent. The text is
always that of the study's newest version, whether or not somebody has been moved to it yet.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction

from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.design import queries
from surveys.design.models import ProtocolVersion, Study
from surveys.design.protocol import Protocol
from surveys.design.registry import protocol_of
from surveys.participants import agreeing, consents, trail
from surveys.participants.entries import Entry
from surveys.participants.holding import hold
from surveys.participants.models import ConsentRecord, Participant

SOURCE = "renewal"
DECLINED = "consent.declined"


class TextChanged(ValueError):
    """The consent text is no longer the one that was read."""


def ask(*, study: Study, people: Sequence[Participant], now: datetime) -> None:
    """Note which of some people have to agree anew, whose rows are held.

    Whoever need not any more is free of it.
    """
    rows = Participant.objects.filter(pk__in=[person.pk for person in people])
    owing = list(consents.must_renew(study).filter(pk__in=rows).values_list("pk", flat=True))
    rows.filter(pk__in=owing, consent_pending_since=None).update(consent_pending_since=now)
    rows.exclude(pk__in=owing).update(consent_pending_since=None)


def asked_of(participant: Participant) -> Protocol:
    """The protocol whose consent text somebody is asked to agree to: their study's newest."""
    return protocol_of(queries.current(participant.study))


@transaction.atomic
def give(
    *,
    participant: Participant,
    version: int,
    language: str,
    ticked: Collection[int],
    by: Actor,
    now: datetime,
) -> ConsentRecord | None:
    """Somebody agrees to the version of the text that they were shown; None when they need not.

    Raises TextChanged and agreeing.StatementMissing.
    """
    hold(participant)
    if not _owes(participant):
        return None
    protocol = asked_of(participant)
    if protocol.consent.version != version:
        raise TextChanged(f"shown was {version}, in force is {protocol.consent.version}")
    signed = agreeing.signed_text(protocol, language=language, ticked=ticked, at=now)
    record = ConsentRecord(given_at=now, source=SOURCE, language=language, signed_text=signed)
    _append(record, participant, protocol, by, now)
    return record


@transaction.atomic
def record(
    *,
    participant: Participant,
    entry: Entry,
    version: ProtocolVersion,
    source: str,
    by: Actor,
    now: datetime,
) -> None:
    """Note an entry's consent to this version's text, unless it is not needed.

    It counts before somebody is asked for it, too: a large study asks some people at a time.
    """
    hold(participant)
    if not consents.must_renew(participant.study).filter(pk=participant.pk).exists():
        return
    row = ConsentRecord(
        given_at=entry.consented_at,
        source=source,
        language=entry.read_in,
        signed_text=entry.signed_text,
    )
    _append(row, participant, protocol_of(version), by, now)


@transaction.atomic
def decline(*, participant: Participant, by: Actor, now: datetime) -> None:
    """Note that somebody does not agree, once for each version of the text.

    They stay, and are asked nothing until they do.
    """
    hold(participant)
    if not _owes(participant):
        return
    version = asked_of(participant).consent.version
    said = Event.objects.filter(
        event=DECLINED, study=participant.study.code, subject=participant.code
    )
    if not said.filter(data__version=version).exists():
        trail.record(DECLINED, participant, by, now, version=version)


def _owes(participant: Participant) -> bool:
    takes_part = participant.status == Participant.Status.ENROLLED
    return takes_part and participant.consent_pending_since is not None


def _append(
    row: ConsentRecord, participant: Participant, protocol: Protocol, by: Actor, now: datetime
) -> None:
    row.participant, row.version = participant, protocol.consent.version
    row.text_hash = agreeing.text_hash(protocol, row.language)
    row.signed_hash = agreeing.signed_hash(row.signed_text)
    row.save(force_insert=True)
    participant.consent_pending_since = None
    participant.save(update_fields=["consent_pending_since"])
    trail.record("consent.renewed", participant, by, now, version=row.version, source=row.source)
