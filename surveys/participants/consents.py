"""To which consent text people agreed. Reads only; the preview of an amendment asks here."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from surveys.design.models import Study
from surveys.participants.models import ConsentRecord, Participant


def n_older(study: Study, version: int) -> int:
    """How many who still take part agreed to older consent texts than `version` only."""
    newer = ConsentRecord.objects.filter(participant=OuterRef("pk"), version__gte=version)
    people = Participant.objects.filter(study=study, status=Participant.Status.ENROLLED)
    return people.exclude(Exists(newer)).count()
