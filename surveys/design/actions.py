"""What is done to studies: load a draft, publish it. The study command and the pipeline call these."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from surveys.audit import log
from surveys.audit.actors import Actor, ActorKind
from surveys.design import checks, queries
from surveys.design.consenting import consent_problems
from surveys.design.models import ProtocolVersion, Study
from surveys.design.protocol import Protocol
from surveys.design.registry import protocol_of
from surveys.design.timing import Found
from surveys.lib.documents import content_hash
from surveys.lib.yamlfile import path_text


class NothingToPublish(ValueError):
    """There is no draft, or it says what the current version says."""


class NotPublishable(ValueError):
    """The draft has problems; `found` pairs their places with what is wrong."""

    def __init__(self, study: str, found: Sequence[Found]) -> None:
        self.found = tuple(found)
        lines = [f"{path_text(where)}: {what}" for where, what in self.found]
        super().__init__("\n".join([f"study '{study}' cannot be published:", *lines]))


class ReasonMissing(ValueError):
    """A change to a published protocol must say why."""


class ChangedMeanwhile(ValueError):
    """The draft or the version in force is no longer the one that was read."""


class SeedIsDrawn(ValueError):
    """The study has a seed already; another one would change who gets what."""


@transaction.atomic
def load(*, protocol: Protocol, by: Actor, now: datetime, seed: str | None = None) -> Study:
    """Create the study or replace its draft; loading the same again changes nothing.

    The seed behind all random draws is made here, once. Raises SeedIsDrawn when the study has
    another one.
    """
    document = document_of(protocol)
    study, is_new = Study.objects.select_for_update().get_or_create(
        code=protocol.study,
        defaults={
            "title": document["title"],
            "seed": seed or secrets.token_hex(32),
            "draft": document,
            "created_at": now,
        },
    )
    if seed is not None and study.seed != seed:
        raise SeedIsDrawn(f"study '{study.code}' has another seed already; load it without one")
    if is_new or study.draft != document:
        study.draft = document
        study.save(update_fields=["draft"])
        log.record(
            "study.created" if is_new else "study.drafted",
            by=by,
            at=now,
            study=study.code,
            subject=study.code,
            content_hash=content_hash(document),
        )
    return study


@transaction.atomic
def publish(
    *, study: Study, reason: str, by: Actor, now: datetime, read: str | None = None
) -> ProtocolVersion:
    """Make the draft the study's next version; `read` is the `queries.read_mark` of a preview.

    Raises ChangedMeanwhile, NothingToPublish, ReasonMissing (from version 2 on) and NotPublishable.
    """
    # The lock makes a second publisher wait and then see the first one's version.
    study = Study.objects.select_for_update().get(pk=study.pk)
    if read is not None and read != queries.read_mark(study):
        raise ChangedMeanwhile(
            "The draft was replaced or published in the meantime. Read it again before you publish it."
        )
    protocol, current = _to_publish(study)
    if current is not None and not reason.strip():
        raise ReasonMissing(f"version {current.version + 1} needs a reason for the change")
    found = [*checks.problems(protocol, queries.instruments())]
    if current is not None:
        found += consent_problems(protocol_of(current).consent, protocol.consent)
    if found:
        raise NotPublishable(study.code, found)
    document = document_of(protocol)
    row = ProtocolVersion.objects.create(
        study=study,
        version=current.version + 1 if current else 1,
        content_hash=content_hash(document),
        document=document,
        published_at=now,
        published_by_id=_staff(by),
        reason=reason.strip(),
    )
    study.title = document["title"]
    study.save(update_fields=["title"])
    log.record(
        "protocol.published",
        by=by,
        at=now,
        study=study.code,
        subject=study.code,
        reason=row.reason,
        version=row.version,
        content_hash=row.content_hash,
    )
    return row


def document_of(protocol: Protocol) -> dict[str, Any]:
    """The protocol as it is stored: defaults written out, so that a later default changes nothing."""
    return protocol.model_dump(mode="json", exclude_none=True)


def _staff(by: Actor) -> int | None:
    """The row of the staff member who acts; none for commands and jobs."""
    if by.kind not in {ActorKind.STAFF, ActorKind.API}:
        return None
    return get_user_model().objects.filter(code=by.name).values_list("pk", flat=True).first()


def _to_publish(study: Study) -> tuple[Protocol, ProtocolVersion | None]:
    protocol = queries.draft(study)
    if protocol is None:
        raise NothingToPublish(f"study '{study.code}' has no draft; load its file first")
    try:
        current = queries.current(study)
    except queries.NotPublished:
        return protocol, None
    if protocol_of(current) == protocol:
        message = f"the draft of '{study.code}' says the same as version {current.version}"
        raise NothingToPublish(message)
    return protocol, current
