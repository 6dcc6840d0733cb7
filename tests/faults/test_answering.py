"""Whatever dies while somebody answers: all or nothing is kept, once, and nobody types twice."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import psycopg
import pytest
from django.db import connection, transaction

from surveys.audit.models import Event
from surveys.lib.crashpoints import Point
from surveys.participants.models import Participant
from surveys.responding.models import Submission
from surveys.scheduling.models import Occasion
from tests.faults.conftest import OpenRow
from tests.faults.ground import Ground, Keeper, is_up, until
from tests.faults.visitors import Visitor, form_of, has_thanks

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

FINAL = Submission.State.FINAL


@pytest.fixture(scope="module")
def web(standing_ground: Ground) -> Iterator[Keeper]:
    with standing_ground.web() as running:
        yield running


@pytest.fixture
def visitor(ground: Ground, web: Keeper) -> Iterator[Visitor]:
    with Visitor.on_the_page(ground.env["PUBLIC_ORIGIN"]) as one:
        yield one


def check_once(occasion: Occasion, answers: dict[str, object]) -> None:
    """One submission with these answers, and one completion."""
    assert stored() == [(FINAL, answers)]
    assert Occasion.objects.get(pk=occasion.pk).state == "completed"
    assert Event.objects.filter(event="occasion.completed").count() == 1


def stored() -> list[tuple[str, dict[str, object]]]:
    """State and answers of everything handed in."""
    return list(Submission.objects.values_list("state", "answers"))


def test_fifty_presses_at_once(case: OpenRow, visitor: Visitor) -> None:
    row = case("B1", "50 presses at once, over HTTP", "one submission, 50 times thanks")
    replies = visitor.press_at_once(50)
    row.saw(f"{sum(map(has_thanks, replies))} times thanks, {len(stored())} submission")
    assert all(map(has_thanks, replies))
    check_once(visitor.occasion, {"mood": 3})


def test_the_same_page_with_other_answers(case: OpenRow, visitor: Visitor) -> None:
    row = case("B2", "handed in, then the same page with other answers", "the first stays, said so")
    assert has_thanks(visitor.press())
    other = visitor.press(mood="5")
    row.saw(f"status {other.status_code}, and {stored()[0][1]} stays")
    assert not has_thanks(other)
    assert other.status_code < 500
    check_once(visitor.occasion, {"mood": 3})


def kill_a_backend(ground: Ground) -> None:
    """The process that waits for a lock: PostgreSQL then restarts all of them."""
    query = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with psycopg.connect(ground.env["DATABASE_URL"], autocommit=True) as own:
        (pid,) = own.execute(query).fetchone() or (0,)
    os.kill(pid, signal.SIGKILL)


def kill_the_postmaster(ground: Ground) -> None:
    ground.postgres.kill()


@pytest.mark.parametrize("kill", [kill_a_backend, kill_the_postmaster])
def test_the_database_dies_in_the_middle_of_a_submit(
    case: OpenRow, ground: Ground, visitor: Visitor, kill: Callable[[Ground], None]
) -> None:
    row = case("B3", f"{kill.__name__} during a submit", "503 with all that was typed, then once")
    with ThreadPoolExecutor(1) as thread:
        reply = _during_a_submit(visitor, thread, lambda: kill(ground))
    page = reply.result(timeout=60)
    row.saw(f"status {page.status_code}")
    assert page.status_code == 503
    kept = form_of(page).hidden
    assert {name: kept[name] for name in visitor.typed} == visitor.typed
    assert stored_after_recovery(ground) == []
    until(lambda: has_thanks(visitor.press()), 60, "the second press")
    row.saw(f"{row.seen}, then thanks, {len(stored())} submission")
    check_once(visitor.occasion, {"mood": 3})


def _during_a_submit(
    visitor: Visitor, thread: ThreadPoolExecutor, strike: Callable[[], None]
) -> Future[httpx.Response]:
    """Press while the participant's row is held, and strike once the request waits for it."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    try:
        with transaction.atomic():
            Participant.objects.select_for_update().get()
            reply = thread.submit(visitor.press)
            with psycopg.connect(str(_url()), autocommit=True) as own:
                until(lambda: bool((own.execute(waiting).fetchone() or (0,))[0]))
            strike()
            time.sleep(0.5)
    except Exception:  # our own connection is gone as well
        connection.close()
    return reply


def _url() -> str:
    told = connection.settings_dict
    return f"postgresql://{told['USER']}@/{told['NAME']}?host={told['HOST']}"


def stored_after_recovery(ground: Ground) -> list[tuple[str, dict[str, object]]]:
    """What is stored once the database answers again."""
    until(lambda: is_up(ground.env) and Participant.objects.exists(), 60)
    return stored()


@pytest.mark.parametrize(("point", "is_stored"), [(Point.IN_SAVE, False), (Point.AFTER_SAVE, True)])
def test_the_web_process_dies_in_the_middle_of_a_submit(
    case: OpenRow, ground: Ground, visitor: Visitor, point: Point, is_stored: bool
) -> None:
    row = case(
        "B4" if is_stored else "B3", f"web process dies {point}", "no answer comes; then once"
    )
    ground.arm(point)
    with pytest.raises(httpx.TransportError):
        visitor.press()
    assert ground.has_crashed(point)
    assert [state for state, _ in stored()] == [FINAL] * is_stored
    until(lambda: is_up(ground.env), 60)
    assert has_thanks(visitor.press())
    row.saw(f"{'stored' if is_stored else 'nothing'} at first, then thanks, {len(stored())} in all")
    check_once(visitor.occasion, {"mood": 3})


def test_a_deadlock_is_nothing_to_the_participant(
    case: OpenRow, ground: Ground, visitor: Visitor
) -> None:
    """Somebody holds the occasion and wants the participant, whom the request holds already."""
    row = case("B6", "deadlock: rows locked in the wrong order by a stranger", "tried again, once")
    held = threading.Event()
    n_lost = 0

    def wrong_order() -> None:
        nonlocal n_lost
        with psycopg.connect(_url()) as own:
            own.execute("SET deadlock_timeout = '10s'")  # so that the request is the victim
            own.execute("SELECT 1 FROM surveys_occasion FOR UPDATE")
            held.set()
            time.sleep(0.5)
            try:
                own.execute("SELECT 1 FROM surveys_participant FOR UPDATE")
            except psycopg.errors.DeadlockDetected:
                n_lost += 1

    stranger = threading.Thread(target=wrong_order)
    stranger.start()
    assert held.wait(30)
    reply = visitor.press()
    stranger.join()
    row.saw(f"status {reply.status_code}, the stranger lost {n_lost} times")
    assert n_lost == 0
    assert has_thanks(reply)
    check_once(visitor.occasion, {"mood": 3})


def test_a_row_that_somebody_holds_for_ever(
    case: OpenRow, ground: Ground, visitor: Visitor
) -> None:
    row = case("B8", "a lock that is never given back", "503 with all that was typed, soon")
    with transaction.atomic():
        Participant.objects.select_for_update().get()
        began = time.monotonic()
        reply = visitor.press()
        seconds = time.monotonic() - began
    row.saw(f"status {reply.status_code} after {seconds:.1f} s")
    assert reply.status_code == 503
    assert form_of(reply).hidden["mood"] == "3"
    assert seconds < 20
    assert has_thanks(visitor.press())
    check_once(visitor.occasion, {"mood": 3})


def test_no_connection_is_left(case: OpenRow, ground: Ground, visitor: Visitor) -> None:
    row = case("B10", "max_connections used up", "503 at once, health red, well again after")
    greedy: list[psycopg.Connection] = []
    try:
        for pid in ground.backends():
            if pid:
                _end_backend(ground, pid)
        _take_all(greedy)
        began = time.monotonic()
        replies = visitor.press_at_once(8)
        seconds = time.monotonic() - began
        is_ready = is_up(ground.env, "readyz")
    finally:
        for each in greedy:
            each.close()
    row.saw(f"{len(greedy)} taken; {sorted({r.status_code for r in replies})} in {seconds:.1f} s")
    assert {reply.status_code for reply in replies} == {503}
    assert seconds < 5
    assert not is_ready
    until(lambda: has_thanks(visitor.press()))
    check_once(visitor.occasion, {"mood": 3})


def _take_all(greedy: list[psycopg.Connection]) -> None:
    """Connect until the server refuses."""
    while len(greedy) < 200:
        try:
            greedy.append(psycopg.connect(_url()))
        except psycopg.OperationalError:
            return


def _end_backend(ground: Ground, pid: int) -> None:
    with psycopg.connect(ground.env["DATABASE_URL"], autocommit=True) as own:
        own.execute("SELECT pg_terminate_backend(%s)", [pid])
    connection.close()


def test_valkey_is_gone_or_silent_while_people_answer(
    case: OpenRow, ground: Ground, web: Keeper
) -> None:
    row = case("A5", "Valkey gone, then silent, while people answer", "no 5xx, under 1 s more")
    origin = ground.env["PUBLIC_ORIGIN"]
    slowest = 0.0
    strikes: list[tuple[Callable[[], None], Callable[[], None]]] = [
        (ground.valkey.crash, ground.valkey.start),
        (ground.valkey.pause, ground.valkey.resume),
    ]
    for strike, mend in strikes:
        usual = _seconds_of_a_visit(origin)
        strike()
        try:
            slowest = max(slowest, _seconds_of_a_visit(origin) - usual)
        finally:
            mend()
    row.saw(f"at most {slowest:.2f} s more")
    assert slowest < 1


def _seconds_of_a_visit(origin: str) -> float:
    """The quickest of three, since the machine may be busy with something else."""
    found = []
    for _ in range(3):
        began = time.monotonic()
        with Visitor.on_the_page(origin) as visitor:
            assert has_thanks(visitor.press())
        found.append(time.monotonic() - began)
    return min(found)
