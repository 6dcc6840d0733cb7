"""To which consent text people agreed, and what it promised. Reads only.

The preview of an amendment and the page for leaving ask here.
"""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from surveys.design.models import ProtocolVersion, Study
from surveys.participants.actions import Scope
from surveys.participants.models import ConsentRecord, Participant


def n_older(study: Study, version: int) -> int:
    """How many who still take part agreed to older consent texts than `version` only."""
    newer = ConsentRecord.objects.filter(participant=OuterRef("pk"), version__gte=version)
    people = Participant.objects.filter(study=study, status=Participant.Status.ENROLLED)
    return people.exclude(Exists(newer)).count()


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
