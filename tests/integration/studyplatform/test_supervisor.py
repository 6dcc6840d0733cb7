"""The supervisor starts by readiness, restarts, stops in reverse, and leaves nothing running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from studyplatform.supervisor import DidNotStart, Program, Supervisor
from tests.integration.studyplatform.servers_at_hand import is_there

pytestmark = pytest.mark.processes
ROOT = Path(__file__).resolve().parents[3]

# Writes its number and that of a child of its own, then sleeps; says so when it is asked to end.
SLEEPER = """
import os, pathlib, signal, subprocess, sys, time
def end(*_):
    print("ending", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if "stubborn" in sys.argv else end)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path(sys.argv[1] + ".new").write_text(f"{os.getpid()} {child.pid}")
os.replace(sys.argv[1] + ".new", sys.argv[1])
print("up", flush=True)
time.sleep(60)
"""


def sleeper(folder: Path, name: str, *words: str, stop_seconds: float = 5) -> Program:
    note = folder / name
    return Program(
        name,
        [sys.executable, "-c", SLEEPER, str(note), *words],
        ready=note.exists,
        prepare=lambda: note.unlink(missing_ok=True),
        stop_seconds=stop_seconds,
    )


def pids(folder: Path, name: str) -> list[int]:
    return [int(word) for word in (folder / name).read_text().split()]


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


class Lines(list[tuple[str, str]]):
    """Collects what the supervisor writes."""

    def write(self, name: str, line: str) -> None:
        self.append((name, line))


def test_start_in_order_stop_in_reverse_and_nothing_stays(tmp_path: Path) -> None:
    lines = Lines()
    with Supervisor([sleeper(tmp_path, "one"), sleeper(tmp_path, "two")], lines.write) as running:
        assert running.alive()
        everyone = pids(tmp_path, "one") + pids(tmp_path, "two")
    until(lambda: lines.count(("one", "ending")) == 1)
    assert lines == [("one", "up"), ("two", "up"), ("two", "ending"), ("one", "ending")]
    until(lambda: not any(is_there(pid) for pid in everyone))


def test_together_nobody_waits_for_the_one_before_to_start_or_to_stop(tmp_path: Path) -> None:
    waits = "import pathlib, signal, sys, time; mine, other = map(pathlib.Path, sys.argv[1:]);"
    waits += "mine.touch(); [time.sleep(.02) for _ in iter(other.exists, True)];"
    waits += "mine.with_suffix('.ready').touch(); signal.sigwait([signal.SIGTERM]); mine.unlink();"
    waits += "[time.sleep(.02) for _ in iter(other.exists, False)]"
    block = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]);"

    def program(mine: str, other: str) -> Program:
        command = [sys.executable, "-c", block + waits, str(tmp_path / mine), str(tmp_path / other)]
        ready = (tmp_path / mine).with_suffix(".ready")
        return Program(
            mine,
            command,
            ready=ready.exists,
            prepare=lambda: ready.unlink(missing_ok=True),
            start_seconds=10,
            stop_seconds=10,
        )

    began = time.monotonic()
    with Supervisor([program("one", "two"), program("two", "one")], Lines().write, together=True):
        assert (tmp_path / "one").exists()
    assert time.monotonic() - began < 10
    first = replace(program("one", "two"), start_seconds=1)
    in_order = Supervisor([first, program("two", "one")], Lines().write)
    with pytest.raises(DidNotStart):  # the first one waits for the second in vain
        in_order.start()


def test_a_killed_program_comes_back_and_its_children_do_not_stay(tmp_path: Path) -> None:
    with Supervisor([sleeper(tmp_path, "one")], Lines().write) as running:
        before = pids(tmp_path, "one")
        running.kill("one")
        until(lambda: running.alive("one") and (tmp_path / "one").exists())
        assert pids(tmp_path, "one")[0] not in before
        until(lambda: not any(is_there(pid) for pid in before))


def test_a_program_that_keeps_failing_is_tried_less_and_less_often(tmp_path: Path) -> None:
    lines = Lines()
    count = tmp_path / "count"
    script = f"from pathlib import Path; Path({str(count)!r}).open('a').write('x')"
    once = Program("once", [sys.executable, "-c", script], ready=count.exists)
    with Supervisor([once], lines.write):
        time.sleep(2.5)
    waits = [line.rsplit("in ", 1)[1] for _, line in lines if "starting again" in line]
    assert waits[:3] == ["0.2 s", "1 s", "2 s"][: len(waits)]
    assert 2 <= len(waits) <= 4
    assert "ended with 0" in lines[0][1]


def test_a_program_that_ends_at_once_is_reported_with_its_last_words(tmp_path: Path) -> None:
    script = "import sys; sys.exit('no such setting: X')"
    broken = Program("broken", [sys.executable, "-c", script], ready=lambda: False)
    supervisor = Supervisor([sleeper(tmp_path, "one"), broken], Lines().write)
    with pytest.raises(DidNotStart, match="no such setting: X"):
        supervisor.start()
    assert not supervisor.alive("one")


def test_a_program_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    slow = Program("slow", ["sleep", "60"], ready=lambda: False, start_seconds=0.3)
    with pytest.raises(DidNotStart, match=r"slow is not ready after 0\.3 seconds"):
        Supervisor([slow], Lines().write).start()


def test_one_that_does_not_want_to_stop_is_killed(tmp_path: Path) -> None:
    program = sleeper(tmp_path, "one", "stubborn", stop_seconds=0.3)
    with Supervisor([program], Lines().write):
        everyone = pids(tmp_path, "one")
    until(lambda: not any(is_there(pid) for pid in everyone))


def test_in_a_hurry_nobody_waits(tmp_path: Path) -> None:
    supervisor = Supervisor([sleeper(tmp_path, "one", "stubborn", stop_seconds=60)], Lines().write)
    supervisor.start()
    supervisor.hurry()
    began = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began < 5
    assert not supervisor.alive()


def test_a_program_that_does_not_exist(tmp_path: Path) -> None:
    missing = Program("missing", ["/no/such/program"], ready=lambda: False)
    with pytest.raises(DidNotStart, match="/no/such/program: No such file"):
        Supervisor([missing], Lines().write).start()


HOLDER = """
import sys, time
from pathlib import Path
from tests.integration.studyplatform.test_supervisor import sleeper
from studyplatform.supervisor import Supervisor
Supervisor([sleeper(Path(sys.argv[1]), "one")]).start()
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_killed_supervisor_takes_its_programs_along(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "MODE": "test", "DJANGO_SETTINGS_MODULE": "studyplatform.settings"},
        stdout=subprocess.DEVNULL,
    )
    until((tmp_path / "one").exists, 20)
    program = pids(tmp_path, "one")[0]
    assert is_there(program)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    until(lambda: not is_there(program))
