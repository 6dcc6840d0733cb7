"""Many submits of one page at the same instant, each in its own connection."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID

import pytest
from django.db import connection

from surveys import pipeline
from surveys.audit.models import Event
from surveys.lib import sql
from surveys.lib.sql import Change
from surveys.responding.actions import PageSaved
from surveys.responding.models import Submission
from surveys.scheduling import actions as scheduling
from surveys.scheduling.models import Occasion
from tests.answering import make_questionnaire
from tests.questionnaires import EVERY_KIND, SHORT
from tests.world import NOW

pytestmark = pytest.mark.django_db(transaction=True)

PAGE_1 = {"closeness": "6", "age": "40", "hours": "7,5"}


def all_at_once(jobs: list[Callable[[], PageSaved]]) -> list[PageSaved | Exception]:
    """Run the jobs on threads that start together; what each returned or raised."""
    barrier = threading.Barrier(len(jobs))

    def run(job: Callable[[], PageSaved]) -> PageSaved | Exception:
        try:
            barrier.wait(timeout=20)
            return job()
        except Exception as error:  # the test looks at what went wrong
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(run, jobs))


def save(
    occasion: Occasion, of: str, page: int, posted: dict[str, str], *, forward: bool = True
) -> PageSaved:
    return pipeline.save_page(
        occasion=occasion.id, instrument=of, page=page, posted=posted, forward=forward, now=NOW
    )


def two_tabs() -> tuple[Occasion, list[Callable[[], PageSaved]]]:
    """A draft on its second page, and two tabs that save different pages of it."""
    occasion = make_questionnaire([EVERY_KIND])
    save(occasion, EVERY_KIND.ref, 1, PAGE_1)
    earlier, later = PAGE_1 | {"age": "41"}, {"change": "5"}
    return occasion, [
        partial(save, occasion, EVERY_KIND.ref, 1, earlier),
        partial(save, occasion, EVERY_KIND.ref, 2, later, forward=False),
    ]


def test_fifty_submits_of_the_last_page_store_one_and_complete_once() -> None:
    occasion = make_questionnaire([SHORT])
    results = all_at_once([partial(save, occasion, SHORT.ref, 1, {"mood": "3"})] * 50)
    saved = [result for result in results if isinstance(result, PageSaved)]
    assert len(saved) == 50, results
    assert [result.completed for result in saved].count(True) == 1
    assert {result.place for result in saved} == {None}
    assert Submission.objects.get().answers == {"mood": 3}
    assert Event.objects.filter(event="occasion.completed").count() == 1


def test_two_tabs_that_save_at_once_lose_nothing() -> None:
    _occasion, tabs = two_tabs()
    all_at_once(tabs)
    answers = Submission.objects.get().answers
    assert (answers["age"], answers.get("change")) == (41, 5)


def test_without_the_lock_one_of_them_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same race with the guard taken out must go wrong."""
    _occasion, tabs = two_tabs()
    together = threading.Barrier(2)

    def unlocked(row: UUID) -> Occasion:
        return Occasion.objects.select_related("participant__study", "protocol").get(pk=row)

    def read_together(*, along: Sequence[Change], **_: object) -> None:
        together.wait(timeout=20)  # both have read the draft; now both write it
        sql.execute_together(*along)

    monkeypatch.setattr(scheduling, "hold", unlocked)
    monkeypatch.setattr(scheduling, "record_saved", read_together)
    all_at_once(tabs)
    answers = Submission.objects.get().answers
    assert (answers["age"], answers.get("change")) in {(41, None), (40, 5)}
