"""Differences between protocols, as the lines that a researcher reads before publishing."""

from __future__ import annotations

from typing import Any

from surveys.design.difference import difference
from tests.unit.design.studies import protocol


def lines(**changes: Any) -> list[str]:
    return [str(change) for change in difference(protocol(), protocol(**changes))]


def waves() -> list[dict[str, Any]]:
    document = protocol().model_dump(mode="json", exclude_none=True)
    found: list[dict[str, Any]] = document["waves"]
    return found


def test_a_protocol_does_not_differ_from_itself() -> None:
    assert lines() == []


def test_a_changed_value_shows_both() -> None:
    changed = waves()
    changed[1]["window"]["start_within"] = "P21D"
    changed[0]["reminders"] = ["P3D"]
    assert lines(waves=changed, timezone="Asia/Tokyo") == [
        "timezone: Europe/Berlin -> Asia/Tokyo",
        "waves[baseline].reminders: [P3D, P7D] -> [P3D]",
        "waves[m3].window.start_within: P14D -> P21D",
    ]


def test_waves_are_matched_by_their_code() -> None:
    changed = waves()
    del changed[0]["reminders"]
    extra = {"code": "m6", "instruments": ["calm@1"], "schedule": {"date": "2027-10-04"}}
    del changed[2]
    found = lines(waves=[*changed, extra])
    assert found[0] == "waves[baseline].reminders: [P3D, P7D] -> []"
    assert found[1].startswith("waves[diary]: removed instruments: [calm@1]")
    assert found[2].startswith("waves[m6]: added instruments: [calm@1]")
    assert len(found) == 3


def test_an_optional_part_comes_and_goes() -> None:
    changed = waves()
    del changed[1]["only_if"]
    changed[0]["share"] = 0.25
    assert lines(waves=changed) == [
        "waves[baseline].share: added 0.25",
        "waves[m3].only_if: removed baseline.completed",
    ]


def test_another_order_of_waves_is_a_change() -> None:
    changed = waves()
    assert lines(waves=[changed[0], changed[2], changed[1]]) == [
        "waves (order): [baseline, m3, diary] -> [baseline, diary, m3]"
    ]


def test_a_long_text_shows_the_place_where_it_changed() -> None:
    long = {"en": "I take part. " * 40 + "Gladly.", "de": "Ich nehme teil."}
    other = long | {"en": long["en"].replace("Gladly", "With doubts")}
    consent = {"version": 1, "withdrawal": "keep-collected-data"}
    (change,) = difference(
        protocol(consent=consent | {"text": long}), protocol(consent=consent | {"text": other})
    )
    assert "Gladly" in str(change)
    assert "With doubts" in str(change)
    assert len(str(change)) < 160
