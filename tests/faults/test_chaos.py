"""Five minutes in which everything fails at random, and what must hold afterwards.

CHAOS_SEED repeats a run's faults (not the machine's timing); CHAOS_SECONDS makes it shorter.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from surveys.lib import clock
from surveys.scheduling.models import Message
from tests import world
from tests.faults import invariants, people
from tests.faults.conftest import OpenRow
from tests.faults.crowd import Crowd, insisting
from tests.faults.ground import Ground, is_up, until
from tests.faults.stage import Stage
from tests.faults.weather import Weather
from tests.questionnaires import SHORT
from tests.smtp import ScriptedServer

SECONDS = float(os.environ.get("CHAOS_SECONDS", "300"))
SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))
STEP = timedelta(hours=3)  # of study time, each second
DAY, NOON = timedelta(days=1), timedelta(hours=12)
ARMS, BLOCKS = ("calm", "waitlist"), (4, 6)
HASTY = Stage(lease=4, batch=5, ladder=0.3, mail_timeout=0.8)
# Mails in doubt count for the cap during a real day, and the weeks of this run last minutes.
UNCAPPED = {"MAIL_CAP_PER_DAY": "100"}

pytestmark = [pytest.mark.processes, pytest.mark.timeout(SECONDS + 420)]


def study_document() -> dict[str, Any]:
    """Two arms, a first questionnaire, and one each day that hangs on nothing."""
    daily = {"anchor": "enrollment", "offset": "P1D", "every": "P1D", "times": 60, "at": "09:00"}
    short: dict[str, Any] = {
        "instruments": [SHORT.ref],
        "reminders": ["PT9H"],
        "window": {"start_within": "P2D"},
    }
    return {
        "arms": [{"code": code, "label": {"en": code}} for code in ARMS],
        "allocation": {"method": "permuted-blocks", "block_sizes": list(BLOCKS)},
        "waves": [
            world.wave_document("baseline", "P0D", schedule={"anchor": "enrollment"}, **short),
            world.wave_document("daily", "P1D", schedule=daily, **short),
        ],
    }


def test_chaos(case: OpenRow, ground: Ground, sink: ScriptedServer) -> None:
    row = case("chaos", f"{SECONDS:.0f} s of random faults, seed {SEED}", "I1 to I8 hold")
    dice = random.Random(SEED)  # noqa: S311 - draws faults, guards nothing
    people.remember(SHORT)
    crowd = Crowd(ground.env["PUBLIC_ORIGIN"], sink, world.make_study(**study_document()), dice)
    senders = [ground.worker(sink, concurrency=2, stage=HASTY, env=UNCAPPED) for _ in range(2)]
    planner, web, second = ground.planner(stage=HASTY), ground.web(), ground.beat()
    with web, planner, senders[0], senders[1], second:
        workers, beats = [*senders, planner], [ground.ticker, second]
        weather = Weather(ground, sink, workers, beats, web, dice)
        try:
            n_steps = live(crowd, weather)
        finally:
            weather.mend(everything=True)
        until(lambda: is_up(ground.env), 60, "a web server")
        insisting(lambda: clock.move_to(noon_after(clock.now())))
        crowd.rest()
        until(lambda: not list(unfinished()), 120, lambda: f"an end of {list(unfinished())[:5]}")
    crowd.leave()
    row.count(sink.accepted, planned=people.waiting())
    row.saw(
        f"{row.seen}; {sum(weather.struck.values())} faults, {n_steps * STEP // timedelta(days=1)}"
        f" days, {crowd.n_visits} visits, {len(crowd.thanked)} thanked"
    )
    assert complaints(crowd) == []
    assert len(weather.struck) > 8
    assert crowd.thanked


def live(crowd: Crowd, weather: Weather) -> int:
    """Let time and people go on while one fault follows the other; return the steps of time."""
    crowd.enrol(12)
    ends_at = time.monotonic() + SECONDS
    strikes_at = time.monotonic() + 3
    n_steps = 0
    while time.monotonic() < ends_at:
        insisting(lambda: clock.move_to(clock.now() + STEP))
        n_steps += 1
        crowd.act()
        if n_steps % 20 == 0:
            crowd.enrol(2)
        if time.monotonic() > strikes_at:
            weather.strike()
            strikes_at = time.monotonic() + weather.dice.uniform(0.3, 3)
        weather.mend()
        time.sleep(1)
    return n_steps


def noon_after(moment: datetime) -> datetime:
    """The next noon in UTC: hours from the next mail of the study, so that the end can be seen."""
    return (moment - NOON).replace(hour=0, minute=0, second=0, microsecond=0) + DAY + NOON


def unfinished() -> Iterator[str]:
    """What can still be done at this moment of study time."""
    yield from invariants.i4_no_claim_is_stale()
    yield from invariants.i7_everything_ends()
    moving = Message.objects.filter(state="due", due_at__lte=clock.now(), not_before__isnull=False)
    for message in moving:
        yield f"{message.kind} {message.pk}, attempt {message.n_attempts}, {message.not_before}"


def complaints(crowd: Crowd) -> list[str]:
    """Everything that does not hold."""
    return [
        *invariants.i1_one_mail_a_message(crowd.sink.accepted, {}),
        *invariants.i2_silence(crowd.silenced),
        *invariants.i3_answers_are_kept(crowd.thanked, crowd.tried),
        *invariants.i4_no_claim_is_stale(),
        *invariants.i5_arms(crowd.emails, BLOCKS, ARMS),
        *invariants.i6_audit(),
        *invariants.i7_everything_ends(),
        *invariants.i8_statuses(crowd.statuses),
    ]
