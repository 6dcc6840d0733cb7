"""A protocol, a person, and a database of one: what the planner's tests share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from surveys.design.protocol import Protocol
from surveys.scheduling.changes import Change, PlanChange
from surveys.scheduling.existing import ExistingMessage, ExistingOccasion
from surveys.scheduling.message_changes import MessageChange
from surveys.scheduling.person import PersonFacts
from surveys.scheduling.planned import Key, PlannedMessage, PlannedOccasion
from surveys.scheduling.planner import Planner
from surveys.scheduling.underway import Delay
from tests.world import protocol_document, wave_document

BERLIN, AUCKLAND, NEW_YORK = "Europe/Berlin", "Pacific/Auckland", "America/New_York"
EAST, WEST = "Pacific/Kiritimati", "Pacific/Pago_Pago"  # the same clock, a day apart
Plan = dict[Key, ExistingOccasion]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def protocol(*waves: Mapping[str, Any], **changes: Any) -> Protocol:
    return Protocol.model_validate(protocol_document(waves=list(waves), **changes))


def trial(*waves: Mapping[str, Any], **changes: Any) -> Protocol:
    """A protocol with two arms."""
    arms = [{"code": code, "label": {"en": code, "de": code}} for code in ("care", "waitlist")]
    allocation = {"method": "permuted-blocks", "block_sizes": [2]}
    return protocol(*waves, arms=arms, allocation=allocation, **changes)


def diary(anchor: str = "enrollment", **changes: Any) -> dict[str, Any]:
    """A short question every morning for a week."""
    schedule = {"anchor": anchor, "offset": "P1D", "every": "P1D", "times": 7, "at": "09:00"}
    window = {"start_within": "PT90M"}
    return wave_document("diary", "P0D", schedule=schedule, window=window, reminders=[]) | changes


def person(**changes: Any) -> PersonFacts:
    values: dict[str, Any] = {
        "code": "AAAA-0001",
        "seed": "seed",
        "zone": BERLIN,
        "arm": "",
        "enrolled_at": utc("2027-01-31 14:30"),
    }
    return PersonFacts(**values | changes)


def desired_plan(design: Protocol, facts: PersonFacts) -> tuple[PlannedOccasion, ...]:
    return Planner(design).plan(facts)


def written(change: PlanChange, before: Mapping[Key, ExistingOccasion] | None = None) -> Plan:
    """The plan after a change is written, as `rows` writes it; refuses what the keys refuse."""
    plan = dict(before or {})
    for planned in change.create:
        assert planned.key not in plan
        plan[planned.key] = _row(planned)
    for one in (*change.move, *change.revive, *change.exclude):
        plan[one.before.key] = _rewritten(one)
    for row in change.cancel:
        plan[row.key] = row._replace(
            state="cancelled", cause="not_in_version", messages=_dropped(row.messages)
        )
    return plan


def _row(planned: PlannedOccasion) -> ExistingOccasion:
    state = "excluded" if planned.cause else "planned"
    messages = tuple(_message(message) for message in planned.messages)
    wave, nth, cause, opens_at, closes_at, local, _ = planned
    return ExistingOccasion(
        uuid4(), wave, nth, state, str(cause), opens_at, closes_at, None, local, None, messages
    )


def _rewritten(change: Change) -> ExistingOccasion:
    row, planned = change.before, change.after
    found = _changed(row, change.messages, "replanned")
    return _row(planned)._replace(id=row.id, snoozed_until=row.snoozed_until, messages=found)


def _changed(
    row: ExistingOccasion, messages: MessageChange, why_not: str
) -> tuple[ExistingMessage, ...]:
    by_id: dict[UUID, ExistingMessage] = {message.id: message for message in row.messages}
    for dated in (*messages.move, *messages.revive):
        by_id[dated.message.id] = dated.message._replace(
            state="due", due_at=dated.due_at, why_not=""
        )
    for gone in messages.cancel:
        by_id[gone.id] = gone._replace(state="cancelled", why_not=why_not)
    for gone in messages.unwanted:
        by_id[gone.id] = gone._replace(state="cancelled", why_not="fewer_reminders")
    found = (*by_id.values(), *(_message(message) for message in messages.create))
    assert len({(m.kind, m.nth) for m in found}) == len(found)
    return found


def _message(planned: PlannedMessage) -> ExistingMessage:
    kind, nth, due_at, why_not = planned
    state = "cancelled" if why_not else "due"
    return ExistingMessage(uuid4(), kind, nth, state, due_at, str(why_not))


def _dropped(messages: tuple[ExistingMessage, ...]) -> tuple[ExistingMessage, ...]:
    return tuple(m._replace(state="cancelled") if m.state == "due" else m for m in messages)


def put_off(delays: Iterable[Delay], before: Mapping[Key, ExistingOccasion]) -> Plan:
    """The plan after a pause or a snooze has reached what is open, as `rows` writes it."""
    plan = dict(before)
    for delay in delays:
        row, why_not = delay.before, str(delay.why_not)
        messages = _changed(row, delay.messages, why_not)
        plan[row.key] = row._replace(local=delay.local, messages=messages)
    return plan


def swept(
    plan: Mapping[Key, ExistingOccasion], now: datetime, pause_ends_at: datetime | None = None
) -> Plan:
    """The plan after a sweep and a delivery at `now`."""
    return {key: _swept(row, now, pause_ends_at) for key, row in plan.items()}


def _swept(
    row: ExistingOccasion, now: datetime, pause_ends_at: datetime | None
) -> ExistingOccasion:
    if row.state not in {"planned", "open"} or row.opens_at is None or row.opens_at > now:
        return row
    if (
        row.state == "planned"
        and row.closes_at
        and pause_ends_at
        and row.closes_at <= pause_ends_at
    ):
        if not row.is_over(now):
            return row
        messages = _dropped(row.messages)
        return row._replace(state="cancelled", cause="paused", ended_at=now, messages=messages)
    if row.is_over(now):
        missed = tuple(m._replace(state="missed") if m.state == "due" else m for m in row.messages)
        return row._replace(state="expired", ended_at=now, messages=missed)
    sent = tuple(
        m._replace(state="sent") if m.state == "due" and m.due_at <= now else m
        for m in row.messages
    )
    return row._replace(state="open", messages=sent)


def completed(plan: Mapping[Key, ExistingOccasion], key: Key, now: datetime) -> Plan:
    """The plan after the person completed an open occasion."""
    row = plan[key]
    assert row.state == "open"
    messages = _dropped(row.messages)
    return {**plan, key: row._replace(state="completed", ended_at=now, messages=messages)}
