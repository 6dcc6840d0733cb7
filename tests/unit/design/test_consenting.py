"""Which consents still hold, and which changes of the text must be declared."""

from __future__ import annotations

from typing import Any

import pytest

from surveys.design.consenting import Consent, consent_problems, oldest_enough

TEXT = {"en": "I take part.", "de": "Ich nehme teil."}
STATEMENT = {"text": {"en": "Yes.", "de": "Ja."}}


def consent(**changes: Any) -> Consent:
    values = {"version": 1, "text": TEXT, "withdrawal": "keep-collected-data"}
    return Consent.model_validate(values | changes)


@pytest.mark.parametrize(
    ("published", "enough"),
    [
        ([], 0),
        ([(1, None)], 0),
        ([(1, None), (2, "none")], 0),
        ([(1, None), (2, "required")], 2),
        ([(1, None), (2, "required"), (3, "none")], 2),
        ([(1, None), (2, "required"), (3, "required")], 3),
        ([(1, None), (2, "required"), (2, "required")], 2),
        ([(1, None), (2, "required"), (2, "none")], 0),  # taken back
        ([(1, None), (2, "none"), (2, "required")], 2),
    ],
)
def test_the_oldest_consent_that_still_holds(
    published: list[tuple[int, str | None]], enough: int
) -> None:
    assert oldest_enough(published) == enough


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({}, None),
        ({"text": {**TEXT, "fr": "Je participe."}}, None),  # a translation more
        ({"renewal": "required"}, None),
        ({"version": 2, "text": {"en": "Else.", "de": "Anderes."}, "renewal": "none"}, None),
        ({"version": 2, "renewal": "required"}, None),
        ({"version": 2}, "renewal"),
        ({"text": {"en": "Else.", "de": "Ich nehme teil."}}, "version"),
        ({"withdrawal": "erase-collected-data"}, "version"),
        ({"statements": [STATEMENT]}, "version"),
    ],
)
def test_a_change_is_declared(changes: dict[str, Any], place: str | None) -> None:
    found = list(consent_problems(consent(), consent(**changes)))
    assert [where[-1] for where, _ in found] == ([place] if place else [])


def test_versions_only_rise() -> None:
    ((where, what),) = consent_problems(consent(version=3), consent(version=2, renewal="none"))
    assert where == ("consent", "version")
    assert "3" in what


@pytest.mark.parametrize(
    "changed",
    [
        {"text": {"en": "No.", "de": "Ja."}},
        {"text": {"en": "Yes.", "de": "Ja."}, "required": False},
    ],
)
def test_a_statement_is_part_of_what_people_agree_to(changed: dict[str, Any]) -> None:
    before, after = consent(statements=[STATEMENT]), consent(statements=[changed])
    assert list(consent_problems(before, after))
