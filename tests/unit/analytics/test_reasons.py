"""The rules of reasons, line by line."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.tidy.cells import facts_of
from analytics.tidy.chunk import ERASE_DATA
from analytics.tidy.reasons import ITEM_RULES, RULES, WORDS, Reason, of_occasions
from tests.unit.analytics.samples import START, assemble

CLOSED_LIST = [
    "not_due",
    "not_invited",
    "undeliverable",
    "not_opened",
    "opened_not_started",
    "expired",
    "paused",
    "consent_pending",
    "withdrawn",
    "erased",
    "not_in_arm",
    "not_in_version",
    "branched_out",
    "no_target",
    "planned_missing",
    "skipped",
    "not_reached",
    "not_scorable",
    "input_missing",
    "not_computable",
]

SAVED = {"started": START, "link_opened": START}
CASES: list[tuple[str, dict[str, Any], list[str], str, str]] = [
    ("not yet open", {"state": "planned"}, ["due"], "", "not_due"),
    ("open, nothing sent yet", {"state": "open"}, ["due"], "", "not_invited"),
    ("open, being sent", {"state": "open"}, ["sending"], "", "not_invited"),
    ("open, a guard said no", {"state": "open"}, ["cancelled"], "", "not_invited"),
    ("open, refused by the server", {"state": "open"}, ["failed"], "", "undeliverable"),
    ("open, cut off", {"state": "open"}, ["unknown", "due"], "", "undeliverable"),
    ("open, came back", {"state": "open"}, ["bounced", "due"], "", "undeliverable"),
    ("over, came back", {"state": "expired"}, ["bounced", "cancelled"], "", "undeliverable"),
    ("over, the invitation came back, the reminder did not", {"state": "expired"}, ["bounced", "sent"], "", "not_opened"),
    ("open, first failed, second sent", {"state": "open"}, ["failed", "sent"], "", "not_opened"),
    ("open, sent", {"state": "open"}, ["sent"], "", "not_opened"),
    ("over, sent", {"state": "expired"}, ["sent", "cancelled"], "", "not_opened"),
    ("over, Start pressed", {"state": "expired", "link_opened": START}, ["sent"], "", "opened_not_started"),
    ("over, refused", {"state": "expired"}, ["failed", "cancelled"], "", "undeliverable"),
    ("over, found too late", {"state": "expired"}, ["missed", "cancelled"], "", "expired"),
    ("over, no message at all", {"state": "expired"}, [], "", "expired"),
    ("over, all messages held back", {"state": "expired"}, ["cancelled"], "", "not_invited"),
    ("begun, still open", {"state": "started", **SAVED}, ["sent"], "", "not_reached"),
    ("begun, over", {"state": "expired", **SAVED}, ["sent"], "", "not_reached"),
    ("completed", {"state": "completed", **SAVED}, ["sent"], "", "not_reached"),
    ("begun, then withdrew", {"state": "cancelled", "cause": "withdrawn", **SAVED}, ["sent"], "", "withdrawn"),
    ("withdrew before", {"state": "cancelled", "cause": "withdrawn"}, ["cancelled"], "", "withdrawn"),
    ("withdrew, erasing nothing yet given", {"state": "cancelled", "cause": "withdrawn"}, [], ERASE_DATA, "withdrawn"),
    ("completed, then erased", {"state": "completed", **SAVED}, ["sent"], ERASE_DATA, "erased"),
    ("begun, then erased", {"state": "cancelled", "cause": "withdrawn", **SAVED}, [], ERASE_DATA, "erased"),
    ("completed, contact forgotten", {"state": "completed", **SAVED}, ["sent"], "erase_contact", "not_reached"),
    ("consent pending", {"state": "expired", "cause": "consent_pending"}, ["sent"], "", "consent_pending"),
    ("began, then consent pending", {"state": "expired", "cause": "consent_pending", **SAVED}, ["sent"], "", "consent_pending"),
    ("erased, consent pending", {"state": "expired", "cause": "consent_pending", **SAVED}, [], "erase_data", "erased"),
    ("paused", {"state": "cancelled", "cause": "paused"}, ["sent"], "", "paused"),
    ("amended away", {"state": "cancelled", "cause": "not_in_version"}, [], "", "not_in_version"),
    ("other arm", {"state": "excluded", "cause": "not_in_arm"}, [], "", "not_in_arm"),
    ("not drawn", {"state": "excluded", "cause": "planned_missing"}, [], "", "planned_missing"),
    ("condition unmet", {"state": "excluded", "cause": "branched_out"}, [], "", "branched_out"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "messages", "scope", "expected"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_reason_of_an_occasion_without_answers(
    row: dict[str, Any], messages: list[str], scope: str, expected: str
) -> None:
    chunk = assemble(
        [{"code": "P1", "scope": scope}],
        [{"person": 0, **row}],
        [{"occasion": 0, "nth": n, "state": state} for n, state in enumerate(messages, 1)],
    )
    (found,) = of_occasions(facts_of(chunk))
    assert WORDS[found] == expected


@pytest.mark.parametrize(
    ("why_not", "expected"), [("suppressed", "undeliverable"), ("unsubscribed", "not_invited")]
)
def test_a_dead_address_is_told_from_a_wish_for_no_mails(why_not: str, expected: str) -> None:
    chunk = assemble(
        [{"code": "P1"}],
        [{"person": 0, "state": "expired"}],
        [{"occasion": 0, "nth": n, "state": "cancelled", "why_not": why_not} for n in (1, 2)],
    )
    (found,) = of_occasions(facts_of(chunk))
    assert WORDS[found] == expected


def test_the_list_is_closed_and_every_reason_can_be_reached() -> None:
    assert list(WORDS) == CLOSED_LIST
    reached = {case[-1] for case in CASES} | {reason.value for reason, _ in ITEM_RULES}
    assert reached == set(CLOSED_LIST)
    assert all(reason.meaning for reason in Reason)


def test_the_last_rule_always_holds() -> None:
    """So that no planned cell is ever left without a reason."""
    nothing = assemble([{"code": "P1"}], [{"person": 0, "state": "open"}], [])
    assert RULES[-1].test(facts_of(nothing)).all()
