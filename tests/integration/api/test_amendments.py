"""The preview of an amendment for machines: the numbers of publishing, and whom, page by page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.design import actions
from surveys.design.models import Study
from surveys.design.protocol import Protocol
from surveys.lib import clock
from surveys.scheduling.actions import replan
from tests.functional.console.cast import fingerprint
from tests.integration.api.callers import client, user
from tests.world import make_participant, make_study, protocol_document, wave_document

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
HERE = "/api/v1/studies/calm-year/amendment/"


@pytest.fixture
def study() -> Study:
    study, now = make_study(), clock.now()
    people = [
        make_participant(study, f"P{k}", enrolled_at=now - timedelta(days=1)) for k in range(3)
    ]
    replan(people, by=BY, now=now)
    return study


def draft() -> None:
    waves = [wave_document("baseline", "P0D"), wave_document("m6", "P6M")]
    document = protocol_document(waves=waves)
    actions.load(protocol=Protocol.model_validate(document), by=BY, now=clock.now())


def test_the_preview_tells_what_publishing_then_does(study: Study) -> None:
    draft()
    program = client(user(study))
    before = fingerprint()
    told = program.get(HERE).json()
    assert (told["version"], told["n_people"], told["n_affected"]) == (1, 3, 3)
    assert told["waves"]["m3"]["cancelled"] == 3
    assert told["changes"][0].startswith("waves[m3]: removed")
    changed = fingerprint()
    tables = {table for table, rows in changed.items() if rows != before[table]}
    assert tables <= {"knox_authtoken"}, "looking changes nothing"
    study.refresh_from_db()
    pipeline.publish(study=study, reason="x", by=BY, now=clock.now(), read=told["read"])
    done = Event.objects.get(event="protocol.adopted").data
    counts = {name: n for name, n in told["counts"].items() if n and name != "kept"}
    assert done == {"version": 2, "people": 3} | counts


def test_people_come_in_pages(study: Study) -> None:
    draft()
    program = client(user(study))
    first = program.get(f"{HERE}people/?limit=2").json()
    assert ([one["code"] for one in first["results"]], first["after"]) == (["P0", "P1"], "P1")
    assert first["results"][0]["waves"] == ["m3", "m6"]
    second = program.get(f"{HERE}people/?limit=2&after={first['after']}").json()
    assert ([one["code"] for one in second["results"]], second["after"]) == (["P2"], "")
    assert program.get(f"{HERE}people/?limit=0").status_code == 400


def test_without_a_draft_there_is_nothing(study: Study) -> None:
    program = client(user(study))
    for path in (HERE, f"{HERE}people/"):
        assert program.get(path).status_code == 404
        assert program.post(path).status_code == 405
