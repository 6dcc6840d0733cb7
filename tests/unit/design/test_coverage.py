"""The coverage matrix: shares by hand, and by counting people who were really drawn."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.design.coverage import Coverage, Matrix, Unit, coverage, is_trivial
from surveys.design.protocol import Protocol
from surveys.instruments.definition import Instrument
from surveys.scheduling.states import Cause
from tests.unit.scheduling.plans import desired_plan, person, protocol, trial
from tests.world import instrument_document
from tests.world import wave_document as wave

INSTRUMENTS = {
    f"{code}@1": Instrument.model_validate(instrument_document(code)) for code in ("calm", "mood")
}
THREE = [wave("baseline", "P0D"), wave("m3", "P3M"), wave("m6", "P6M")]


def found(design: Protocol) -> Coverage:
    return coverage(design, INSTRUMENTS)


def shares(matrix: Matrix) -> dict[tuple[str, str], float]:
    """The lower triangle."""
    pairs = product(enumerate(matrix.units), repeat=2)
    return {(str(a), str(b)): matrix.shares[i][j] for (i, a), (j, b) in pairs if j <= i}


def test_a_wave_skipping_design() -> None:
    forms = [
        {"code": "A", "ratio": 2, "without": {"waves": ["m3"]}},
        {"code": "B", "without": {"waves": ["m6"]}},
        {"code": "C"},
    ]
    seen = found(protocol(*THREE, forms=forms))
    assert shares(seen.waves) == {
        ("baseline", "baseline"): 1.0,
        ("m3", "baseline"): 0.5,
        ("m3", "m3"): 0.5,
        ("m6", "baseline"): 0.75,
        ("m6", "m3"): 0.25,
        ("m6", "m6"): 0.75,
    }
    assert seen.warnings == []
    assert (seen.items, seen.scales) == ((), ())


def test_pairs_that_nobody_has_are_warned_about_once() -> None:
    forms = [
        {"code": "A", "without": {"waves": ["m3"]}},
        {"code": "B", "without": {"waves": ["m6"]}},
    ]
    design = protocol(*THREE, forms=forms)
    assert found(design).warnings == [
        "nobody has both m3 and m6 by design, so nothing can be estimated between them"
    ]


def test_split_instruments() -> None:
    both = {"instruments": ["calm@1", "mood@1"]}
    forms = [
        {"code": "A", "without": {"instruments": {"baseline": ["mood@1"]}}},
        {"code": "B", "without": {"instruments": {"baseline": ["calm@1"]}}},
    ]
    seen = found(protocol(wave("baseline", "P0D", **both), wave("m3", "P3M"), forms=forms))
    assert shares(seen.waves)["m3", "baseline"] == 1.0
    assert shares(seen.instruments)["calm@1 in m3", "calm@1 in baseline"] == 0.5
    assert shares(seen.instruments)["mood@1 in baseline", "calm@1 in baseline"] == 0.0
    assert seen.warnings == [
        "nobody has both calm@1 in baseline and mood@1 in baseline by design, so nothing can be "
        "estimated between them"
    ]


def test_a_three_form_design() -> None:
    """Each form leaves out one of three items; a score of two items is there for everybody."""
    forms = [
        {"code": code, "without": {"items": {"calm@1": [item]}}}
        for code, item in (("A", "calm1"), ("B", "calm2"), ("C", "calm3"))
    ]
    seen = found(protocol(wave("baseline", "P0D"), forms=forms))
    (items,), (scales,) = seen.items, seen.scales
    assert [unit.items for unit in items.units] == [("calm1",), ("calm2",), ("calm3",)]
    assert {round(x, 9) for x in shares(items).values()} == {round(1 / 3, 9), round(2 / 3, 9)}
    assert scales.shares == ((1.0,),)
    assert seen.warnings == []


def test_items_and_scores_that_nobody_has() -> None:
    forms = [
        {"code": "A", "without": {"items": {"calm@1": ["calm1", "calm2"]}}},
        {"code": "B", "without": {"items": {"calm@1": ["calm3", "calm2"]}}},
    ]
    seen = found(protocol(wave("baseline", "P0D"), forms=forms))
    assert seen.warnings == [
        "nobody has both calm1 of calm@1 in baseline and calm3 of calm@1 in baseline by design, so "
        "nothing can be estimated between them",
        "nobody has calm2 of calm@1 in baseline by design",
        "nobody has score calm of calm@1 in baseline by design",
    ]
    assert seen.items[0].units[0] == Unit("baseline", "calm@1", ("calm1",))


def test_arms_and_shares_count_and_arms_alone_are_no_warning() -> None:
    design = trial(
        wave("baseline", "P0D"),
        wave("care", "P1M", arms=["care"]),
        wave("wait", "P1M", arms=["waitlist"], share=0.5),
        wave("m3", "P3M", share=0.4),
    )
    seen = found(design)
    assert shares(seen.waves) == {
        ("baseline", "baseline"): 1.0,
        ("care", "baseline"): 0.5,
        ("care", "care"): 0.5,
        ("wait", "baseline"): 0.25,
        ("wait", "care"): 0.0,
        ("wait", "wait"): 0.25,
        ("m3", "baseline"): 0.4,
        ("m3", "care"): 0.2,
        ("m3", "wait"): 0.1,
        ("m3", "m3"): 0.4,
    }
    assert seen.warnings == []
    assert not is_trivial(design)


def test_a_design_in_which_everybody_is_asked_everything_is_trivial() -> None:
    design = protocol(*THREE)
    assert is_trivial(design)
    assert set(shares(found(design).waves).values()) == {1.0}


def test_only_the_first_warnings_are_listed() -> None:
    many = [wave(f"w{n}", f"P{n}M") for n in range(1, 15)]
    odd, even = ([f"w{n}" for n in range(first, 15, 2)] for first in (1, 2))
    forms = [{"code": "A", "without": {"waves": odd}}, {"code": "B", "without": {"waves": even}}]
    warnings = found(protocol(*many, forms=forms)).warnings
    assert (len(warnings), warnings[-1]) == (21, "and 29 more pairs that nobody has")


@st.composite
def designs(draw: st.DrawFn) -> Protocol:
    waves = [
        wave(
            code,
            f"P{n}M",
            **({"share": draw(st.sampled_from([0.25, 0.5]))} if draw(st.booleans()) else {}),
        )
        for n, code in enumerate(("one", "two", "three"), start=1)
    ]
    forms: list[dict[str, Any]] = [
        {
            "code": code,
            "ratio": draw(st.integers(1, 3)),
            "without": {
                "waves": sorted(draw(st.sets(st.sampled_from(["one", "two", "three"]), max_size=2)))
            },
        }
        for code in "AB"
    ]
    return protocol(*waves, forms=forms)


@settings(max_examples=10, deadline=None)
@given(designs())
def test_the_planner_asks_as_many_as_the_matrix_says(design: Protocol) -> None:
    n = 1200
    total = sum(form.ratio for form in design.forms)
    deck = [form.code for form in design.forms for _ in range(form.ratio)]
    asked = [
        {
            o.wave
            for o in desired_plan(design, person(code=f"P{k}", form=deck[k % total]))
            if o.cause != Cause.PLANNED_MISSING
        }
        for k in range(n)
    ]
    matrix = found(design).waves
    for (i, a), (j, b) in product(enumerate(matrix.units), repeat=2):
        really = sum({a.wave, b.wave} <= waves for waves in asked) / n
        assert really == pytest.approx(matrix.shares[i][j], abs=0.06)
        assert (really == 0) == (matrix.shares[i][j] == 0)
