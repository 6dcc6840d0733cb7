"""The dataset from stored rows: values, reasons, times, texts, versions, and the same bytes again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from django.db import connection

from analytics import actions, reports
from analytics.source import snapshots
from analytics.tidy.make import ALL
from surveys.design.models import Study
from surveys.responding.models import Submission
from tests.integration.analytics.study import (
    HARD_TEXTS,
    add_instrument,
    amend,
    begun,
    make_varied_study,
    populate,
    submit,
)
from tests.world import (
    DAY,
    NOW,
    instrument_document,
    make_occasion,
    make_participant,
    make_study,
    wave_document,
)

pytestmark = pytest.mark.django_db
OCCASION = ["participant", "wave", "nth"]


def table(folder: Path, name: str) -> Any:
    """A table of the bundle; untyped, since its columns are the study's."""
    return reports.table(folder, name)


def export(study: Any, folder: Path, formats: tuple[str, ...] = ("csv", "parquet")) -> Path:
    folder.mkdir()
    actions.write_bundle(study, formats, folder)
    return folder


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    study = make_varied_study()
    populate(study)
    return export(study, tmp_path / "bundle")


def test_answers_hold_values_labels_texts_times_and_reasons(bundle: Path) -> None:
    rows = table(bundle, "answers").set_index(["participant", "wave", "item"])
    often = rows.loc["AAAA-0001", "baseline", "often"]
    assert (often["value"], often["label"], often["seconds"], often["changes"]) == (
        99,
        "Rather not",
        5.5,
        1,
    )
    assert rows.loc["AAAA-0001", "baseline", "hours"]["value"] == 37.5
    assert rows.loc["AAAA-0001", "baseline", "note"]["text"] == HARD_TEXTS[3]
    assert rows.loc["AAAA-0002", "baseline", "hours"]["value"] == -3
    assert rows["reason"].to_dict() == {
        **{("AAAA-0001", "baseline", i): pytest.approx(float("nan"), nan_ok=True)
           for i in ("hours", "often", "note", "calm1", "calm2", "calm3")},
        **{("AAAA-0001", "m3", f"calm{n}"): "not_due" for n in (1, 2, 3)},
        ("AAAA-0002", "baseline", "hours"): pytest.approx(float("nan"), nan_ok=True),
        ("AAAA-0002", "baseline", "often"): "skipped",
        ("AAAA-0002", "baseline", "note"): "not_reached",
        **{("AAAA-0002", "baseline", f"calm{n}"): "not_reached" for n in (1, 2, 3)},
        **{("AAAA-0002", "m3", f"calm{n}"): "expired" for n in (1, 2, 3)},
        **{("AAAA-0003", "baseline", i): "undeliverable"
           for i in ("hours", "often", "note", "calm1", "calm2", "calm3")},
        **{("AAAA-0003", "m3", f"calm{n}"): "planned_missing" for n in (1, 2, 3)},
        **{("AAAA-0004", "baseline", i): "not_reached" for i in ("hours", "often", "note")},
        ("AAAA-0004", "baseline", "calm1"): pytest.approx(float("nan"), nan_ok=True),
        ("AAAA-0004", "baseline", "calm2"): "skipped",
        ("AAAA-0004", "baseline", "calm3"): "skipped",
        **{("AAAA-0004", "m3", f"calm{n}"): "withdrawn" for n in (1, 2, 3)},
    }  # fmt: skip


def test_scores_come_with_their_rule_and_reason(bundle: Path) -> None:
    rows = table(bundle, "scores").set_index(["participant", "wave"])
    first = rows.loc["AAAA-0001", "baseline"]
    assert (first["score"], first["n_answered"], first["n_items"]) == (pytest.approx(5 / 3), 3, 3)
    assert first["rule"] == "mean of 3 items, from 2 answers on"
    assert len(first["key_version"]) == 12
    assert rows.loc["AAAA-0004", "baseline"]["reason"] == "not_scorable"
    assert rows.loc["AAAA-0002", "baseline"]["reason"] == "not_reached"


def test_occasions_and_messages_tell_how_it_went(bundle: Path) -> None:
    rows = table(bundle, "occasions").set_index(["participant", "wave"])
    assert rows["disposition"].tolist() == [
        "completed", "not_due", "partial", "expired", "undeliverable", "planned_missing",
        "completed", "withdrawn",
    ]  # fmt: skip
    done = rows.loc["AAAA-0001", "baseline"]
    assert done["invited_at"] == pd.Timestamp(NOW)
    assert done["minutes_active"] == round(2 * 60.6 / 60, 2)
    assert pd.isna(rows.loc["AAAA-0001", "m3"]["opened_at"])
    messages = table(bundle, "messages").set_index(["participant", "wave"])
    assert messages.loc["AAAA-0003", "baseline"]["why_not"] == "550 no such user"
    people = table(bundle, "participants").set_index("participant")
    assert people.loc["AAAA-0004", "status"] == "withdrawn"
    assert people.loc["AAAA-0001", "site"] == "Berlin"
    assert people["reminders"].tolist() == ["all", "all", "none", "all"]


def test_csv_and_parquet_say_the_same(bundle: Path) -> None:
    for name in ALL:
        text = pd.read_csv(bundle / f"{name}.csv", keep_default_na=False, na_values=[""])
        typed = pd.read_parquet(bundle / f"{name}.parquet")
        assert list(text.columns) == list(typed.columns)
        assert len(text) == len(typed)
        for column in typed.columns:
            if isinstance(typed[column].dtype, pd.DatetimeTZDtype):
                text[column] = pd.to_datetime(text[column], utc=True)
            assert text[column].isna().tolist() == typed[column].isna().tolist(), column
            assert text[column].dropna().tolist() == typed[column].dropna().tolist(), column


def test_hard_texts_come_back_unchanged(tmp_path: Path) -> None:
    study = make_varied_study()
    for n, text in enumerate(HARD_TEXTS):
        person = make_participant(study, f"P{n:02d}")
        submit(
            begun(person, "baseline", "started"),
            "about-you",
            {"hours": 1, "note": text},
            final=False,
        )
    submit(
        begun(make_participant(study, "P98"), "baseline", "started"), "about-you", {"note": None}
    )
    folder = export(study, tmp_path / "bundle")
    rows = pd.read_parquet(folder / "answers.parquet").set_index(["item", "participant"])
    notes = rows.loc["note"]
    assert notes["text"].dropna().tolist() == list(HARD_TEXTS)
    assert notes.loc["P98", "reason"] == "skipped"
    guarded = pd.read_csv(folder / "answers.csv", keep_default_na=False).set_index(
        ["item", "participant"]
    )
    expected = ["'" + text if text.startswith("=") else text for text in HARD_TEXTS]
    assert guarded.loc["note"]["text"].tolist()[: len(HARD_TEXTS)] == expected


def test_the_same_rows_give_the_same_bytes(bundle: Path, tmp_path: Path) -> None:
    again = export(Study.objects.get(), tmp_path / "again")
    files = sorted(p.relative_to(bundle) for p in bundle.rglob("*") if p.is_file())
    assert len(files) == 2 * len(ALL) + 4 + 3
    for name in files:
        assert (again / name).read_bytes() == (bundle / name).read_bytes(), name


def test_chunks_never_split_a_person(bundle: Path, tmp_path: Path, monkeypatch: Any) -> None:
    """One occasion at a time: still whole people, and the same rows."""
    monkeypatch.setattr(snapshots, "OCCASIONS_AT_ONCE", 1)
    study = Study.objects.get()
    with snapshots.snapshot(study, only=ALL) as source:
        sizes = [(len(c.people.code), len(c.occasions)) for c in source.chunks()]
    assert sizes == [(1, 2)] * 4
    again = export(study, tmp_path / "again", ("csv",))
    for name in ALL:
        assert (again / f"{name}.csv").read_bytes() == (bundle / f"{name}.csv").read_bytes()


def test_an_empty_study_has_every_table_and_column(tmp_path: Path) -> None:
    folder = export(make_study(), tmp_path / "bundle")
    for name in ALL:
        text, typed = table(folder, name), pd.read_parquet(folder / f"{name}.parquet")
        assert len(text) == len(typed) == 0
        assert list(text.columns) == list(typed.columns) != []
    assert "calm_m3" in table(folder, "wide").columns


def test_versions_of_protocol_and_instrument_share_columns(tmp_path: Path) -> None:
    study = make_varied_study()
    older = make_participant(study, "P1")
    submit(begun(older, "m3", "completed"), "calm", {"calm1": 2, "calm2": 2, "calm3": 0})
    newer = make_participant(study, "P2", protocol=amend(study))
    submit(begun(newer, "m3", "completed"), "calm", {"calm1": 0, "calm2": 0, "calm4": 2}, version=2)
    rows = table(export(study, tmp_path / "bundle"), "person_waves").set_index("participant")
    assert rows["calm_version"].tolist() == [1, 2]
    assert rows["protocol_version"].tolist() == [1, 2]
    assert rows["calm"].tolist() == [2.0, 0.0]
    assert rows.loc["P1", "calm4_reason"] == rows.loc["P2", "calm3_reason"] == "not_in_version"


def test_occasions_that_people_start_are_in_person_waves_and_not_in_wide(tmp_path: Path) -> None:
    study = make_varied_study()
    person = make_participant(study)
    for nth in (1, 2):
        submit(
            begun(person, "event", "completed", nth=nth),
            "calm",
            {"calm1": nth, "calm2": nth, "calm3": 0},
        )
    folder = export(study, tmp_path / "bundle")
    assert table(folder, "person_waves")["calm"].tolist() == [pytest.approx(4 / 3), 2.0]
    assert not [name for name in table(folder, "wide").columns if "event" in name]


def test_nothing_of_an_erased_person_leaves(tmp_path: Path) -> None:
    study = make_varied_study()
    person = make_participant(
        study, status="withdrawn", withdrawn_at=NOW, withdrawal_scope="erase_data"
    )
    submit(
        begun(person, "baseline", "completed"),
        "about-you",
        {"hours": 1, "often": 1, "note": "secret"},
    )
    make_occasion(person, "m3", state="cancelled", cause="withdrawn", ended_at=NOW)
    folder = export(study, tmp_path / "bundle", ("csv",))
    assert "secret" not in (folder / "answers.csv").read_text()
    reasons = table(folder, "answers").groupby("wave")["reason"].unique()
    assert (list(reasons["baseline"]), list(reasons["m3"])) == (["erased"], ["withdrawn"])


def test_the_data_are_as_of_their_latest_event(tmp_path: Path) -> None:
    study = make_varied_study()
    make_occasion(make_participant(study), opens_at=NOW + 90 * DAY, closes_at=NOW + 99 * DAY)
    folder = tmp_path / "bundle"
    folder.mkdir()
    assert actions.write_bundle(study, ["csv"], folder)["as_of"] == "2027-02-28T09:00:00.000Z"


def test_the_line_that_the_database_keeps() -> None:
    """Whatever the paradata look like, a submission can be stored and its numbers are found."""
    study = make_varied_study()
    occasion = begun(make_participant(study), "baseline", "started")
    row = submit(occasion, "about-you", {"often": 2, "note": "n;o", "hours": None}, final=False)
    row.refresh_from_db()
    assert row.flat == "hours,often;null,2;note,often;5.5,4.5;1,0;60.6"
    odd: tuple[dict[str, Any], ...]
    odd = ({}, {"items": [], "pages": {}}, {"items": {"often": 3}}, {"pages": ["x"]})
    for paradata in odd:
        Submission.objects.filter(pk=row.pk).update(paradata=paradata)
        row.refresh_from_db()
        assert row.flat == "hours,often;null,2;;;;"


@pytest.mark.django_db(transaction=True)
def test_rows_that_arrive_during_an_export_are_not_in_it() -> None:
    study = make_study()
    make_participant(study, "P1")
    with snapshots.snapshot(study, only=ALL) as source:
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("UPDATE surveys_participant SET code = 'P9', site = 'elsewhere'")
        other.close()
        (chunk,) = source.chunks()
    assert chunk.people.code.tolist() == ["P1"]
    with snapshots.snapshot(study, only=ALL) as source:
        (chunk,) = source.chunks()
    assert chunk.people.code.tolist() == ["P9"]


def test_a_reader_that_fails_is_heard(monkeypatch: Any) -> None:
    study = make_study()
    make_participant(study)
    monkeypatch.setattr(snapshots, "load", lambda *_: 1 / 0)
    with snapshots.snapshot(study, only=ALL) as source, pytest.raises(ZeroDivisionError):
        list(source.chunks())


def test_a_value_over_a_repeated_wave_takes_what_its_own_pages_could_know(tmp_path: Path) -> None:
    """The second week ends after the value's questionnaire, and before the other one of the month."""
    month = instrument_document("month")
    formula = 'weekly.answers["calm"].calm1 + 0.0'
    month["values"] = [{"code": "lastw", "title": month["title"], "formula": formula}]
    add_instrument(month)
    weekly = {"anchor": "enrollment", "offset": "P0D", "every": "P2D", "times": 2, "at": "09:00"}
    waves = [
        wave_document("weekly", "P0D", schedule=weekly),
        wave_document("month", "P1D", instruments=["month@1", "calm@1"]),
    ]
    study = make_study(waves=waves)
    person = make_participant(study, "AAAA-0001")
    for nth, day in ((1, 0), (2, 2)):
        week = begun(person, "weekly", "completed", nth=nth, ended_at=NOW + day * DAY)
        submit(week, "calm", dict.fromkeys(("calm1", "calm2", "calm3"), nth))
    times = {"last_saved_at": NOW + 3 * DAY, "ended_at": NOW + 3 * DAY}
    both = begun(person, "month", "completed", **times)
    for instrument, day in (("month", 1), ("calm", 3)):
        answers = dict.fromkeys(("calm1", "calm2", "calm3"), 0)
        submit(both, instrument, answers, saved_at=NOW + day * DAY)
    rows = table(export(study, tmp_path / "bundle"), "scores").set_index("scale")
    assert rows.loc["lastw", "score"] == 1
