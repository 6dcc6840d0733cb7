"""Instruments in an order drawn by lot, answered page by page: the same order again, and kept."""

from __future__ import annotations

from typing import Any

import pytest

from surveys.instruments.definition import Instrument
from surveys.responding.actions import save_page
from surveys.responding.models import Submission
from surveys.responding.places import Place
from surveys.responding.standing import standing
from surveys.scheduling.models import Occasion
from tests.answering import make_questionnaire
from tests.questionnaires import document
from tests.world import NOW, make_occasion, make_participant

pytestmark = pytest.mark.django_db

CODES = [f"i{n}" for n in range(1, 10)]


def shuffled(**shuffle: Any) -> Instrument:
    """Nine items in three sections; the last section is asked of those alone who said 7 to `i1`."""
    text = {"en": "Words", "de": "Wörter"}
    items = [
        {"code": code, "kind": "single", "options": "seven", "text": text, "required": "no"}
        for code in CODES
    ]
    sections: list[dict[str, Any]] = [{"items": CODES[at : at + 3]} for at in (0, 3, 6)]
    sections[2] |= {"show_if": "answers.i1 == 7", "pinned": True}
    return Instrument.model_validate(
        document("mixed", items, sections=sections, shuffle=shuffle, items_per_page=2)
    )


MIXED = shuffled(items=True, sections=True, options=["seven"])


def pages(occasion: Occasion) -> list[list[str]]:
    return [[item.code for item in page] for page in standing(occasion).instruments[0].pages]


def walk(occasion: Occasion, answers: dict[str, str]) -> list[str]:
    """Answer everything that is asked; return the items in the order asked."""
    seen: list[str] = []
    place: Place | None = standing(occasion).place
    while place is not None:
        page = pages(occasion)[place.page - 1]
        seen += page
        place = save_page(
            occasion=occasion.id,
            instrument=place.instrument,
            page=place.page,
            posted={code: answers.get(code, "4") for code in page},
            forward=True,
            now=NOW,
        ).place
    return seen


def test_people_get_orders_of_their_own_and_keep_them_at_every_wave() -> None:
    first = make_questionnaire([MIXED])
    study = first.participant.study
    people = [make_participant(study, f"BBBB-{n:04d}") for n in range(12)]
    orders = []
    for person in people:
        at_baseline, later = (make_occasion(person, wave) for wave in ("baseline", "m3"))
        assert pages(at_baseline) == pages(later)
        orders.append(str(pages(at_baseline)))
    assert len(set(orders)) > 8


def test_a_new_order_for_each_occasion_is_one_word() -> None:
    first = make_questionnaire([shuffled(items=True, once_per="occasion")])
    later = make_occasion(first.participant, "m3")
    assert pages(first) != pages(later)
    assert pages(first) == pages(first)


def test_the_order_that_was_shown_is_kept_beside_the_answers() -> None:
    occasion = make_questionnaire([MIXED])
    seen = walk(occasion, {"i1": "2"})
    row = Submission.objects.get()
    assert sorted(seen) == CODES[:6]
    assert row.state == "final"
    assert row.paradata["order"] == seen
    shown = standing(occasion).asking.instruments[0].response_sets["seven"]
    assert row.paradata["options"] == {"seven": [option.code for option in shown]}
    assert row.paradata["options"]["seven"][-1] == -9
    assert sorted(row.paradata["branched_out"]) == CODES[6:]


def test_a_section_is_asked_once_its_condition_is_met() -> None:
    occasion = make_questionnaire([MIXED])
    seen = walk(occasion, {"i1": "7"})
    assert sorted(seen) == CODES
    assert sorted(seen[6:]) == CODES[6:]
    assert "branched_out" not in Submission.objects.get().paradata


def test_without_anything_shuffled_no_options_are_noted() -> None:
    occasion = make_questionnaire([shuffled()])
    assert walk(occasion, {}) == CODES[:6]
    assert "options" not in Submission.objects.get().paradata
