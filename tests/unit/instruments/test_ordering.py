"""Orders drawn by lot: what moves, what stays, for whom it is the same, and what it never changes."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from surveys.instruments import ordering
from surveys.instruments.definition import Instrument
from surveys.instruments.scoring import score_one
from surveys.lib.documents import Misfit
from tests.unit.instruments.building import document, scale

SECTIONS: list[dict[str, Any]] = [
    {"items": ["q1", "q2", "q3"]},
    {"items": ["q4", "q5", "q6"]},
    {"items": ["q7", "q8"]},
]
PEOPLE = [f"seed|P{n}" for n in range(60)]


def shuffled(n_items: int = 8, **changes: Any) -> Instrument:
    return Instrument.model_validate(document(n_items) | changes)


def pinned(*codes: str, **changes: Any) -> Instrument:
    made = document(8) | changes
    for item in made["items"]:
        item["pinned"] = item["code"] in codes
    return Instrument.model_validate(made)


def order_of(instrument: Instrument, person: str, occasion: str = "baseline|1") -> list[str]:
    return [item.code for item in ordering.drawn(instrument, person, occasion).items]


def orders(instrument: Instrument) -> Counter[tuple[str, ...]]:
    return Counter(tuple(order_of(instrument, person)) for person in PEOPLE)


def test_nothing_moves_that_is_not_shuffled() -> None:
    plain = shuffled(sections=SECTIONS)
    assert ordering.drawn(plain, "seed|P1", "baseline|1") is plain


def test_without_sections_all_items_change_places() -> None:
    found = orders(shuffled(shuffle={"items": True}))
    assert len(found) > 50
    assert {frozenset(order) for order in found} == {frozenset(f"q{n}" for n in range(1, 9))}
    assert len({order[0] for order in found}) == 8


def test_items_change_places_within_their_section() -> None:
    found = orders(shuffled(sections=SECTIONS, shuffle={"items": True}))
    for order in found:
        assert set(order[:3]) == {"q1", "q2", "q3"}
        assert set(order[3:6]) == {"q4", "q5", "q6"}
    assert len({order[:3] for order in found}) == 6


def test_a_section_may_differ_from_its_instrument() -> None:
    still = [SECTIONS[0] | {"shuffle": False}, *SECTIONS[1:]]
    assert {o[:3] for o in orders(shuffled(sections=still, shuffle={"items": True}))} == {
        ("q1", "q2", "q3")
    }
    alone = [SECTIONS[0] | {"shuffle": True}, *SECTIONS[1:]]
    found = orders(shuffled(sections=alone))
    assert len({order[:3] for order in found}) == 6
    assert {order[3:] for order in found} == {("q4", "q5", "q6", "q7", "q8")}


def test_sections_change_places_as_wholes() -> None:
    found = orders(shuffled(sections=SECTIONS, shuffle={"sections": True}))
    assert len(found) == 6
    for order in found:
        text = " ".join(order)
        assert all(" ".join(section["items"]) in text for section in SECTIONS)


def test_what_is_pinned_keeps_its_place() -> None:
    found = orders(pinned("q1", "q8", shuffle={"items": True}))
    assert {(order[0], order[-1]) for order in found} == {("q1", "q8")}
    last = [*SECTIONS[:2], SECTIONS[2] | {"pinned": True}]
    found = orders(shuffled(sections=last, shuffle={"sections": True}))
    assert {order[6:] for order in found} == {("q7", "q8")}
    assert len(found) == 2


def test_options_change_places_and_what_is_no_measurement_stays_last() -> None:
    one = shuffled(shuffle={"options": ["set"]})
    found = {
        tuple(o.code for o in ordering.drawn(one, person, "w|1").options_of(one.items[0]))
        for person in PEOPLE
    }
    assert len(found) > 40
    assert {order[-1] for order in found} == {99}
    assert {frozenset(order) for order in found} == {frozenset([1, 2, 3, 4, 5, 99])}


def test_an_option_is_pinned_by_its_own_word_or_by_being_exclusive() -> None:
    made = document(1) | {"shuffle": {"options": ["set"]}}
    made["items"][0]["kind"] = "multiple"
    made["response_sets"]["set"][0]["pinned"] = True
    made["response_sets"]["set"][4]["exclusive"] = True
    one = Instrument.model_validate(made)
    for person in PEOPLE:
        codes = [o.code for o in ordering.drawn(one, person, "w|1").options_of(one.items[0])]
        assert (codes[0], codes[4:]) == (1, [5, 99])


def test_the_order_is_the_persons_own_at_every_occasion_unless_it_is_drawn_anew() -> None:
    same = shuffled(shuffle={"items": True})
    assert order_of(same, "seed|P1", "baseline|1") == order_of(same, "seed|P1", "m3|1")
    anew = shuffled(shuffle={"items": True, "once_per": "occasion"})
    seen = {tuple(order_of(anew, "seed|P1", f"diary|{nth}")) for nth in range(1, 9)}
    assert len(seen) == 8
    assert order_of(anew, "seed|P1", "diary|3") == order_of(anew, "seed|P1", "diary|3")


def test_every_order_is_as_likely_as_another() -> None:
    """600 people and 6 orders: chi-square with 5 degrees of freedom stays below 20.5 (p = .001)."""
    three = shuffled(3, shuffle={"items": True})
    found = Counter(tuple(order_of(three, f"seed|P{n}")) for n in range(600))
    assert len(found) == 6
    assert sum((n - 100) ** 2 / 100 for n in found.values()) < 20.5


def test_a_new_version_keeps_the_order_of_what_it_keeps() -> None:
    before = shuffled(6, shuffle={"items": True})
    after = shuffled(8, shuffle={"items": True}, version=2)
    for person in PEOPLE:
        kept = [code for code in order_of(after, person) if code in before.by_code]
        assert kept == order_of(before, person)


def test_what_a_form_leaves_out_does_not_change_the_order_of_the_rest() -> None:
    whole = shuffled(sections=SECTIONS, shuffle={"items": True, "sections": True})
    part = whole.without({"q1", "q5", "q7", "q8"})
    for person in PEOPLE:
        kept = [code for code in order_of(whole, person) if code in part.by_code]
        assert kept == order_of(part, person)


def test_pages_follow_the_order_that_is_drawn() -> None:
    one = shuffled(sections=SECTIONS, shuffle={"items": True, "sections": True}, items_per_page=2)
    drawn = ordering.drawn(one, "seed|P7", "w|1")
    assert [item for page in drawn.pages for item in page] == list(drawn.items)
    for page in drawn.pages:
        assert len({drawn.section_of(item).items for item in page}) == 1  # type: ignore[union-attr]  # all are in sections


def test_the_options_shown_are_those_of_shuffled_sets_on_the_page() -> None:
    one = shuffled(2, shuffle={"options": ["set"]})
    drawn = ordering.drawn(one, "seed|P1", "w|1")
    shown = ordering.options_shown(drawn, drawn.items)
    assert shown == {"set": [option.code for option in drawn.response_sets["set"]]}
    assert ordering.options_shown(drawn, ()) == {}
    assert ordering.options_shown(shuffled(2), shuffled(2).items) == {}


@pytest.mark.parametrize(
    ("changes", "where", "message"),
    [
        ({"shuffle": {"sections": True}}, "shuffle.sections", "there are no sections"),
        ({"shuffle": {"options": ["sets"]}}, "shuffle.options.0", "'sets' is no response set"),
    ],
)
def test_what_cannot_be_shuffled_is_refused_with_its_place(
    changes: dict[str, Any], where: str, message: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        shuffled(2, **changes)
    cause = caught.value.errors()[0]["ctx"]["error"]
    assert isinstance(cause, Misfit)
    ((place, what),) = cause.found
    assert ".".join(map(str, place)) == where
    assert message in what


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ()),
        ({"shuffle": {"items": True}}, ("items: in an order drawn for each person, who keeps it",)),
        (
            {
                "sections": [SECTIONS[0] | {"shuffle": True}, *SECTIONS[1:]],
                "shuffle": {"sections": True, "options": ["set"], "once_per": "occasion"},
            },
            (
                "sections among each other: in an order drawn for each occasion",
                "items within their section in the sections that begin with q1: "
                "in an order drawn for each occasion",
                "options of set: in an order drawn for each occasion",
            ),
        ),
    ],
)
def test_researchers_are_told_what_changes_places(
    changes: dict[str, Any], told: tuple[str, ...]
) -> None:
    assert ordering.in_words(shuffled(**changes)) == told


@settings(deadline=None)
@given(st.data())
def test_scores_do_not_depend_on_the_order(data: st.DataObject) -> None:
    signs = {f"q{n}": data.draw(st.sampled_from([1, -1])) for n in range(1, 7)}
    doc = document(8, scales=[scale("s", signs, min_answered=3)]) | {
        "sections": SECTIONS,
        "shuffle": {"sections": True, "items": True, "options": ["set"]},
    }
    one = Instrument.model_validate(doc)
    drawn = ordering.drawn(one, data.draw(st.text(max_size=8)), "w|1")
    value = st.sampled_from([1, 2, 3, 4, 5, 99, None])
    answers = {item.code: data.draw(value) for item in drawn.items}  # in the order shown
    in_order = {code: answers[code] for code in one.by_code}
    assert score_one(one, answers) == score_one(one, in_order)


@st.composite
def sectioned(draw: st.DrawFn) -> Instrument:
    """Eight items, in sections or without, any of them pinned, shuffled in any way."""
    made = document(8)
    for item in made["items"]:
        item["pinned"] = draw(st.booleans())
    cuts = sorted(draw(st.sets(st.integers(1, 7), max_size=3)))
    if cuts:
        codes = [item["code"] for item in made["items"]]
        made["sections"] = [
            {"items": codes[a:b], "pinned": draw(st.booleans()),
             "shuffle": draw(st.sampled_from([None, True, False]))}
            for a, b in pairwise([0, *cuts, 8])
        ]  # fmt: skip
    made["shuffle"] = {"items": draw(st.booleans()), "sections": bool(cuts) and draw(st.booleans())}
    return Instrument.model_validate(made)


@settings(deadline=None, max_examples=25)
@given(sectioned())
def test_what_always_comes_before_does_so_in_every_drawn_order(one: Instrument) -> None:
    """Both ways: what is not certain is seen the other way round by somebody, sooner or later."""
    seen: set[tuple[str, str]] = set()
    for n in range(200):
        order = order_of(one, f"seed|{n}")
        seen |= {(a, b) for at, a in enumerate(order) for b in order[at + 1 :]}
    for a in one.by_code:
        for b in one.by_code:
            if a != b and ordering.is_always_before(one, a, b):
                assert (b, a) not in seen
            elif a != b:
                assert (b, a) in seen
