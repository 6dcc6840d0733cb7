"""A worker that is killed while it moves people leaves nobody half moved, and the next goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.design import actions as design
from surveys.design.protocol import Protocol
from surveys.lib import clock
from surveys.lib.crashpoints import Point
from surveys.participants.models import Participant
from surveys.scheduling.actions import replan
from surveys.scheduling.amending import AT_ONCE
from surveys.scheduling.models import Occasion
from tests.database import url_of_tests
from tests.world import make_participant, make_study, protocol_document, wave_document

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
BY = Actor.system("test")
RUN = """
import django
django.setup()
from surveys import pipeline
from surveys.lib import clock
pipeline.adopt(now=clock.now())
"""


def adopt(folder: Path) -> int:
    """One run of the job in a process of its own; its exit code."""
    env = os.environ | {"DATABASE_URL": url_of_tests(), "CRASH_AT": str(folder)}
    env["DJANGO_SETTINGS_MODULE"] = "studyplatform.settings"
    return subprocess.run([sys.executable, "-c", RUN], env=env, check=False).returncode


def versions() -> dict[int, int]:
    """How many people are under which version."""
    found = Participant.objects.values_list("protocol__version", flat=True)
    return {version: list(found).count(version) for version in set(found)}


def test_killed_while_people_move(tmp_path: Path) -> None:
    study, now, n = make_study(), clock.now(), AT_ONCE + 20
    enrolled_at = now - timedelta(days=1)
    people = [make_participant(study, f"P{k:03}", enrolled_at=enrolled_at) for k in range(n)]
    replan(people, by=BY, now=now)
    waves = [wave_document("baseline", "P0D"), wave_document("m6", "P6M")]
    draft = Protocol.model_validate(protocol_document(waves=waves))
    study = design.load(protocol=draft, by=BY, now=now)
    assert not pipeline.publish(study=study, reason="later", by=BY, now=now).is_adopted
    (tmp_path / Point.IN_AMENDMENT).touch()
    assert adopt(tmp_path) == -signal.SIGKILL
    assert versions() == {1: n}
    assert not Occasion.objects.filter(wave="m6").exists()
    assert not Event.objects.filter(event="protocol.adopted").exists()
    assert adopt(tmp_path) == 0
    assert versions() == {2: n}
    assert Occasion.objects.filter(wave="m6", state="planned", protocol__version=2).count() == n
    assert Occasion.objects.filter(wave="m3", state="cancelled", protocol__version=1).count() == n
    assert sum(e.data["people"] for e in Event.objects.filter(event="protocol.adopted")) == n
