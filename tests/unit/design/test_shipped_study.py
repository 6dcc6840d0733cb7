"""The shipped study, the published schemas, and that both agree with the code."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest

from surveys.design.library import shipped_study
from surveys.design.protocol import Protocol
from surveys.design.schedule import moments
from surveys.design.schema import schemas
from surveys.design.studyfile import read
from surveys.instruments.library import entries, shipped
from surveys.lib.yamlfile import parse

PUBLISHED = Path(__file__).parents[3] / "docs" / "schema"


@pytest.fixture(scope="module")
def study() -> Protocol:
    instruments = {instrument.ref: instrument for instrument in shipped()}
    return read(shipped_study()).checked(instruments)


def test_the_shipped_study_runs_for_a_year_in_two_arms_and_two_languages(study: Protocol) -> None:
    assert [wave.code for wave in study.waves] == ["baseline", "diary", "m3", "m6", "m9", "m12"]
    assert [arm.code for arm in study.arms] == ["program", "waitlist"]
    assert study.languages == ("en", "de")
    assert {wave.code for wave in study.waves if wave.only_if} == {"m3", "m6", "m9", "m12"}
    assert study.by_code["diary"].share == 0.5


def test_its_diary_asks_on_fourteen_evenings_from_the_seventh_day(study: Protocol) -> None:
    enrolled = datetime(2027, 3, 20, 9, 30, tzinfo=UTC)
    diary = study.by_code["diary"].schedule
    found = moments(diary, anchor=enrolled, zone="Europe/Berlin", seed="demo") or ()
    assert [m.day.day for m in found] == [27, 28, 29, 30, 31, *range(1, 10)]
    assert all(17 <= m.at.hour <= 20 for m in found)


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_published_schema_is_current(name: str) -> None:
    expected = schemas()[name]
    assert (PUBLISHED / name).read_text(encoding="utf-8") == expected, (
        "run: manage.py study schema -o docs/schema"
    )


def test_the_schemas_accept_what_ships_and_refuse_an_unknown_key() -> None:
    study_schema, instrument_schema = (
        jsonschema.Draft202012Validator(json.loads(schemas()[name]))
        for name in ("study-v1.json", "instrument-v1.json")
    )
    document = parse(shipped_study().read_bytes(), "study.yaml").data
    assert list(study_schema.iter_errors(document)) == []
    document["arms"][0]["label"] = "One text for all languages"
    assert list(study_schema.iter_errors(document)) == []
    document["waves"][0]["remind"] = []
    assert [list(e.absolute_path) for e in study_schema.iter_errors(document)] == [["waves", 0]]
    for entry in entries():
        assert list(instrument_schema.iter_errors(parse(entry.read_bytes(), "x").data)) == []
