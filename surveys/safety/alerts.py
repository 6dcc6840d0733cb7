"""Raising alerts, telling staff, and telling others when nobody acts. The pipeline calls these.

An alert is raised in the transaction that saves the page (docs/adr/0013): it is there if and only
if the answer is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.design.models import ProtocolVersion
from surveys.design.registry import protocol_of
from surveys.design.safety import SafetyRule
from surveys.design.schedule import after
from surveys.instruments.registry import instrument_of
from surveys.messaging import notifying
from surveys.responding.models import Submission
from surveys.safety import mails
from surveys.safety.models import Alert, AlertStep
from surveys.safety.recipients import told
from surveys.safety.rules import concerns
from surveys.safety.states import ALERT, WAITING, AlertState, Step
from surveys.scheduling.models import Occasion

JOB = Actor.system("safety")
BATCH = 200  # alerts that one run escalates; the next run goes on


def raise_for(*, occasion: Occasion, instrument: str, now: datetime) -> bool:
    """Raise what the saved answers to an instrument (its ref) ask for; whether any alert is new.

    The caller holds the occasion's row, so parallel saves come one after the other; a rule raises
    one alert at an occasion, however often it holds there.
    """
    rules = protocol_of(occasion.protocol).safety
    if instrument.split("@")[0] not in {rule.instrument for rule in rules}:
        return False
    saved = _submission(occasion, instrument)
    found = concerns(rules, instrument_of(saved.instrument), saved.answers) if saved else []
    is_new = False
    for concern in found:
        alert, is_first = Alert.objects.get_or_create(
            occasion=occasion,
            rule=concern.rule.code,
            defaults={
                "study": occasion.protocol.study,
                "protocol": occasion.protocol,
                "instrument": instrument,
                "found": concern.found,
                "raised_at": now,
                "escalates_at": next_step(concern.rule, now),
            },
        )
        if is_first:
            announce(alert, concern.rule, by=JOB, now=now)
        is_new |= is_first
    return is_new


def announce(alert: Alert, rule: SafetyRule, *, by: Actor, now: datetime) -> None:
    """Tell those whom the rule names, and note it."""
    n_mails = _mail(alert, rule)
    AlertStep.objects.create(alert=alert, at=now, step=Step.RAISED, by=by.name, n_mails=n_mails)
    record("alert.raised", alert, by=by, now=now, n_mails=n_mails)


def escalate_due(*, now: datetime) -> int:
    """Tell the next about each alert that nobody acknowledged in time; how many alerts that were."""
    late = Alert.objects.filter(state__in=WAITING, escalates_at__lte=now)
    due = list(late.order_by("escalates_at").values_list("pk", flat=True)[:BATCH])
    return sum(_escalate(pk, now) for pk in due)


@transaction.atomic
def _escalate(pk: int, now: datetime) -> bool:
    """One step; another worker that comes at the same time finds the next step not due."""
    rows = Alert.objects.select_for_update(of=("self",)).select_related("study", "protocol")
    alert = rows.filter(pk=pk, state__in=WAITING, escalates_at__lte=now).first()
    if alert is None:
        return False
    rule = rule_of(alert)
    if alert.state != AlertState.ESCALATED:
        ALERT.check(alert.state, AlertState.ESCALATED)
    alert.state = AlertState.ESCALATED
    alert.n_escalations += 1
    alert.escalates_at = next_step(rule, now)
    alert.save(update_fields=["state", "n_escalations", "escalates_at"])
    n_mails = _mail(alert, rule)
    AlertStep.objects.create(alert=alert, at=now, step=Step.ESCALATED, by=JOB.name, n_mails=n_mails)
    record("alert.escalated", alert, by=JOB, now=now, n=alert.n_escalations, n_mails=n_mails)
    return True


def next_step(rule: SafetyRule, now: datetime) -> datetime | None:
    """When others are told unless somebody acknowledges; None when the rule has no such time."""
    return after(now, rule.escalate_after, "UTC") if rule.escalate_after else None


def rule_of(alert: Alert) -> SafetyRule:
    """The rule as it was when the alert was raised."""
    return rule_in(alert.protocol, alert.rule)


def rule_in(protocol: ProtocolVersion, code: str) -> SafetyRule:
    """The rule of that code; raises LookupError."""
    for rule in protocol_of(protocol).safety:
        if rule.code == code:
            return rule
    raise LookupError(f"the protocol has no safety rule '{code}'")


def record(event: str, alert: Alert, *, by: Actor, now: datetime, **data: Any) -> None:
    """One event of the audit trail: the alert by its code, and nothing about the participant."""
    log.record(
        event,
        by=by,
        at=now,
        study=alert.study.code,
        subject=alert.code,
        is_drill=alert.is_drill,
        **data,
    )


def _submission(occasion: Occasion, instrument: str) -> Submission | None:
    code, _, version = instrument.partition("@")
    rows = Submission.objects.select_related("instrument").defer("flat", "paradata")
    return rows.filter(
        occasion=occasion, instrument__code=code, instrument__version=version
    ).first()


def _mail(alert: Alert, rule: SafetyRule) -> int:
    """Post a mail to each who is to be told at this step; how many."""
    path = reverse("console:alert", args=[alert.study.code, alert.code])
    words = mails.words(
        study=alert.study.code,
        alert=alert.code,
        raised_at=alert.raised_at,
        link=f"{settings.PUBLIC_ORIGIN}{path}",
        is_drill=alert.is_drill,
        n_escalations=alert.n_escalations,
    )
    people = told(alert.study, rule.told_at(alert.n_escalations))
    for user in people:
        notifying.post(
            key=f"alert:{alert.code}:{alert.n_escalations}:{user.code}",
            to=user.email,
            words=words,
            recipient=user.code,
            about=alert.code,
            is_urgent=True,
        )
    return len(people)
