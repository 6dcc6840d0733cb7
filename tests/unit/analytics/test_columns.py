"""Names, kinds and documentation of the columns."""

from __future__ import annotations

from dataclasses import replace

from analytics.tidy.columns import tables
from analytics.tidy.design import Design, Plan, Slot
from analytics.tidy.names import item_names, score_names
from analytics.tidy.reference import PAGE, markdown
from tests.unit.analytics.samples import CALM_1, DESIGN, EMPTY, EN, MOOD, form, measure, question


def test_a_code_is_short_where_it_is_unique_and_prefixed_where_not() -> None:
    names = item_names(DESIGN)
    assert names["calm", "c2"] == "c2"
    assert names["calm", "c1"] == "calm_c1"
    assert names["low-mood", "c1"] == "low_mood_c1"
    assert score_names(DESIGN)["low-mood", "calm"] == "low_mood_calm"


def test_versions_share_their_columns() -> None:
    columns = [c.name for c in tables(DESIGN)["person_waves"].columns]
    assert columns.count("calm_c1") == 1
    assert {"c2", "c3", "calm_version", "low_mood_version"} <= set(columns)


def test_names_are_unique_even_when_codes_meet() -> None:
    """An item called like a key, like another's reason, and prefixes that run together."""
    awkward = (
        form("a", 1, tuple(map(question, ["wave", "sad", "sad_reason", "b_c", "x"])), measure("b_x", "x")),
        form("a-b", 1, tuple(map(question, ["c", "x"])), measure("x", "x")),
        form("a_b", 1, tuple(map(question, ["c"]))),
    )  # fmt: skip
    slots = (Slot("m1", EN, (0, 1, 2)), Slot("m-1", EN, (0, 1, 2)), Slot("m_1", EN, (0,), 3))
    design = Design("s", {}, ("en",), (Plan(1, "", slots),), awkward)
    for table in tables(design).values():
        names = [column.name for column in table.columns]
        assert len(names) == len(set(names)), table.name


def test_no_code_takes_a_column_that_every_occasion_has() -> None:
    fixed = [column.name for column in tables(EMPTY)["person_waves"].columns]
    one = form("a", 1, tuple(map(question, fixed)), measure("attention_passed", fixed[0]))
    design = Design("s", {}, ("en",), (Plan(1, "", (Slot("m1", EN, (0,)),)),), (one,))
    names = [column.name for column in tables(design)["person_waves"].columns]
    assert len(names) == len(set(names))


def test_waves_that_repeat_are_numbered_and_event_waves_are_not_in_wide() -> None:
    names = [column.name for column in tables(DESIGN)["wide"].columns if column.scale]
    assert "low_mood_calm_diary_2" in names
    assert "calm_calm_m3" in names
    assert not [name for name in names if "event" in name]


def test_an_empty_study_keeps_the_fixed_columns() -> None:
    for name, table in tables(DESIGN).items():
        fixed = [c for c in table.columns if not (c.instrument or c.item or c.scale or c.nth)]
        empty = [c.name for c in tables(EMPTY)[name].columns]
        assert empty == [
            c.name for c in fixed if not c.name.startswith("stratum_") and c.name in empty
        ]
        assert tables(EMPTY)[name].key == table.key


def test_text_in_one_version_makes_the_column_text() -> None:
    numbers = replace(CALM_1, version=3, questions=(question("note", "number"),), measures=())
    slots = (Slot("w", EN, (0, 1)),)
    design = Design("s", {}, ("en",), (Plan(1, "", slots),), (CALM_1, numbers))
    (column,) = [c for c in tables(design)["person_waves"].columns if c.item == "note"]
    assert column.kind == "text"


def test_coded_refusals_are_marked_as_missing() -> None:
    (column,) = [c for c in tables(DESIGN)["person_waves"].columns if c.item == "c2"]
    assert column.missing == (("99", "Prefer not to say"),)
    assert MOOD.questions[0].missing_codes == ()


def test_the_reference_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run python -m analytics.tidy.reference"
