"""The picture of a protocol: where its bars lie, and that it shows under a strict policy."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from surveys.design import studyfile, timeline
from surveys.design.library import shipped_study
from surveys.design.protocol import Protocol, Wave

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return studyfile.read(shipped_study()).protocol


def _wave(**schedule: object) -> Wave:
    return Wave.model_validate(
        {
            "code": "w",
            "instruments": ["state-check@1"],
            "schedule": schedule,
            "window": {"start_within": "P7D"},
            "reminders": ["P2D", "PT36H"],
        }
    )


def test_a_wave_opens_at_its_offset_and_stays_open_for_its_window() -> None:
    (bar,) = timeline.bars(_wave(anchor="enrollment", offset="P10D"))
    assert (bar.opens, bar.closes, bar.reminders) == (10, 17, (12, 11.5))


def test_a_repeated_wave_has_a_bar_for_each_time() -> None:
    found = timeline.bars(_wave(anchor="enrollment", offset="P1D", every="P7D", times=3))
    assert [bar.opens for bar in found] == [1, 8, 15]


@pytest.mark.parametrize("schedule", [{"date": "2027-10-04"}, {"event": "participant"}])
def test_a_wave_without_an_offset_is_told_in_words(schedule: dict[str, object]) -> None:
    assert timeline.bars(_wave(**schedule)) == []


def test_the_picture_names_every_wave_and_draws_every_reminder(protocol: Protocol) -> None:
    picture = ET.fromstring(timeline.svg(protocol, "de"))  # noqa: S314  our own text
    texts = [element.text for element in picture.iter(f"{SVG}text")]
    for wave in protocol.waves:
        assert wave.title
        assert wave.title["de"] in texts
    n_reminders = sum(len(b.reminders) for w in protocol.waves for b in timeline.bars(w))
    assert len(list(picture.iter(f"{SVG}circle"))) == n_reminders > 0


def test_the_console_picture_has_no_style_of_its_own(protocol: Protocol) -> None:
    assert "style" not in timeline.svg(protocol, "en")
    assert "<style>" in timeline.svg(protocol, "en", standalone=True)


def test_names_are_escaped(protocol: Protocol) -> None:
    document = protocol.model_dump(mode="json", exclude_none=True)
    document["waves"][0]["title"] = {"en": "<b>&", "de": "x"}
    assert "&lt;b&gt;&amp;" in timeline.svg(Protocol.model_validate(document), "en")
