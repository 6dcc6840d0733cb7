"""The dataset across an amendment: each occasion tells of the version under which it happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analytics import actions, reports
from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.design import actions as design
from surveys.design.protocol import Protocol
from surveys.participants.models import Participant
from surveys.scheduling.actions import open_due, replan
from surveys.scheduling.models import Occasion
from tests.integration.analytics.study import add_instrument, submit
from tests.world import (
    DAY,
    NOW,
    instrument_document,
    make_participant,
    make_study,
    protocol_document,
    wave_document,
)

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
LATER = NOW + 2 * DAY


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Two people began under version 1; one answered, one waits, one withdrew; then version 2."""
    study = make_study()
    document = instrument_document("calm", 2)
    document["items"][2]["code"] = "calm4"
    document["scales"][0]["keys"][2]["item"] = "calm4"
    add_instrument(document)
    people = [make_participant(study, code) for code in ("P1", "P2", "P3")]
    replan(people, by=BY, now=NOW - DAY)
    open_due(now=NOW)
    pipeline.withdraw(participant=people[2], scope="keep_data", reason="", by=BY, now=NOW)
    done = Occasion.objects.get(participant=people[0], wave="baseline")
    submit(done, "calm", {"calm1": 2, "calm2": 2, "calm3": 0})
    Occasion.objects.filter(pk=done.pk).update(
        state="completed", link_opened_at=NOW, started_at=NOW, last_saved_at=NOW, ended_at=NOW
    )
    waves = [
        wave_document("baseline", "P0D", instruments=["calm@2"]),
        wave_document("m6", "P6M", instruments=["calm@2"]),
    ]
    draft = Protocol.model_validate(protocol_document(waves=waves))
    study = design.load(protocol=draft, by=BY, now=LATER)
    pipeline.publish(study=study, reason="m6 is enough", by=BY, now=LATER)
    late = make_participant(study, "P4", enrolled_at=LATER)
    replan([late], by=BY, now=LATER)
    folder = tmp_path / "bundle"
    folder.mkdir()
    actions.write_bundle(study, ("csv",), folder)
    return folder


def table(bundle: Path, name: str) -> Any:
    """A table of the bundle, by participant and wave; untyped, since its columns are the study's."""
    return reports.table(bundle, name).set_index(["participant", "wave"]).sort_index()


def test_each_occasion_has_the_version_under_which_it_was_planned_or_opened(bundle: Path) -> None:
    assert set(Participant.objects.filter(protocol__version=2).values_list("code", flat=True)) == {
        "P1", "P2", "P4",
    }  # fmt: skip
    rows = table(bundle, "occasions")
    assert rows["protocol_version"].to_dict() == {
        ("P1", "baseline"): 1, ("P1", "m3"): 1, ("P1", "m6"): 2,
        ("P2", "baseline"): 1, ("P2", "m3"): 1, ("P2", "m6"): 2,
        ("P3", "baseline"): 1, ("P3", "m3"): 1,
        ("P4", "baseline"): 2, ("P4", "m6"): 2,
    }  # fmt: skip


def test_what_a_version_does_not_have_says_so(bundle: Path) -> None:
    rows = table(bundle, "person_waves")
    m3 = {code: rows.loc[code, "m3"]["calm1_reason"] for code in ("P1", "P2", "P3")}
    assert m3 == {"P1": "not_in_version", "P2": "not_in_version", "P3": "withdrawn"}
    done, waits, new = (rows.loc[code, "baseline"] for code in ("P1", "P2", "P4"))
    assert (done["calm"], done["calm_version"]) == (2.0, 1)
    assert done["calm4_reason"] == waits["calm4_reason"] == "not_in_version"
    assert waits["calm3_reason"] != "not_in_version", "who is under way is asked what they began"
    assert new["calm3_reason"] == "not_in_version"
    assert new["calm4_reason"] == "not_due"
    assert rows.loc["P2", "m6"]["calm4_reason"] == "not_due"


def test_in_the_wide_table_a_wave_that_somebody_never_had_says_so(bundle: Path) -> None:
    rows = reports.table(bundle, "wide").set_index("participant")
    assert rows.loc["P4", "calm_m3_reason"] == "not_in_version"
    assert rows.loc["P3", "calm_m6_reason"] == "not_in_version"
    assert rows.loc["P1", "calm_baseline"] == 2.0
