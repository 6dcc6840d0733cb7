"""The plan's rows in bulk: new ones by `COPY`, changed ones by one statement for many.

Called by `replanning` inside its transaction. The text of a `COPY` is made here, since a plan of
a million messages would spend more time in type adaptation than in the database.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Model

from surveys.lib.ids import uuid7_texts
from surveys.lib.states import IllegalMove
from surveys.scheduling.changes import Change
from surveys.scheduling.message_changes import Dated
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.planned import Intent, PlannedMessage, PlannedOccasion
from surveys.scheduling.states import OCCASION, MessageState, OccasionState

OCCASION_FIELDS = (
    "id", "participant", "protocol", "wave", "nth", "state", "cause", "opens_at", "closes_at",
    "local", "link_generation",
)  # fmt: skip
MESSAGE_FIELDS = (
    "id", "occasion", "kind", "nth", "state", "due_at", "n_attempts", "why_not", "language",
)  # fmt: skip
NULL = "\\N"


class NewPlan(NamedTuple):
    """The occasions to be made for one participant."""

    participant: int
    protocol: int
    occasions: Sequence[PlannedOccasion]


def insert(plans: Sequence[NewPlan]) -> None:
    """Write new occasions together with their messages."""
    n_occasions = sum(len(plan.occasions) for plan in plans)
    n_messages = sum(len(o.messages) for plan in plans for o in plan.occasions)
    occasion_ids, message_ids = uuid7_texts(n_occasions), uuid7_texts(n_messages)
    occasions: list[str] = []
    messages: list[str] = []
    for plan in plans:
        for planned in plan.occasions:
            occasion_id = next(occasion_ids)
            occasions.append(_occasion_line(occasion_id, plan, planned))
            messages += [
                _message_line(next(message_ids), occasion_id, message)
                for message in planned.messages
            ]
    _copy(Occasion, OCCASION_FIELDS, occasions)
    _copy(Message, MESSAGE_FIELDS, messages)


def insert_messages(wanted: Sequence[tuple[UUID, PlannedMessage]]) -> None:
    """Write new messages of occasions that exist."""
    ids = uuid7_texts(len(wanted))
    _copy(Message, MESSAGE_FIELDS, [_message_line(next(ids), str(o), m) for o, m in wanted])


def rewrite(changes: Sequence[Change], after: OccasionState) -> None:
    """Give existing occasions the state, cause, moments and intent that the plan wants.

    `after` is planned (moved or revived) or excluded. Raises IllegalMove when a row is no longer
    in a state from which that may happen; the caller holds the rows, so that would be a fault.
    """
    sources = {*OCCASION.sources(after), after}
    _update_occasions(
        "state = %s, cause = new.cause, opens_at = new.opens_at, closes_at = new.closes_at, "
        "local = new.local::jsonb, ended_at = NULL",
        [after],
        sources,
        {
            "id uuid": [change.before.id for change in changes],
            "cause text": [str(change.after.cause) for change in changes],
            "opens_at timestamptz": [change.after.opens_at for change in changes],
            "closes_at timestamptz": [change.after.closes_at for change in changes],
            "local text": [json.dumps(change.after.local) for change in changes],
        },
    )


def retell(intents: Sequence[tuple[UUID, Intent]]) -> None:
    """Give occasions that run another explanation; nothing else about them changes."""
    _update_occasions(
        "local = new.local::jsonb",
        [],
        (OccasionState.PLANNED, OccasionState.OPEN, OccasionState.STARTED),
        {
            "id uuid": [occasion for occasion, _ in intents],
            "local text": [json.dumps(local) for _, local in intents],
        },
    )


def date_messages(wanted: Sequence[Dated], before: MessageState) -> None:
    """Make messages due at other moments; one that a worker has taken meanwhile stays as it is."""
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE surveys_message AS m SET state = %s, due_at = new.due_at, why_not = '' "
            "FROM unnest(%s::uuid[], %s::timestamptz[]) AS new(id, due_at) "
            "WHERE m.id = new.id AND m.state = %s",
            [
                MessageState.DUE,
                [dated.message.id for dated in wanted],
                [dated.due_at for dated in wanted],
                before,
            ],
        )


def redate_messages(wanted: Sequence[Dated]) -> None:
    """Note when messages that nobody wants now would be due."""
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE surveys_message AS m SET due_at = new.due_at "
            "FROM unnest(%s::uuid[], %s::timestamptz[]) AS new(id, due_at) "
            "WHERE m.id = new.id AND m.state = %s",
            [
                [dated.message.id for dated in wanted],
                [dated.due_at for dated in wanted],
                MessageState.CANCELLED,
            ],
        )


def _update_occasions(
    assignments: str, values: list[Any], sources: Iterable[str], columns: dict[str, list[Any]]
) -> None:
    names = ", ".join(name.split()[0] for name in columns)
    arrays = ", ".join(f"%s::{name.split()[1]}[]" for name in columns)
    n_wanted = len(columns["id uuid"])
    if not n_wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE surveys_occasion AS o SET {assignments} "  # noqa: S608 (constants only)
            f"FROM unnest({arrays}) AS new({names}) WHERE o.id = new.id AND o.state = ANY(%s)",
            [*values, *columns.values(), list(sources)],
        )
        if cursor.rowcount != n_wanted:
            raise IllegalMove(f"{n_wanted - cursor.rowcount} occasions changed while held")


def _copy(model: type[Model], fields: Sequence[str], lines: Sequence[str]) -> None:
    if not lines:
        return
    meta = model._meta
    by_name = {field.name: field.column or field.name for field in meta.concrete_fields}
    columns = ", ".join(by_name[name] for name in fields)
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {meta.db_table} ({columns}) FROM STDIN") as copy,
    ):
        copy.write("".join(lines).encode())


def _occasion_line(row_id: str, plan: NewPlan, planned: PlannedOccasion) -> str:
    wave, nth, cause, opens_at, closes_at, local, _ = planned
    state = OccasionState.EXCLUDED if cause else OccasionState.PLANNED
    return (
        f"{row_id}\t{plan.participant}\t{plan.protocol}\t{wave}\t{nth}\t{state}\t{cause}\t"
        f"{_time(opens_at)}\t{_time(closes_at)}\t{_json(local)}\t0\n"
    )


def _message_line(row_id: str, occasion_id: str, message: PlannedMessage) -> str:
    kind, nth, due_at, why_not = message
    state = MessageState.CANCELLED if why_not else MessageState.DUE
    return (
        f"{row_id}\t{occasion_id}\t{kind}\t{nth}\t{state}\t{due_at.isoformat()}\t0\t{why_not}\t\n"
    )


def _time(moment: datetime | None) -> str:
    return NULL if moment is None else moment.isoformat()


def _json(value: object) -> str:
    return json.dumps(value).replace("\\", "\\\\")
