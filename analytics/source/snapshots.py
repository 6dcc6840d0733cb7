"""One read-only snapshot of a study, streamed while the reader works on the chunk before."""

from __future__ import annotations

import queue
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass

import numpy as np
import pyarrow as pa
from django.db import connection, transaction

from analytics.source.definitions import Definitions, definitions
from analytics.source.rows import Loaded, Wanted, load, to_chunk
from analytics.source.streams import LINES, Raw, joined, parsed
from analytics.tidy.chunk import Chunk, SignUps
from analytics.tidy.design import Design
from surveys.design.models import Study
from surveys.participants import sign_up_counts

OCCASIONS_AT_ONCE = 6000  # more is hardly faster and takes memory: 0.4 GB at this size
FIRST = 500  # the first part is small, so that the other threads soon have work
AHEAD = 2  # chunks waiting between the reading thread and the rest

_PEOPLE = """
SELECT string_agg(concat(id, ';', n), chr(10) ORDER BY code COLLATE "C") FROM (
  SELECT p.id, p.code, count(o.id) AS n FROM surveys_participant p
  LEFT JOIN surveys_occasion o ON o.participant_id = p.id
  WHERE p.study_id = ANY($1::bigint[]) GROUP BY p.id, p.code
) AS counted
"""


@dataclass(frozen=True)
class Snapshot:
    """The study as it stood when the snapshot was taken."""

    definitions: Definitions
    raw: Raw
    study_id: int
    sign_ups: SignUps
    every_message: bool = True

    @property
    def design(self) -> Design:
        """The plain design."""
        return self.definitions.design

    def chunks(self) -> Iterator[Chunk]:
        """All participants in the order of their codes, some whole people at a time."""
        parts = _parts(self.raw, self.study_id)
        of = self.definitions
        wanted = Wanted(
            of.with_texts, of.with_branches, of.with_orders, of.with_values, self.every_message
        )
        for loaded in _ahead(self.raw, parts, wanted):
            yield to_chunk(self.definitions, loaded)


@contextmanager
def snapshot(study: Study, *, only: Collection[str]) -> Iterator[Snapshot]:
    """Hold one snapshot of the database; raises RuntimeError inside another transaction.

    `only` names the tables that will be made: without `messages` and `occasions`, messages are
    read for the occasions alone whose reasons depend on them.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        if not connection.savepoint_ids:  # only the transaction around a test lets us come here
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL jit = off")  # many short queries: compiling would cost more
        cursor.execute("SET LOCAL random_page_cost = 1.1")  # a part of the people: by index
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")  # so would starting workers
        cursor.execute("SET LOCAL TimeZone = 'UTC'")
        raw: Raw = connection.connection
        every_message = not {"messages", "occasions"}.isdisjoint(only)
        yield Snapshot(definitions(study), raw, study.pk, _sign_ups(study), every_message)


def _sign_ups(study: Study) -> SignUps:
    days = sign_up_counts.by_day(study)
    counts = np.array([astuple(found) for found in days.values()], np.int32).reshape(-1, 5)
    return SignUps(np.array([day.isoformat() for day in days], np.object_), *counts.T)


def _parts(raw: Raw, study_id: int) -> list[list[int]]:
    """Participant ids in order, cut where enough occasions have come together."""
    (data,) = joined(raw, _PEOPLE, [study_id])
    table = parsed(data, {"id": pa.int64(), "n": pa.int64()}, LINES)
    ids, counts = table["id"].to_numpy(), table["n"].to_numpy()
    part = (np.cumsum(counts) - counts + OCCASIONS_AT_ONCE - FIRST) // OCCASIONS_AT_ONCE
    cuts = np.flatnonzero(np.diff(part)) + 1
    return [group.tolist() for group in np.split(ids, cuts) if len(group)]


def _ahead(raw: Raw, parts: list[list[int]], wanted: Wanted) -> Iterator[Loaded]:
    """Load parts in a thread of its own, a few ahead of whoever consumes them."""
    waiting: queue.Queue[Loaded | BaseException | None] = queue.Queue(AHEAD)
    stopped = threading.Event()

    def put(item: Loaded | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
                break
            except queue.Full:
                continue

    def read() -> None:
        try:
            for part in parts:
                if stopped.is_set():
                    return
                put(load(raw, part, wanted))
            put(None)
        except BaseException as error:  # handed to the consumer, raised there
            put(error)

    thread = threading.Thread(target=read, name="export-reader", daemon=True)
    thread.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()
