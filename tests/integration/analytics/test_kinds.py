"""Lists, dates, texts and coded answers that stand apart, from stored rows to the dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analytics import actions, reports
from tests.integration.analytics.study import add_instrument, begun, submit
from tests.questionnaires import MORE_KINDS_DOCUMENT
from tests.world import make_participant, make_study, wave_document

pytestmark = pytest.mark.django_db

FULL = {
    "welcome": None,
    "taken": 1,
    "help": [1, 3],
    "order": [3, 1, 2],
    "born": "1980-02-29",
    "asleep": "23:05",
    "warmth": 40,
    "children": -8,
    "name": "-8",
    "near": 2,
    "far": -9,
}
DECLINED = {
    "welcome": None,
    "taken": 1,
    "help": [-9],
    "order": None,
    "born": -9,
    "asleep": None,
    "warmth": None,
    "children": 2,
    "name": -9,
}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    add_instrument(MORE_KINDS_DOCUMENT)
    study = make_study(waves=[wave_document("baseline", "P0D", instruments=["more-kinds@1"])])
    for code, answers, state in (
        ("AAAA-0001", FULL, "completed"),
        ("AAAA-0002", DECLINED, "expired"),
        ("AAAA-0003", {"welcome": None}, "expired"),
    ):
        occasion = begun(make_participant(study, code), "baseline", state)
        submit(occasion, "more-kinds", answers, final=state == "completed")
    folder = tmp_path / "bundle"
    folder.mkdir()
    actions.write_bundle(study, ("csv", "parquet"), folder)
    return folder


def cells(bundle: Path, person: str) -> dict[str, Any]:
    """The value, the text or the reason of each row of one person."""
    rows: Any = reports.table(bundle, "answers")
    rows = rows[rows["participant"] == person].set_index("item")
    merged = rows["value"].astype(object).combine_first(rows["text"].astype(object))
    found: dict[str, Any] = merged.combine_first(rows["reason"].astype(object)).to_dict()
    return found


def test_each_option_of_a_list_has_a_row_of_its_own(bundle: Path) -> None:
    assert cells(bundle, "AAAA-0001") == {
        "taken": 1,
        "help_1": 1, "help_2": 0, "help_3": 1, "help_0": 0,
        "order_1": 2, "order_2": 3, "order_3": 1,
        "born": "1980-02-29", "asleep": "23:05", "warmth": 40,
        "children": -8, "name": "-8", "near": 2, "far": -9,
    }  # fmt: skip


def test_a_coded_answer_stands_in_every_place_of_its_item_and_a_gap_has_its_reason(
    bundle: Path,
) -> None:
    assert cells(bundle, "AAAA-0002") == {
        "taken": 1,
        "help_1": -9, "help_2": -9, "help_3": -9, "help_0": -9,
        "order_1": "skipped", "order_2": "skipped", "order_3": "skipped",
        "born": -9, "asleep": "skipped", "warmth": "skipped",
        "children": 2, "name": -9, "near": "not_reached", "far": "not_reached",
    }  # fmt: skip
    assert set(cells(bundle, "AAAA-0003").values()) == {"not_reached"}


def test_codes_have_labels_and_every_column_of_a_list_the_times_of_its_item(bundle: Path) -> None:
    rows: Any = reports.table(bundle, "answers").set_index(["participant", "item"])
    labels = rows["label"].dropna().astype(str)
    assert labels["AAAA-0001"].to_dict() == {
        "taken": "ticked", "help_1": "chosen", "help_2": "not chosen", "help_3": "chosen",
        "help_0": "not chosen", "children": "Does not apply", "near": "Sometimes",
        "far": "Prefer not to say",
    }  # fmt: skip
    assert labels["AAAA-0002", "born"] == "Prefer not to say"
    seconds = rows["seconds"]["AAAA-0001"]
    assert seconds["help_1"] == seconds["help_3"] == 4.5 + 2
    assert seconds["far"] == 4.5 + 10


def test_wide_columns_and_codebook_say_the_same(bundle: Path) -> None:
    rows: Any = reports.table(bundle, "person_waves").set_index("participant")
    full = rows.loc["AAAA-0001"]
    assert (full["help_2"], full["order_3"], full["born"]) == (0, 1, "1980-02-29")
    declined = rows.loc["AAAA-0002"]
    assert (declined["name"], declined["born"], declined["help_2"]) == ("-9", "-9", -9)
    assert "welcome" not in rows.columns
    page = (bundle / "codebook.html").read_text()
    assert "Who helps?: Friends" in page
    assert "(missing: not applicable)" in page
    assert "(missing: declined)" in page
