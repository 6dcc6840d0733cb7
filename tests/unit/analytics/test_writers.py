"""The thread that writes while the next rows are made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from analytics.formats.writers import Behind


class DiskFull(OSError):
    """What a job may raise."""


def fail() -> None:
    raise DiskFull("full")


def run(*jobs: Callable[[], object], finally_: Callable[[], object] = int) -> None:
    with Behind() as behind:
        for job in jobs:
            behind.do(job)
        finally_()


def test_jobs_are_done_in_their_order_and_all_of_them() -> None:
    done: list[int] = []
    run(*(partial(done.append, n) for n in range(100)))
    assert done == list(range(100))


def test_an_error_reaches_the_giver_and_stops_the_rest() -> None:
    done: list[int] = []
    with pytest.raises(DiskFull):
        run(fail, *(partial(done.append, n) for n in range(100)))
    assert done == []


def test_an_error_in_the_last_job_is_not_lost() -> None:
    with pytest.raises(DiskFull):
        run(fail)


def test_the_givers_own_error_comes_first() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(fail, finally_=interrupted)
