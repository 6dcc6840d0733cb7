"""What every format's writer does, and a thread that writes while the next rows are made."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

import pyarrow as pa

WAITING = 2  # batches between the maker and the writing thread


class Writer(Protocol):
    """One file in the making."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""

    def close(self) -> None:
        """Finish the file."""


def _failure(writers: Sequence[Writer], batch: pa.RecordBatch) -> BaseException | None:
    """Write, and return what went wrong, for the maker to raise."""
    try:
        for writer in writers:
            writer.write(batch)
    except BaseException as error:
        return error
    return None


class Behind:
    """Writes batches to several writers in a thread; an error there is raised here."""

    def __init__(self) -> None:
        self._queue: queue.Queue[tuple[Sequence[Writer], pa.RecordBatch] | None]
        self._queue = queue.Queue(WAITING)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="export-writer", daemon=True)

    def write(self, writers: Sequence[Writer], batch: pa.RecordBatch) -> None:
        """Hand over one batch; waits while the writer is far behind."""
        if self._error:
            raise self._error
        self._queue.put((writers, batch))

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            writers, batch = item
            if self._error is None:
                self._error = _failure(writers, batch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._queue.put(None)
        self._thread.join()
        if self._error and error is None:
            raise self._error
