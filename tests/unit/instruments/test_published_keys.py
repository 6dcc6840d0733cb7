"""Published keys: their examples hold and pin every row, they have no wording, and the six traps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.instruments.definition import Instrument
from surveys.instruments.examples import disagreements, gaps
from surveys.instruments.keys import Origin
from surveys.instruments.library import published, published_entries, shipped
from surveys.instruments.scoring import score, score_one

KEYS = list(published().values())
BY_CODE = {one.instrument: one for one in KEYS}


def named(one: object) -> str | None:
    return one.instrument if isinstance(one, Instrument) else None


def signs(code: str, scale: str) -> dict[str, int]:
    found = BY_CODE[code]
    return {key.item: key.sign for key in found.scale_by_code[scale].scored_keys}


def origin(code: str) -> Origin:
    found = BY_CODE[code].origin
    assert found is not None
    return found


def values(code: str, answers: Mapping[str, float | None]) -> dict[str, float | None]:
    return {scale: s.value for scale, s in score_one(BY_CODE[code], answers).items()}


def test_each_file_bears_its_code_and_none_is_also_an_instrument_with_wording() -> None:
    assert [entry.name for entry in published_entries()] == [f"{o.instrument}.yaml" for o in KEYS]
    assert BY_CODE.keys().isdisjoint(one.instrument for one in shipped())


@pytest.mark.parametrize("one", KEYS, ids=named)
def test_a_key_has_no_wording_and_says_where_everything_comes_from(one: Instrument) -> None:
    assert one.wording == "none"
    assert one.instructions is None
    assert all(not item.text and item.facet is None for item in one.items)
    assert all(not o.label for options in one.response_sets.values() for o in options)
    assert one.origin is not None
    assert {fact.of for fact in one.origin.facts} == {
        "items", "signs", "codes", "rule", "missing", "licence",
    }  # fmt: skip
    assert one.citation
    assert one.licence.statement


@pytest.mark.parametrize("one", KEYS, ids=named)
def test_worked_examples_hold_and_one_has_a_missing_answer(one: Instrument) -> None:
    assert disagreements(one) == []
    assert gaps(one) == []
    assert len(one.examples) >= 2
    assert any(None in example.answers.values() for example in one.examples)


def other_rows(key: dict[str, Any]) -> list[dict[str, Any]]:
    """What a row could wrongly be: turned round or left out; or scored, where it is not."""
    if not key["scored"]:
        return [key | {"scored": True}]
    return [key | {"sign": -key["sign"]}, key | {"scored": False}]


def changed(one: Instrument) -> Iterator[tuple[str, Instrument]]:
    """The instrument with one row of one key changed, for each row and change."""
    doc = one.model_dump(mode="json")
    rows = [(s, k) for s, scale in enumerate(doc["scales"]) for k in range(len(scale["keys"]))]
    for s, k in rows:
        scale = doc["scales"][s]
        for row in other_rows(scale["keys"][k]):
            keys = [*scale["keys"][:k], row, *scale["keys"][k + 1 :]]
            n_scored = sum(key["scored"] for key in keys)
            if n_scored:
                least = min(scale["rule"]["min_answered"], n_scored)
                wrong = scale | {"keys": keys, "rule": scale["rule"] | {"min_answered": least}}
                scales = [*doc["scales"][:s], wrong, *doc["scales"][s + 1 :]]
                yield f"{scale['code']} {row}", Instrument.model_validate(doc | {"scales": scales})


@pytest.mark.parametrize("one", KEYS, ids=named)
def test_no_row_of_a_key_can_change_unnoticed(one: Instrument) -> None:
    assert [what for what, other in changed(one) if not disagreements(other)] == []


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(KEYS), st.integers(0, 2**32 - 1))
def test_scores_do_not_depend_on_the_order_of_items_keys_or_parts(
    one: Instrument, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    low, high = one.range_of(one.items[0]) or (0, 0)
    answers = draw.integers(int(low), int(high), (3, len(one.items)), endpoint=True).astype(float)
    answers[draw.random(answers.shape) < 0.1] = np.nan
    order = draw.permutation(len(one.items))
    doc = one.model_dump(mode="json")
    doc["items"] = [doc["items"][i] for i in order]
    for scale in doc["scales"]:
        scale["keys"], scale["parts"] = scale["keys"][::-1], scale["parts"][::-1]
    doc["scales"] = doc["scales"][::-1]
    before = score(one, answers)
    after = score(Instrument.model_validate(doc), answers[:, order])
    assert np.array_equal(before.value, after.value[:, ::-1], equal_nan=True)
    assert np.array_equal(before.n_answered, after.n_answered[:, ::-1])


def test_trap_three_keys_under_the_name_of_the_ecr_r_give_three_scores() -> None:
    codes = ["ecr-r-blocks", "ecr-r-interleaved", "ecr-1998"]
    assert {origin(code).name for code in codes} == {"ECR-R"}
    assert len({origin(code).order for code in codes}) == 3
    sheet = [1 + (n * n) % 7 for n in range(1, 37)]
    found = []
    for code in codes:
        one = BY_CODE[code]
        scores = values(code, dict(zip(one.by_code, map(float, sheet), strict=True)))
        found.append((scores["anxiety"], scores["avoidance"]))
    assert len(set(found)) == 3


def test_trap_item_6_of_the_rsq_is_in_two_scales_with_opposite_signs() -> None:
    assert signs("rsq", "preoccupied")["rsq_06"] == -1
    assert signs("rsq", "dismissing")["rsq_06"] == 1
    threes = dict.fromkeys(BY_CODE["rsq"].by_code, 3.0)
    scores = values("rsq", threes | {"rsq_06": 5.0})
    assert (scores["preoccupied"], scores["dismissing"]) == ((3 + 3 + 3 + 1) / 4, (4 * 3 + 5) / 5)


def test_trap_what_is_asked_and_not_scored_changes_no_score() -> None:
    ceas = dict.fromkeys(BY_CODE["ceas"].by_code, 1.0)
    fillers = {
        f"ceas_{w}_{i}": 10.0 for w in ("self", "others", "from") for i in ("e3", "e7", "a3")
    }
    assert fillers.keys() <= ceas.keys()
    assert values("ceas", ceas | fillers) == values("ceas", ceas)
    assert values("ceas", ceas)["self_engagement"] == 6
    assert values("ceas", ceas)["self_action"] == 4
    rsq = BY_CODE["rsq"]
    keyed = {key.item for scale in rsq.scales for key in scale.keys}
    assert (len(rsq.items), len(keyed)) == (30, 17)
    threes = dict.fromkeys(rsq.by_code, 3.0)
    unkeyed = dict.fromkeys(rsq.by_code.keys() - keyed, 5.0)
    assert values("rsq", threes | unkeyed) == values("rsq", threes)


def test_trap_the_two_readings_of_the_self_compassion_total_differ() -> None:
    scs = BY_CODE["scs"]
    kind = {key.item for key in scs.scale_by_code["self_kindness"].keys}
    answers = {code: 5.0 if code in kind else 3.0 for code in scs.by_code}
    scores = values("scs", answers)
    assert scores["total"] == pytest.approx((5 + 5 * 3) / 6)
    assert scores["total_items"] == pytest.approx((5 * 5 + 21 * 3) / 26)
    assert scores["self_judgment"] == 3  # subscales stay as they are
    harsh = values("scs", answers | dict.fromkeys(signs("scs", "self_judgment"), 5.0))
    assert harsh["self_judgment"] == 5
    assert harsh["total"] == pytest.approx((5 + 1 + 4 * 3) / 6)


def test_trap_who5_runs_from_0_to_100() -> None:
    one = BY_CODE["who5"]
    for answer, percent in ((0, 0), (1, 20), (5, 100)):  # (raw - 5) x 4 would give -20, 0 and 80
        assert values("who5", dict.fromkeys(one.by_code, float(answer)))["percent"] == percent


def test_trap_two_item_orders_of_the_self_esteem_scale() -> None:
    sheet = [4.0, 1.0, 4.0, 4.0, 1.0, 1.0, 4.0, 1.0, 1.0, 4.0]  # reversed: 2, 5, 6, 8, 9
    found = {}
    for code in ("rses-a", "rses-b"):
        found[code] = values(code, dict(zip(BY_CODE[code].by_code, sheet, strict=True)))["total"]
    assert found["rses-a"] == 40
    assert found["rses-b"] != 40
    assert origin("rses-a").order != origin("rses-b").order


def test_relationship_questionnaire_models_run_from_minus_12_to_12() -> None:
    lowest = {"rq_secure": 1.0, "rq_dismissing": 1.0, "rq_preoccupied": 7.0, "rq_fearful": 7.0}
    assert values("rq", lowest)["self_model"] == -12
    assert values("rq", lowest)["other_model"] == 0
    assert values("rq", lowest | {"rq_fearful": None})["self_model"] is None


def test_a_target_that_somebody_does_not_have_leaves_the_global_score() -> None:
    one = BY_CODE["ecr-rs-four-targets"]
    has = {code: 2.0 for code in one.by_code if "partner" not in code}
    scores = values("ecr-rs-four-targets", has)
    assert scores["partner_anxiety"] is None
    assert scores["global_anxiety"] == 2
    only_mother = {code: 2.0 for code in one.by_code if "mother" in code}
    assert values("ecr-rs-four-targets", only_mother)["global_anxiety"] is None
