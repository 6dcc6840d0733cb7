"""The detector sees what it is there for: errors, stored rows, markup, and refusals without a word."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from surveys.responding.models import Submission
from tests.malformed.catalogue import VALUES
from tests.malformed.forms import page_fields, participants
from tests.malformed.judging import Attack, nothing_stored
from tests.malformed.routes import routes
from tests.malformed.sending import FORM, Ask, form
from tests.malformed.stage import EVERY_KIND_AT_ONCE, Target

RIGHT = {
    "taken": "1", "help.1": "1", "order.1": "1", "order.2": "2", "order.3": "3",
    "born": "1990-05-17", "asleep": "22:30", "warmth": "40", "children": "10", "name": "Ada",
    "near": "1", "far": "2",
}  # fmt: skip


def test_a_right_page_is_stored_and_seen(target: Target, attack: Attack) -> None:
    """The page of `participants`, with right answers: so the wrong ones are all that it lacks."""
    page = target.page(target.under_way, EVERY_KIND_AT_ONCE.ref)
    assert set(RIGHT) <= set(page_fields()[0])
    ask = Ask("control", "POST", "/survey/", form({**page, **RIGHT}.items()), FORM, target.visit(target.under_way))  # fmt: skip
    with pytest.raises(AssertionError, match="surveys_submission"), nothing_stored():
        assert attack(ask).headers["location"] == "/survey/thanks/"
    assert Submission.objects.count() == 2


def test_one_right_answer_among_wrong_ones_is_seen_too(target: Target, attack: Attack) -> None:
    spoilt = next(form for form in participants(target) if form.path == "/survey/")
    with pytest.raises(AssertionError, match="surveys_submission"), nothing_stored():
        attack(spoilt.ask("control", {"near": "1", "far": "99"}), expected={422})


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/breaks/?page=x", "status 500"),
        ("/echoes/?code=<script>alert(191)</script>", "in the page"),
        ("/shrugs/", "no page for people"),
    ],
)
def test_a_wrong_reply_is_seen(
    target: Target, attack: Attack, settings: Settings, path: str, said: str
) -> None:
    settings.ROOT_URLCONF = "tests.malformed.urls_with_holes"
    with pytest.raises(AssertionError, match=said):
        attack(Ask("control", "GET", path))


def test_a_page_that_stores_on_looking_is_seen(
    target: Target, attack: Attack, settings: Settings
) -> None:
    settings.ROOT_URLCONF = "tests.malformed.urls_with_holes"
    with pytest.raises(AssertionError, match=r"changed: \['surveys_occasion'\]"), nothing_stored():
        attack(Ask("control", "GET", "/stores/"))


def test_a_new_route_is_found_by_itself(settings: Settings) -> None:
    assert "/stores/" not in {route.template for route in routes()}
    settings.ROOT_URLCONF = "tests.malformed.urls_with_holes"
    assert "/stores/" in {route.template for route in routes()}


def test_each_case_has_values_that_differ() -> None:
    for case, values in VALUES.items():
        assert len(set(values)) == len(values), case
