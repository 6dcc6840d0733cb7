"""The plain tables: people, occasions, messages, consents, sign-ups. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.tidy.arrays import NO_MOMENT, coded, moments, numbers, whole, words_of
from analytics.tidy.attention import outcomes
from analytics.tidy.cells import Cells
from analytics.tidy.chunk import Chunk, Messages, Millis, SignUps
from analytics.tidy.fixed import DISPOSITIONS

_ENDED = ("expired", "cancelled")
_STRATUM = "stratum_"


def participants(chunk: Chunk, schema: pa.Schema) -> pa.RecordBatch:
    """The `participants` table of a chunk."""
    people = chunk.people
    columns: dict[str, pa.Array] = {
        "participant": words_of(people.code),
        "arm": words_of(people.arm),
        "form": words_of(people.planned_form),
        "site": words_of(people.site),
        "language": words_of(people.language),
        "zone": words_of(people.zone),
        "protocol_version": whole(people.protocol_version),
        "enrolled_at": moments(people.enrolled),
        "joined_by": words_of(people.joined_by),
        "group": words_of(people.group),
        "status": words_of(people.status),
        "withdrawn_at": moments(people.withdrawn),
        "withdrawal_scope": words_of(people.scope),
        "reminders": words_of(people.reminders),
    }
    for name in schema.names:
        if name.startswith(_STRATUM):
            stratum = name.removeprefix(_STRATUM)
            columns[name] = words_of([own.get(stratum) for own in people.strata])
    return _batch(columns, schema)


def occasions(chunk: Chunk, cells: Cells, schema: pa.Schema) -> pa.RecordBatch:
    """The `occasions` table of a chunk."""
    rows, n = chunk.occasions, len(chunk.occasions)
    was_cancelled = np.isin(rows.state, ["cancelled", "excluded"])
    has_opened = np.isin(rows.state, ["open", "started", "completed", "expired"])
    has_opened |= was_cancelled & (rows.opens != NO_MOMENT) & (rows.ended >= rows.opens)
    versions = np.array([plan.version for plan in cells.design.plans] or [0], dtype=np.int32)
    invited, n_reminders = _sent(chunk.messages, n)
    columns = {
        **occasion_key(chunk, cells),
        "protocol_version": whole(versions[rows.plan]),
        "planned_at": moments(rows.opens),
        "planned_local": words_of(rows.local),
        "planned_zone": words_of(rows.zone),
        "closes_at": moments(rows.closes),
        "opened_at": moments(np.where(has_opened, rows.opens, NO_MOMENT)),
        "invited_at": moments(invited),
        "n_reminders": whole(n_reminders),
        "first_fetched_at": moments(rows.link_opened),
        "started_at": moments(rows.started),
        "last_saved_at": moments(rows.last_saved),
        "finished_at": moments(np.where(rows.state == "completed", rows.ended, NO_MOMENT)),
        "closed_at": moments(rows.ended),
        "disposition": disposition(chunk, cells),
        "minutes_active": numbers(_minutes(chunk)),
        **attention(chunk, cells),
    }
    return _batch(columns, schema)


def messages(chunk: Chunk, cells: Cells, schema: pa.Schema) -> pa.RecordBatch:
    """The `messages` table of a chunk."""
    rows, occasions = chunk.messages, chunk.occasions
    columns = {
        "participant": coded(occasions.person[rows.occasion], list(chunk.people.code)),
        "wave": coded(occasions.wave[rows.occasion], cells.design.waves),
        "nth": whole(occasions.nth[rows.occasion]),
        "kind": words_of(rows.kind),
        "n": whole(rows.nth),
        "planned_at": moments(rows.due),
        "sent_at": moments(rows.sent),
        "state": words_of(rows.state),
        "why_not": words_of(rows.why_not),
        "n_attempts": whole(rows.n_attempts),
        "language": words_of(rows.language),
    }
    return _batch(columns, schema)


def consents(chunk: Chunk, schema: pa.Schema) -> pa.RecordBatch:
    """The `consents` table of a chunk."""
    rows = chunk.consents
    columns = {
        "participant": coded(rows.person, list(chunk.people.code)),
        "version": whole(rows.version),
        "language": words_of(rows.language),
        "text_sha256": words_of(rows.text_hash),
        "given_at": moments(rows.given),
        "source": words_of(rows.source),
    }
    return _batch(columns, schema)


def sign_ups(rows: SignUps, schema: pa.Schema) -> pa.RecordBatch:
    """The `sign_ups` table."""
    columns = {
        "day": words_of(rows.day),
        "n_started": whole(rows.started),
        "n_not_eligible": whole(rows.not_eligible),
        "n_full": whole(rows.full),
        "n_unconfirmed": whole(rows.unconfirmed),
        "n_joined": whole(rows.joined),
    }
    return _batch(columns, schema)


def occasion_key(chunk: Chunk, cells: Cells) -> dict[str, pa.Array]:
    """participant, wave, nth; one row an occasion."""
    rows = chunk.occasions
    return {
        "participant": coded(rows.person, list(chunk.people.code)),
        "wave": coded(rows.wave, cells.design.waves),
        "nth": whole(rows.nth),
    }


def disposition(chunk: Chunk, cells: Cells) -> pa.DictionaryArray:
    """How each occasion ended; without any answer it is the reason of its cells."""
    listed = [value for value, _ in DISPOSITIONS]
    rows = chunk.occasions
    is_saved = rows.started != NO_MOMENT
    places = cells.occasion_reason.astype(np.int32) + listed.index("not_due")
    places[is_saved & (rows.state == "started")] = listed.index("in_progress")
    places[is_saved & np.isin(rows.state, _ENDED)] = listed.index("partial")
    places[rows.state == "completed"] = listed.index("completed")
    return coded(places, listed)


def attention(chunk: Chunk, cells: Cells) -> dict[str, pa.Array]:
    """attention_passed and attention_failed; one row an occasion."""
    passed, failed = (np.zeros(len(chunk.occasions), dtype=np.int32) for _ in range(2))
    for filled in chunk.filled:
        for _, is_passed, is_failed in outcomes(cells.design.forms[filled.form], filled):
            passed[filled.occasion] += is_passed
            failed[filled.occasion] += is_failed
    is_none = passed + failed == 0
    return {
        "attention_passed": whole(passed, is_none),
        "attention_failed": whole(failed, is_none),
    }


def _sent(rows: Messages, n: int) -> tuple[Millis, NDArray[np.int64]]:
    is_sent = rows.sent != NO_MOMENT
    latest = np.iinfo(np.int64).max
    first = np.full(n, latest)
    np.minimum.at(first, rows.occasion[is_sent], rows.sent[is_sent])
    reminders = is_sent & (rows.kind == "reminder")
    return (
        np.where(first == latest, NO_MOMENT, first),
        np.bincount(rows.occasion[reminders], minlength=n),
    )


def _minutes(chunk: Chunk) -> NDArray[np.float64]:
    seconds = np.full(len(chunk.occasions), np.nan)
    for filled in chunk.filled:
        known = ~np.isnan(filled.seconds_active)
        at = filled.occasion[known]
        seconds[at] = np.nan_to_num(seconds[at]) + filled.seconds_active[known]
    return np.round(seconds / 60, 2)


def _batch(columns: Mapping[str, pa.Array], schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)
