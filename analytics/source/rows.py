"""Rows of some whole people as a Chunk: read by COPY, put in order and given places."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.source.calculated import saved_of, with_values
from analytics.source.definitions import Definitions
from analytics.source.streams import LINES, QUOTED, TABBED, Raw, copied, instants, joined, parsed
from analytics.source.submissions import filled_of
from analytics.tidy.arrays import NO_MOMENT, Ints
from analytics.tidy.chunk import Chunk, Consents, Messages, Millis, Objects, Occasions, People
from analytics.tidy.reasons import Flags
from surveys.responding.flat import PARTS

_WORD, _ID = pa.string(), pa.int64()


def _millis(column: str) -> str:
    return f"(date_part('epoch', {column}) * 1000)::bigint"


def _line(*columns: str, split: str = "';'") -> str:
    """The columns as one text; a gap is an empty part."""
    return f"concat({f', {split}, '.join(columns)})"


def _of_instruments(*columns: str, split: str = "';'") -> str:
    """A query for these columns of some people's submissions to some instruments."""
    return f"""
SELECT string_agg({_line("o.id", "s.instrument_id", *columns, split=split)}, chr(10))
FROM surveys_occasion o JOIN surveys_submission s ON s.occasion_id = o.id
WHERE o.participant_id = ANY($1::bigint[]) AND s.instrument_id = ANY($2::bigint[])
"""  # noqa: S608  # built from our own constants


_PEOPLE = f"""
SELECT id, code, arm, form, site, language, timezone, protocol_id, {_millis("enrolled_at")},
  joined_by, "group", status, {_millis("withdrawn_at")}, withdrawal_scope, reminders, strata::text
FROM surveys_participant WHERE id = ANY(%(people)s) ORDER BY code COLLATE "C"
"""  # noqa: S608  # built from our own constants
_PEOPLE_TYPES = {
    "id": _ID, "code": _WORD, "arm": _WORD, "form": _WORD, "site": _WORD, "language": _WORD, "zone": _WORD,
    "protocol": _ID, "enrolled": _ID, "joined_by": _WORD, "group": _WORD, "status": _WORD, "withdrawn": _ID, "scope": _WORD,
    "reminders": _WORD, "strata": _WORD,
}  # fmt: skip
_TIMES = ("opens_at", "closes_at", "link_opened_at", "started_at", "last_saved_at", "ended_at")
_LOCAL = ("(local->>'day') || 'T' || (local->>'at')", "local->>'zone'", "local->>'form'")
_PLAN = ("id", "participant_id", "protocol_id", "wave", "nth", "state", "cause")
# No value of a line holds its separator: codes, numbers and dates have no semicolon, JSON no tab.
_OCCASIONS = f"""
SELECT string_agg({_line(*_PLAN, *_LOCAL)}, chr(10)),
  {", ".join(f"array_agg(coalesce({column}, '-infinity'))" for column in _TIMES)}
FROM surveys_occasion WHERE participant_id = ANY($1::bigint[])
"""  # noqa: S608  # built from our own constants
_OCCASION_TYPES = {
    "id": _WORD, "participant": _ID, "protocol": _ID, "wave": _WORD, "nth": pa.int32(),
    "state": _WORD, "cause": _WORD, "local": _WORD, "zone": _WORD,
    "form": _WORD,
}  # fmt: skip
_SUBMISSIONS = f"""
SELECT string_agg({_line("o.id", "s.instrument_id", "s.flat")}, chr(10))
FROM surveys_occasion o JOIN surveys_submission s ON s.occasion_id = o.id
WHERE o.participant_id = ANY($1::bigint[])
"""  # noqa: S608  # built from our own constants
_NO_NUMBERS = """coalesce((SELECT jsonb_object_agg(key, value) FROM jsonb_each(s.answers)
  WHERE jsonb_typeof(value) IN ('string', 'array')), '{}')"""
_TEXTS = _of_instruments(_NO_NUMBERS, split="chr(9)")
_HIDDEN = "translate((s.paradata->'branched_out')::text, '[]\" ', '')"
_BRANCHES = _of_instruments(_HIDDEN)
_SHOWN = ("translate((s.paradata->'order')::text, '[]\" ', '')", "(s.paradata->'options')::text")
_ORDERS = _of_instruments(*_SHOWN, split="chr(9)")
_SAVED = _of_instruments(_millis("s.saved_at"))
_SAVED_TYPES = {"occasion": _WORD, "instrument": _ID, "saved": _ID}
_ORDER_TYPES = {"occasion": _WORD, "instrument": _ID, "order": _WORD, "options": _WORD}
_BRANCH_TYPES = {"occasion": _WORD, "instrument": _ID, "codes": _WORD}
_SUBMISSION_TYPES = {"occasion": _WORD, "instrument": _ID} | dict.fromkeys(PARTS, _WORD)
_TEXT_TYPES = {"occasion": _WORD, "instrument": _ID, "answers": _WORD}
_MESSAGES = f"""
SELECT m.occasion_id, m.kind, m.nth, {_millis("m.due_at")}, {_millis("m.sent_at")}, m.state,
  m.why_not, m.n_attempts, m.language
FROM surveys_message m JOIN surveys_occasion o ON o.id = m.occasion_id
WHERE o.participant_id = ANY(%(people)s) AND (%(every_message)s OR o.started_at IS NULL)
"""  # noqa: S608  # built from our own constants
_MESSAGE_TYPES = {
    "occasion": _WORD, "kind": _WORD, "nth": pa.int32(), "due": _ID, "sent": _ID, "state": _WORD,
    "why_not": _WORD, "n_attempts": pa.int32(), "language": _WORD,
}  # fmt: skip
_CONSENTS = f"""
SELECT participant_id, version, language, text_hash, {_millis("given_at")}, source
FROM surveys_consentrecord WHERE participant_id = ANY(%(people)s)
"""  # noqa: S608  # built from our own constants
_CONSENT_TYPES = {
    "participant": _ID, "version": pa.int32(), "language": _WORD, "text_hash": _WORD, "given": _ID,
    "source": _WORD,
}  # fmt: skip


@dataclass(frozen=True)
class Loaded:
    """The rows of some people as PostgreSQL sent them, not yet parsed: the reader does not wait."""

    people: bytes  # CSV, as are messages and consents, for free text
    occasions: bytes  # lines
    times: tuple[bytes, ...]  # of the occasions: an array for each of _TIMES
    messages: bytes
    consents: bytes
    submissions: bytes  # lines
    branches: bytes  # what was branched out, of instruments with conditions
    orders: bytes  # in which order things were shown, of instruments that are shuffled
    saved: bytes  # when each was saved, of instruments with calculated values
    texts: bytes  # the words and lists of instruments that have any


@dataclass(frozen=True)
class Wanted:
    """What of the rows is needed."""

    with_texts: Sequence[int]  # ids of the instruments whose answers hold words or lists
    with_branches: Sequence[int]  # ids of the instruments that have conditions
    with_orders: Sequence[int]  # ids of the instruments that are shuffled
    with_values: Sequence[int]  # ids of the instruments with calculated values
    every_message: bool  # else those of occasions without a saved page


def load(raw: Raw, participants: Sequence[int], wanted: Wanted) -> Loaded:
    """Everything that is stored about some participants."""
    parameters = {"people": list(participants), "every_message": wanted.every_message}
    occasions, *times = joined(raw, _OCCASIONS, participants)
    (submissions,) = joined(raw, _SUBMISSIONS, participants)
    (branches,) = joined(raw, _BRANCHES, participants, wanted.with_branches)
    (orders,) = joined(raw, _ORDERS, participants, wanted.with_orders)
    (saved,) = joined(raw, _SAVED, participants, wanted.with_values)
    (texts,) = joined(raw, _TEXTS, participants, wanted.with_texts)
    return Loaded(
        people=copied(raw, _PEOPLE, parameters),
        occasions=occasions,
        times=tuple(times),
        messages=copied(raw, _MESSAGES, parameters),
        consents=copied(raw, _CONSENTS, parameters),
        submissions=submissions,
        branches=branches,
        orders=orders,
        saved=saved,
        texts=texts,
    )


def to_chunk(definitions: Definitions, loaded: Loaded) -> Chunk:
    """Rows in their order, with places instead of ids; nothing of people who are erased."""
    table = parsed(loaded.people, _PEOPLE_TYPES, QUOTED)
    people = _people(definitions, table)
    occasions, ids = _occasions(definitions, loaded, table["id"])
    messages = _messages(parsed(loaded.messages, _MESSAGE_TYPES, QUOTED), ids)
    consents = _consents(parsed(loaded.consents, _CONSENT_TYPES, QUOTED), table["id"])
    gone = people.is_erased[occasions.person]
    filled = filled_of(
        definitions,
        _staying(parsed(loaded.submissions, _SUBMISSION_TYPES, LINES), ids, gone),
        _staying(parsed(loaded.texts, _TEXT_TYPES, TABBED), ids, gone),
        _staying(parsed(loaded.branches, _BRANCH_TYPES, LINES), ids, gone),
        _staying(parsed(loaded.orders, _ORDER_TYPES, TABBED), ids, gone),
    )
    saved = saved_of(definitions, *_staying(parsed(loaded.saved, _SAVED_TYPES, LINES), ids, gone))
    values = with_values(definitions, occasions, tuple(filled), saved)
    return Chunk(people, occasions, messages, consents, values)


def _staying(table: pa.Table, ids: pa.Array, gone: Flags) -> tuple[pa.Table, Ints]:
    """The submissions of people who are not erased, and the places of their occasions."""
    at = places(table["occasion"], ids)
    if gone[at].any():
        return table.filter(pa.array(~gone[at])), at[~gone[at]]
    return table, at


def _people(definitions: Definitions, table: pa.Table) -> People:
    versions = np.array([plan.version for plan in definitions.design.plans] or [0], np.int32)
    return People(
        code=_words(table["code"]),
        arm=_words(table["arm"]),
        planned_form=_words(table["form"]),
        site=_words(table["site"]),
        language=_words(table["language"]),
        zone=_words(table["zone"]),
        protocol_version=versions[_mapped(table["protocol"], definitions.plan_of)],
        enrolled=_moments(table["enrolled"]),
        joined_by=_words(table["joined_by"]),
        group=_words(table["group"]),
        status=_words(table["status"]),
        withdrawn=_moments(table["withdrawn"]),
        scope=_words(table["scope"]),
        reminders=_words(table["reminders"]),
        strata=tuple(_strings(json.loads(text)) for text in table["strata"].to_pylist()),
    )


def _occasions(
    definitions: Definitions, loaded: Loaded, people: pa.ChunkedArray
) -> tuple[Occasions, pa.Array]:
    """The occasions in their order, and their ids."""
    table = parsed(loaded.occasions, _OCCASION_TYPES, LINES)
    person = places(table["participant"], people.combine_chunks())
    wave = places(table["wave"], pa.array(definitions.design.waves, pa.string()))
    order = np.lexsort((table["nth"].to_numpy(), wave, person))
    table = table.take(pa.array(order))
    opens, closes, link_opened, started, last_saved, ended = (
        instants(array)[order] for array in loaded.times
    )
    found = Occasions(
        person=person[order],
        wave=wave[order],
        plan=_mapped(table["protocol"], definitions.plan_of),
        planned_form=places(table["form"], pa.array(definitions.design.planned_forms, pa.string())),
        nth=table["nth"].to_numpy(),
        state=_words(table["state"]).astype(np.str_),
        cause=_words(table["cause"]).astype(np.str_),
        opens=opens,
        closes=closes,
        link_opened=link_opened,
        started=started,
        last_saved=last_saved,
        ended=ended,
        local=_words(table["local"]),
        zone=_words(table["zone"]),
    )
    return found, table["id"].combine_chunks()


def _messages(table: pa.Table, ids: pa.Array) -> Messages:
    occasion = places(table["occasion"], ids)
    kind = places(table["kind"], pa.array(["invitation", "reminder"]))
    order = np.lexsort((table["nth"].to_numpy(), kind, occasion))
    table = table.take(pa.array(order))
    return Messages(
        occasion=occasion[order],
        kind=_words(table["kind"]),
        nth=table["nth"].to_numpy(),
        due=_moments(table["due"]),
        sent=_moments(table["sent"]),
        state=_words(table["state"]),
        why_not=_words(table["why_not"]),
        n_attempts=table["n_attempts"].to_numpy(),
        language=_words(table["language"]),
    )


def _consents(table: pa.Table, people: pa.ChunkedArray) -> Consents:
    person = places(table["participant"], people.combine_chunks())
    order = np.lexsort((table["version"].to_numpy(), person))
    table = table.take(pa.array(order))
    return Consents(
        person=person[order],
        version=table["version"].to_numpy(),
        language=_words(table["language"]),
        text_hash=_words(table["text_hash"]),
        given=_moments(table["given"]),
        source=_words(table["source"]),
    )


def places(values: pa.ChunkedArray, listed: pa.Array) -> Ints:
    """Where each value stands in a list; -1 where it does not."""
    found = pc.index_in(values, value_set=listed)
    array: Ints = pc.fill_null(found, -1).to_numpy().astype(np.int32, copy=False)
    return array


def _mapped(ids: pa.ChunkedArray, place: Mapping[int, int]) -> Ints:
    listed = pa.array(place.keys(), pa.int64())
    at = np.array([*place.values(), -1], dtype=np.int32)
    mapped: Ints = at[places(ids, listed)]
    return mapped


def _words(column: pa.ChunkedArray) -> Objects:
    words: Objects = column.to_numpy().astype(np.object_)
    return words


def _moments(column: pa.ChunkedArray) -> Millis:
    millis: NDArray[np.int64] = pc.fill_null(column, NO_MOMENT).to_numpy()
    return millis


def _strings(strata: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in strata.items()}
