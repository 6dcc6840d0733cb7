"""To which consent text people agreed, what it promised, and who must agree anew. Reads only.

The preview of an amendment, the page for leaving and that for the consent ask here.
"""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from surveys.design.consenting import Consent, oldest_enough
from surveys.design.models import ProtocolVersion, Study
from surveys.design.registry import protocol_of
from surveys.participants import agreeing
from surveys.participants.actions import Scope
from surveys.participants.models import ConsentRecord, Participant


def n_older(study: Study, version: int) -> int:
    """How many who still take part agreed to older consent texts than `version` only."""
    return behind(study, version).count()


def behind(study: Study, version: int) -> QuerySet[Participant]:
    """Who still takes part and agreed to older consent texts than `version` only."""
    newer = ConsentRecord.objects.filter(participant=OuterRef("pk"), version__gte=version)
    people = Participant.objects.filter(study=study, status=Participant.Status.ENROLLED)
    return people.exclude(Exists(newer))


def must_renew(study: Study, draft: Consent | None = None) -> QuerySet[Participant]:
    """Who still takes part and must agree anew, under what is published or with a draft as well."""
    declared = study.protocols.order_by("version").values_list(
        "document__consent__version", "document__consent__renewal"
    )
    drafted = [(draft.version, draft.renewal)] if draft else []
    enough = oldest_enough([*declared, *drafted])
    return behind(study, enough) if enough else Participant.objects.none()


def agreed_to(participant: Participant, language: str) -> str:
    """The text to which somebody agreed last, as Markdown; empty when nothing is known of it."""
    last = participant.consents.order_by("-version").first()
    if last is None or last.signed_text:
        return last.signed_text if last else ""
    version = ProtocolVersion.objects.filter(
        study=participant.study_id, document__consent__version=last.version
    ).last()
    return agreeing.unsigned_text(protocol_of(version), language) if version else ""


def choices(participant: Participant) -> list[Scope]:
    """How far somebody can still leave by themselves, from least to most; empty when all is done.

    Whoever wants data erased gets as much erased as the consent text promised to which they agreed
    last: another promise in a later protocol takes nothing back.
    """
    widest = Scope.ERASE_DATA if _promises_erasure(participant) else Scope.ERASE_CONTACT
    offered, done = [Scope.KEEP_DATA, widest], participant.withdrawal_scope
    ways = list(Scope)
    return [one for one in offered if not done or ways.index(one) > ways.index(Scope(done))]


def _promises_erasure(participant: Participant) -> bool:
    versions = ProtocolVersion.objects.filter(study=participant.study_id)
    agreed = participant.consents.order_by("-version").first()
    if agreed is None:
        versions = versions.filter(pk=participant.protocol_id)
    else:
        versions = versions.filter(document__consent__version=agreed.version)
    return versions.filter(document__consent__withdrawal="erase-collected-data").exists()
