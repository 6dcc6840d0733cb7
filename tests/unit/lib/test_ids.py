"""Identifiers: in the order of time, unguessable, readable aloud."""

from __future__ import annotations

import re
import time
from uuid import UUID

from surveys.lib import ids


def test_a_row_id_is_a_uuid_of_version_7() -> None:
    for _ in range(200):
        made = ids.uuid7()
        assert (made.version, made.variant) == (7, "specified in RFC 4122")


def test_row_ids_carry_the_time_and_sort_by_it() -> None:
    first = ids.uuid7()
    time.sleep(0.002)
    second = ids.uuid7()
    assert first < second
    assert abs((first.int >> 80) / 1000 - time.time()) < 5


def test_row_ids_do_not_repeat() -> None:
    assert len({ids.uuid7() for _ in range(20_000)}) == 20_000


def test_a_participant_code_is_short_and_unmistakable() -> None:
    codes = [ids.participant_code() for _ in range(2000)]
    assert all(re.fullmatch(r"[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}", c) for c in codes)
    assert not set("01OILU") & set("".join(codes))
    assert len(set(codes)) == 2000


def test_ids_made_as_text_are_the_same_kind_and_rise() -> None:
    texts = list(ids.uuid7_texts(5000))
    made = [UUID(text) for text in texts]
    assert [str(one) for one in made] == texts == sorted(texts)
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}
    assert len(set(made)) == 5000
    assert abs((made[0].int >> 80) / 1000 - time.time()) < 5
