"""The one door through which instruments come in. Versions are added, never changed."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.instruments import registry
from surveys.instruments.definition import Found, Instrument, Licence
from surveys.instruments.examples import disagreements
from surveys.instruments.files import document_of
from surveys.instruments.library import shipped
from surveys.instruments.models import InstrumentVersion
from surveys.instruments.wording import Sheet, worded
from surveys.lib import locks
from surveys.lib.documents import content_hash

LICENCE_NAME = "As stated by who added the wording"


class VersionTaken(ValueError):
    """The code and version exist already with another content."""

    def __init__(self, ref: str) -> None:
        self.ref = ref
        super().__init__(f"'{ref}' exists already with another content; give it the next version")


class LicenceMissing(ValueError):
    """Wording comes only with the terms under which it may be used."""


class ExampleFails(ValueError):
    """A worked example of the instrument does not come out as it says."""

    def __init__(self, ref: str, found: list[Found]) -> None:
        self.ref, self.found = ref, found
        what = "; ".join(f"{'.'.join(map(str, where))} {message}" for where, message in found)
        super().__init__(f"'{ref}': {what}")


@transaction.atomic
def add(*, definition: Instrument, by: Actor, now: datetime) -> InstrumentVersion:
    """Add one version of an instrument; adding the same content again changes nothing.

    Raises ExampleFails and VersionTaken.
    """
    found = disagreements(definition)
    if found:
        raise ExampleFails(definition.ref, found)
    document = document_of(definition)
    digest = content_hash(document)
    existing = _existing(definition, digest)
    if existing is not None:
        return existing
    try:
        with transaction.atomic():
            row = InstrumentVersion.objects.create(
                code=definition.instrument,
                version=definition.version,
                content_hash=digest,
                document=document,
                added_at=now,
            )
    except IntegrityError:  # somebody else added it between the look and the insert
        raced = _existing(definition, digest)
        if raced is None:
            raise
        return raced
    log.record("instrument.added", by=by, at=now, subject=row.ref, content_hash=digest)
    return row


@transaction.atomic
def add_wording(
    *, ref: str, sheet: Sheet, order: str, licence: str, by: Actor, now: datetime
) -> InstrumentVersion:
    """Add the next version of an instrument, with wording that `by` holds the rights to.

    `licence` says under which terms, in the researcher's words; it is kept in the document, and
    with who and when in the audit trail. The same sheet again changes nothing. Raises
    UnknownInstrument, LicenceMissing and wording.SheetError.
    """
    if not licence.strip():
        raise LicenceMissing("say under which terms you may use this wording")
    base = registry.known(ref)
    locks.hold(f"wording of {base.instrument}")  # so that two sheets take two version numbers
    terms = Licence(name=LICENCE_NAME, statement=licence.strip())
    made = worded(base, sheet, order=order, licence=terms)
    content = document_of(made) | {"version": 0}
    newest = base.version
    for row in InstrumentVersion.objects.filter(code=base.instrument):
        if row.document | {"version": 0} == content:
            return row
        newest = max(newest, row.version)
    row = add(definition=made.model_copy(update={"version": newest + 1}), by=by, now=now)
    log.record(
        "instrument.worded",
        by=by,
        at=now,
        subject=row.ref,
        key=ref,
        order=order,
        languages=list(sheet.languages),
        licence=terms.statement,
    )
    return row


@transaction.atomic
def add_shipped(*, by: Actor, now: datetime) -> tuple[InstrumentVersion, ...]:
    """Add every instrument that ships with the platform and is not there yet."""
    return tuple(add(definition=definition, by=by, now=now) for definition in shipped())


def _existing(definition: Instrument, digest: str) -> InstrumentVersion | None:
    row = InstrumentVersion.objects.filter(
        code=definition.instrument, version=definition.version
    ).first()
    if row is not None and row.content_hash != digest:
        raise VersionTaken(definition.ref)
    return row
