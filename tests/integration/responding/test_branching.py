"""Branching over whole occasions: pages passed over, answers set aside, instruments not asked."""

from __future__ import annotations

from typing import Any

import pytest

from surveys import pipeline
from surveys.instruments.definition import Instrument
from surveys.responding.actions import PageSaved
from surveys.responding.models import Submission
from surveys.responding.places import Place, ordinal
from surveys.responding.standing import NoSuchPage, standing
from surveys.scheduling.models import Occasion
from tests.answering import make_questionnaire
from tests.integration.analytics.study import begun, submit
from tests.questionnaires import SHORT, document
from tests.world import NOW, make_occasion, wave_document

pytestmark = pytest.mark.django_db


def item(code: str, show_if: str = "") -> dict[str, Any]:
    text = {"en": code, "de": code}
    asked = {"code": code, "kind": "single", "options": "seven", "text": text, "required": "no"}
    return asked | ({"show_if": show_if} if show_if else {})


def instrument(code: str, *items: dict[str, Any]) -> Instrument:
    return Instrument.model_validate(document(code, list(items)))


SMOKING = instrument(
    "smoking",
    item("smokes"),
    item("many", "answers.smokes >= 5"),
    item("quit", "answers.many >= 5"),
    item("sleep"),
)
AFTER = instrument("after", item("more", 'occasion.answers["smoking"].smokes >= 5'))
EARLIER = instrument("earlier", item("again", 'baseline.answers["smoking"].smokes >= 5'), item("x"))
REF = SMOKING.ref


def save(
    occasion: Occasion, page: int, posted: dict[str, str], *, of: str = REF, forward: bool = True
) -> PageSaved:
    return pipeline.save_page(
        occasion=occasion.id, instrument=of, page=page, posted=posted, forward=forward, now=NOW
    )


def stored(code: str = "smoking") -> Submission:
    return Submission.objects.get(instrument__code=code)


def test_pages_on_which_nothing_is_asked_are_passed_over_both_ways() -> None:
    occasion = make_questionnaire([SMOKING])
    assert save(occasion, 1, {"smokes": "1"}).place == Place(REF, 3)
    stands = standing(occasion)
    assert [[i.code for i in page] for page in stands.instruments[0].pages] == [
        ["smokes"], [], ["sleep"],
    ]  # fmt: skip
    assert ordinal(stands.instruments, Place(REF, 3)) == (2, 2)
    assert save(occasion, 3, {}, forward=False).place == Place(REF, 1)
    with pytest.raises(NoSuchPage):
        save(occasion, 2, {"many": "7"})
    assert save(occasion, 3, {"sleep": "2"}).completed
    row = stored()
    assert row.answers == {"smokes": 1, "sleep": 2}
    assert row.paradata["branched_out"] == ["many", "quit"]


def test_an_answer_that_becomes_hidden_is_set_aside_and_comes_back() -> None:
    occasion = make_questionnaire([SMOKING])
    save(occasion, 1, {"smokes": "6"})
    assert save(occasion, 2, {"many": "3"}).place == Place(REF, 3)
    save(occasion, 1, {"smokes": "2"})
    assert stored().answers == {"smokes": 2}
    save(occasion, 1, {"smokes": "7"})
    assert stored().answers == {"smokes": 7, "many": 3}
    save(occasion, 1, {"smokes": "2"})
    assert save(occasion, 3, {"sleep": "1"}).completed
    assert stored().answers == {"smokes": 2, "sleep": 1}
    assert "set_aside" not in stored().paradata


def test_an_instrument_of_which_nothing_is_asked_is_handed_in_empty() -> None:
    occasion = make_questionnaire([SMOKING, AFTER, SHORT])
    save(occasion, 1, {"smokes": "1"})
    assert save(occasion, 3, {"sleep": "1"}).place == Place(SHORT.ref, 1)
    assert save(occasion, 1, {"mood": "1"}, of=SHORT.ref).completed
    row = stored("after")
    assert (row.state, row.answers) == ("final", {})
    assert row.paradata == {"branched_out": ["more"]}


def test_an_instrument_asks_by_what_came_before_at_the_same_occasion() -> None:
    occasion = make_questionnaire([SMOKING, AFTER])
    save(occasion, 1, {"smokes": "7"})
    save(occasion, 2, {})
    assert save(occasion, 3, {"sleep": "1"}).place == Place(AFTER.ref, 1)


@pytest.mark.parametrize(("smokes", "asked"), [(6, ["again", "x"]), (2, ["x"])])
def test_an_instrument_asks_by_an_earlier_wave(smokes: int, asked: list[str]) -> None:
    waves = [
        wave_document("baseline", "P0D", instruments=[REF]),
        wave_document("m3", "P3M", instruments=[EARLIER.ref]),
    ]
    first = make_questionnaire([SMOKING, EARLIER], protocol={"waves": waves}, state="planned")
    person = first.participant
    first.delete()
    submit(begun(person, "baseline", "completed"), "smoking", {"smokes": smokes})
    later = make_occasion(person, "m3")
    assert [i.code for i in standing(later).instruments[0].items] == asked
