"""Drawn orders and attention items, answered page by page and read from the dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analytics import actions, reports
from surveys.responding.actions import save_page
from surveys.responding.models import Submission
from surveys.responding.standing import standing
from surveys.scheduling.models import Occasion
from tests.answering import make_questionnaire
from tests.questionnaires import SHORT, SHUFFLED
from tests.world import NOW, make_occasion, make_participant

pytestmark = pytest.mark.django_db

GOOD = {"a": "1", "b": "2", "c": "3", "help.2": "2", "instructed": "5", "bogus": "2"}
PEOPLE = {
    "CARE-0001": GOOD,
    "CARE-0002": GOOD | {"instructed": "4"},
    "CARE-0003": GOOD | {"instructed": "1", "bogus": "5"},
    "CARE-0004": {k: v for k, v in GOOD.items() if k != "bogus"} | {"instructed": "-9"},
    "CARE-0005": {},
}


def answer(occasion: Occasion, posted: dict[str, str]) -> None:
    place = standing(occasion).place
    assert place is not None
    skips = " ".join(SHUFFLED.by_code)
    saved = save_page(
        occasion=occasion.id,
        instrument=place.instrument,
        page=place.page,
        posted=posted | {"confirmed_skips": skips},
        forward=True,
        now=NOW,
    )
    assert not saved.problems


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    study = make_questionnaire([SHUFFLED, SHORT], state="planned").participant.study
    for code, posted in PEOPLE.items():
        answer(make_occasion(make_participant(study, code), "baseline"), posted)
    folder = tmp_path / "bundle"
    folder.mkdir()
    actions.write_bundle(study, ("csv", "parquet"), folder)
    return folder


def table(bundle: Path, name: str) -> Any:
    """A table of the bundle; untyped, since its columns are the study's."""
    return reports.table(bundle, name)


def test_every_answer_says_at_which_place_it_was_asked(bundle: Path) -> None:
    rows = table(bundle, "answers").set_index(["participant", "instrument"]).sort_index()
    for code in PEOPLE:
        shown = Submission.objects.get(occasion__participant__code=code).paradata
        places = rows.loc[(code, "shuffled")].set_index("item")["position"]
        expected = {item: at for at, item in enumerate(shown["order"], start=1)}
        assert expected["welcome"] == 1
        for item in ("a", "b", "c", "instructed", "bogus"):
            assert places[item] == expected[item]
        assert {places[f"help_{n}"] for n in (1, 2, 3)} == {expected["help"]}
        assert rows.loc[[(code, "short")], "position"].isna().all(), "it is asked in one order"
    starts = {tuple(rows.loc[(code, "shuffled")]["position"]) for code in PEOPLE}
    assert len(starts) > 2


def test_the_order_of_the_options_stands_beside_the_items_that_use_them(bundle: Path) -> None:
    rows = table(bundle, "answers")
    rows = rows[rows["instrument"] == "shuffled"].set_index(["participant", "item"])
    orders = set()
    for code in PEOPLE:
        shown = Submission.objects.get(occasion__participant__code=code).paradata["options"]
        told = " ".join(map(str, shown["helpers"]))
        assert told.endswith(" -9")
        assert {rows.loc[(code, f"help_{n}"), "option_order"] for n in (1, 2, 3)} == {told}
        orders.add(told)
    assert len(orders) > 1
    assert rows["option_order"].loc[:, ["a", "b", "c"]].isna().all()


def test_attention_items_are_passed_or_failed_and_never_scored(bundle: Path) -> None:
    rows = table(bundle, "answers").set_index(["participant", "item"])["passed"]
    found = {
        code: tuple(
            None if rows[code, item] != rows[code, item] or rows[code, item] is None
            else bool(rows[code, item])
            for item in ("instructed", "bogus")
        )
        for code in PEOPLE
    }  # fmt: skip
    assert found == {
        "CARE-0001": (True, True),
        "CARE-0002": (False, True),
        "CARE-0003": (False, False),
        "CARE-0004": (None, None),  # "prefer not to say" is no answer, and nothing is none
        "CARE-0005": (None, None),
    }
    assert rows.loc[:, ["a", "help_1"]].isna().all()
    scores = table(bundle, "scores").set_index("participant")["score"]
    assert scores.loc[["CARE-0001", "CARE-0002", "CARE-0003"]].tolist() == [2, 2, 2]


@pytest.mark.parametrize("name", ["occasions", "person_waves"])
def test_each_occasion_counts_what_was_passed_and_failed(bundle: Path, name: str) -> None:
    rows = table(bundle, name)
    rows = rows[rows["wave"] == "baseline"].set_index("participant")
    counts = rows[["attention_passed", "attention_failed"]].astype("float").fillna(-1)
    assert {code: tuple(counts.loc[code]) for code in PEOPLE} == {
        "CARE-0001": (2, 0),
        "CARE-0002": (1, 1),
        "CARE-0003": (0, 2),
        "CARE-0004": (-1, -1),
        "CARE-0005": (-1, -1),
    }


def test_the_codebook_counts_them_and_says_what_is_shuffled(bundle: Path) -> None:
    codebook = (bundle / "codebook.html").read_text()
    assert "Attention item, never scored: passed with 5. 1 passed, 2 failed." in codebook
    assert "Attention item, never scored: passed with 1, 2. 2 passed, 1 failed." in codebook
    assert "options of helpers: in an order drawn for each person, who keeps it" in codebook


def test_the_summary_counts_them(bundle: Path) -> None:
    assert "Attention   3 passed, 3 failed" in reports.summary(bundle)
