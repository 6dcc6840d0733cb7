"""A study's design: publish it, bring people to it, compare plans with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from surveys.audit.actors import Actor
from surveys.design import actions as design
from surveys.design.models import ProtocolVersion, Study
from surveys.instruments import actions as instruments
from surveys.instruments.models import InstrumentVersion
from surveys.instruments.wording import Sheet
from surveys.responding.results import results_of
from surveys.scheduling import actions as scheduling
from surveys.scheduling import previewing
from surveys.scheduling.amending import Adopted
from surveys.scheduling.models import Reconciliation
from surveys.scheduling.previewing import Affected, Amendment, Preview
from surveys.scheduling.reconciling import Reconciled


@dataclass(frozen=True)
class Published:
    """The new version, and whether everybody is under it already."""

    version: ProtocolVersion
    is_adopted: bool


def preview(amendment: Amendment, *, now: datetime) -> Preview:
    """What publishing the draft would do to people's plans; nothing is written."""
    return previewing.preview(amendment, now=now, results=results_of)


def affected(
    amendment: Amendment, *, now: datetime, after: str, limit: int = previewing.SHOWN
) -> list[Affected]:
    """Whose plans publishing would change, the next behind the code `after`; nothing is written."""
    return previewing.affected(amendment, now=now, after=after, limit=limit, results=results_of)


@transaction.atomic
def publish(
    *, study: Study, reason: str, by: Actor, now: datetime, read: str | None = None
) -> Published:
    """Make the study's draft its next version, and bring the people of a small study to it.

    Those of a large one follow with `adopt`. `read` is the mark of the preview that was read.
    """
    version = design.publish(study=study, reason=reason, by=by, now=now, read=read)
    return Published(version, scheduling.adopt_if_few(version, by=by, now=now, results=results_of))


def add_wording(
    *, ref: str, sheet: Sheet, order: str, licence: str, by: Actor, now: datetime
) -> InstrumentVersion:
    """Make the next version of an instrument, with wording that a researcher holds the rights to."""
    return instruments.add_wording(
        ref=ref, sheet=sheet, order=order, licence=licence, by=by, now=now
    )


def adopt(*, now: datetime) -> Adopted:
    """Bring people to versions that were published lately, as many as fit into one run."""
    return scheduling.adopt_due(now=now, results=results_of)


def reconcile(*, now: datetime) -> Reconciled:
    """Compare live plans with what is asked for, as many as are due and fit into one run."""
    return scheduling.reconcile_due(now=now, results=results_of)


def reconcile_study(*, study: Study, repair: bool, by: Actor, now: datetime) -> Reconciliation:
    """Compare all live plans of one study because somebody asks, and make them right if asked."""
    return scheduling.reconcile_now(study, by=by, now=now, repair=repair, results=results_of)
