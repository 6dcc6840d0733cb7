"""What every format's writer does, and a thread that works while the next rows are read."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

import pyarrow as pa

WAITING = 2  # jobs between the giver and the working thread


class Writer(Protocol):
    """One file in the making."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""

    def close(self) -> None:
        """Finish the file."""


class Behind:
    """Does jobs one after the other in a thread; an error there is raised here."""

    def __init__(self) -> None:
        self._jobs: queue.Queue[Callable[[], object] | None] = queue.Queue(WAITING)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="export-writer", daemon=True)

    def do(self, job: Callable[[], object]) -> None:
        """Hand over one job; waits while the thread is far behind."""
        if self._error:
            raise self._error
        self._jobs.put(job)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            if self._error is None:
                self._error = _failure(job)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._jobs.put(None)
        self._thread.join()
        if self._error and error is None:
            raise self._error


def _failure(job: Callable[[], object]) -> BaseException | None:
    """Do it, and return what went wrong, for the giver to raise."""
    try:
        job()
    except BaseException as error:
        return error
    return None
