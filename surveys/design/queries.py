"""Which protocol is in force. Reads only; actions, faces and enrolment ask here."""

from __future__ import annotations

from surveys.design.models import ProtocolVersion, Study
from surveys.design.protocol import Protocol
from surveys.instruments.definition import Instrument
from surveys.instruments.library import published
from surveys.instruments.registry import instrument_of, versions
from surveys.lib.documents import content_hash


class NotPublished(LookupError):
    """The study has no such published version."""


def current(study: Study) -> ProtocolVersion:
    """The newest published version; raises NotPublished."""
    row = study.protocols.order_by("-version").first()
    if row is None:
        raise NotPublished(f"study '{study.code}' is not published yet")
    return row


def version(study: Study, number: int) -> ProtocolVersion:
    """One published version; raises NotPublished."""
    row = study.protocols.filter(version=number).first()
    if row is None:
        raise NotPublished(f"study '{study.code}' has no version {number}")
    return row


def draft(study: Study) -> Protocol | None:
    """The draft as a protocol; None when the study has none."""
    return None if study.draft is None else Protocol.model_validate(study.draft)


def read_mark(study: Study) -> str:
    """What somebody has read who looks at the draft and at the version in force, as a hash.

    Publishing compares it, so that nothing is published but what was read.
    """
    newest = study.protocols.order_by("-version").values_list("version", flat=True).first()
    return content_hash({"draft": study.draft, "version": newest})


def instruments() -> dict[str, Instrument]:
    """Every instrument of the platform by its ref, keys without wording among them.

    A protocol may name these; `checks` refuses keys that nobody has given wording.
    """
    return published() | {row.ref: instrument_of(row) for row in versions()}
