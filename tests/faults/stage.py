"""One of the platform's processes under a test's conditions: `python -m tests.faults.stage celery ...`.

What production takes minutes for takes seconds here, a guard may be missing, and the process may
have a wrong clock. The conditions come as JSON in $STAGE; everything else is the real program. It
runs in a child of this process, which starts it again at once when it is killed: forking what is
imported already takes a tenth of the time.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

import django
import time_machine

from studyplatform import leash

ENV = "STAGE"


@dataclass(frozen=True)
class Stage:
    """Conditions; times in seconds. `off` names guards of claims and attempts, and the gate."""

    lease: float = 4.0
    slack: float = 0.1
    pause: float = 0.3  # of the breaker
    body: float = 1.0  # how much of a lease must be left when a body begins
    batch: int = 5
    ladder: float = 0.3  # the first pause after a failure; each next one is half as long again
    off: tuple[str, ...] = ()
    dwell: float = 0.0  # between looking at what is due and taking it
    deadly: int = 0  # a participant whose mail kills the process that makes it
    clock_ahead: float = 0.0
    mail_timeout: float = 5.0

    def as_env(self) -> Mapping[str, str]:
        """For the process to come."""
        return {ENV: json.dumps(asdict(self))}


def main(module: str) -> None:
    """Set the stage and become the program."""
    stage = Stage(**json.loads(os.environ[ENV]))
    if stage.clock_ahead:
        wrong = datetime.fromtimestamp(time.time() + stage.clock_ahead, UTC)
        time_machine.travel(wrong, tick=True).start()
    django.setup()
    shorten(stage)
    take_away(stage)
    import studyplatform.celery
    import surveys.tasks  # noqa: F401

    studyplatform.celery.app.loader.import_default_modules()
    again(module)


def again(module: str) -> None:
    """Run the program in a child until it ends by itself or is told to stop."""
    is_told = False
    child = 0

    def pass_on(number: int, _frame: FrameType | None) -> None:
        nonlocal is_told
        is_told = True
        os.kill(child, number)

    while True:
        child = os.fork()
        if child == 0:
            leash.die_with_parent(signal.SIGKILL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            runpy.run_module(module, run_name="__main__", alter_sys=True)
            sys.exit()
        signal.signal(signal.SIGTERM, pass_on)
        _, status = os.waitpid(child, 0)
        if is_told or not os.WIFSIGNALED(status):
            sys.exit(os.waitstatus_to_exitcode(status))


def shorten(stage: Stage) -> None:
    """Seconds instead of minutes."""
    from surveys.messaging import breaker, claims, delivery, retries
    from surveys.messaging.transports import smtp

    lease = timedelta(seconds=stage.lease)
    claims.LEASE = lease
    delivery.Round.lease = property(lambda _: lease)  # type: ignore[assignment,method-assign]  # a property all the same
    delivery.SLACK = stage.slack
    smtp.Server.longest_body = property(lambda _: stage.body)  # type: ignore[assignment,method-assign]  # see above
    delivery.BATCH = stage.batch
    breaker.FIRST_PAUSE = timedelta(seconds=stage.pause)
    breaker.LONGEST_PAUSE = 3 * breaker.FIRST_PAUSE
    steps = range(len(retries.LADDER))
    retries.LADDER = tuple(timedelta(seconds=stage.ladder * 1.5**n) for n in steps)  # type: ignore[assignment]  # of any length


def take_away(stage: Stage) -> None:
    """Remove the named guards, and hold the door open for a race."""
    from surveys.messaging import attempts, claims

    for name in {"LOCK", "TURN"} & set(stage.off):
        setattr(claims, name, "")
    if "UNTAKEN" in stage.off:
        claims.UNTAKEN = "true"
    if "FENCE" in stage.off:
        attempts.FENCE = "true"
    if "GATE" in stage.off:
        attempts.open_gate = lambda *_args, **_options: True
    if "PLACES" in stage.off:
        let_places_collide(stage.dwell)
    elif stage.dwell:
        take_slowly(stage.dwell)
    if stage.deadly:
        poison(stage.deadly)


def take_slowly(dwell: float) -> None:
    """Let others look at the same messages between looking and taking."""
    from surveys.lib import sql

    rows = sql.rows

    def look(query: str, values: Any = None) -> list[tuple[Any, ...]]:
        found = rows(query, values)
        if found and {"limit", "spared"} <= set(values or ()):
            time.sleep(dwell)
        return found

    sql.rows = look


def let_places_collide(dwell: float) -> None:
    """Enrol without holding the study, and take a place a while after looking for it."""
    from surveys.participants import allocation, enrolment

    look = allocation.last_positions

    def slowly(study: Any) -> dict[str, int]:
        found = look(study)
        time.sleep(dwell)
        return found

    enrolment._hold = lambda study: None
    allocation.last_positions = slowly


def poison(participant: int) -> None:
    """Let the making of one person's mail end the process, as a lack of memory would."""
    from surveys.messaging.composing import Composer

    compose = Composer.compose

    def deadly(self: Composer, letter: Any, **told: Any) -> Any:
        if letter.participant_id == participant:
            os.kill(os.getpid(), signal.SIGKILL)
        return compose(self, letter, **told)

    Composer.compose = deadly  # type: ignore[method-assign]  # the same signature


if __name__ == "__main__":
    program = sys.argv[1]
    sys.argv = sys.argv[1:]
    main(program)
