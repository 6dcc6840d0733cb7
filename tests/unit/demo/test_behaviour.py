"""The simulated people behave as their parameters say, whatever order they are asked in."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest

from studyplatform.demo.behaviour import Fate, Measure, Respondent
from studyplatform.demo.people import cast
from studyplatform.demo.truth import CONSTRUCTS, ROUNDS, Truth, trajectories

TRUTH = Truth()
SEVEN = [str(code) for code in range(1, 8)]


@cache
def crowd(n: int = 1500) -> tuple[Respondent, ...]:
    measures = {
        "plus": Measure("compassion", 1, TRUTH.loading),
        "minus": Measure("compassion", -1, TRUTH.loading),
    }
    return tuple(
        Respondent(TRUTH, 7, person, person.number % 2 == 0, measures) for person in cast(7, n)
    )


def test_decisions_do_not_depend_on_their_order() -> None:
    there = [(w, crowd()[3].intends(w, 1)) for w in ROUNDS]
    back = [(w, crowd()[3].intends(w, 1)) for w in reversed(ROUNDS)]
    assert there == back[::-1]


def test_latent_scores_have_unit_variance_and_the_stated_stability() -> None:
    scores = np.array([trajectories(TRUTH, 7, i, in_programme=False) for i in range(4000)])
    assert scores.std(axis=0) == pytest.approx(np.ones((5, 4)), abs=0.06)
    for column, construct in enumerate(CONSTRUCTS):
        share = TRUTH.stable_share[construct]
        expected = share + (1 - share) * TRUTH.carry_over**4
        found = np.corrcoef(scores[:, 0, column], scores[:, 4, column])[0, 1]
        assert found == pytest.approx(expected, abs=0.05)


def test_the_programme_raises_self_compassion_by_the_stated_effect() -> None:
    column = CONSTRUCTS.index("compassion")
    for number in range(20):
        gain = trajectories(TRUTH, 7, number, in_programme=True) - trajectories(
            TRUTH, 7, number, in_programme=False
        )
        assert gain[:, column] == pytest.approx(TRUTH.programme_on_compassion)


def test_people_stay_about_as_often_as_published_cohorts() -> None:
    for index, expected in enumerate(TRUTH.retention):
        found = np.mean([person.takes_part(index) for person in crowd()])
        assert found == pytest.approx(expected, abs=0.05)


def test_who_is_distressed_leaves_more_often() -> None:
    column = CONSTRUCTS.index("distress")
    last = len(ROUNDS) - 1
    stayed = [p.latent[0, column] for p in crowd() if p.takes_part(last)]
    left = [p.latent[0, column] for p in crowd() if not p.takes_part(last)]
    assert np.mean(left) > np.mean(stayed) + 0.15


def test_every_fate_occurs_and_most_people_complete() -> None:
    fates = Counter(person.intends("m6", 1).fate for person in crowd())
    assert set(fates) == set(Fate)
    assert fates[Fate.COMPLETES] > len(crowd()) / 2


def test_answers_follow_the_construct_and_its_sign() -> None:
    level = [p.latent[0, CONSTRUCTS.index("compassion")] for p in crowd()]
    for item, sign in (("plus", 1), ("minus", -1)):
        given = [p.answers("baseline", 1, item, SEVEN, (0, 0)) for p in crowd()]
        pairs = [(x, int(a)) for x, a in zip(level, given, strict=True) if a]
        r = np.corrcoef(np.array(pairs).T)[0, 1]
        assert sign * r == pytest.approx(TRUTH.loading, abs=0.07)


def test_some_items_are_skipped_and_numbers_stay_in_their_range() -> None:
    ages = [p.answers("baseline", 1, "age", [], (18, 120)) for p in crowd()]
    skipped = ages.count("")
    assert 0 < skipped < len(ages) * 0.04
    assert all(18 <= int(age) <= 120 for age in ages if age)
