"""Personal links: made again for every reminder, and refused in every altered form."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.lib import tokens
from surveys.lib.tokens import BadToken

ROW = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


def _opens(purpose: str, token: str, generation: int = 0) -> bool:
    """Whether the token leads to ROW, as a view would ask."""
    try:
        row = tokens.claimed_row(token)
        tokens.verify(purpose, token, row, generation)
    except BadToken:
        return False
    return row == ROW


def test_a_token_can_be_made_again_for_every_reminder() -> None:
    token = tokens.make("occasion", ROW)
    assert token == tokens.make("occasion", ROW)
    assert _opens("occasion", token)


@given(st.uuids(), st.integers(0, 30_000))
def test_a_token_survives_mail_programs(row: UUID, generation: int) -> None:
    token = tokens.make("occasion", row, generation)
    assert re.fullmatch(r"a[a-z2-7]{52}z", token)
    assert tokens.claimed_row(token) == row
    tokens.verify("occasion", token, row, generation)


def test_upper_case_is_forgiven() -> None:
    token = tokens.make("occasion", ROW)
    assert _opens("occasion", token.upper())
    assert _opens("occasion", token[:20].upper() + token[20:])


def test_another_purpose_does_not_open() -> None:
    assert not _opens("occasion", tokens.make("unsubscribe", ROW))


def test_raising_the_generation_revokes_the_links_sent_so_far() -> None:
    before, after = tokens.make("occasion", ROW, 0), tokens.make("occasion", ROW, 1)
    assert not _opens("occasion", before, generation=1)
    assert _opens("occasion", after, generation=1)
    assert not _opens("occasion", after, generation=0)


def test_a_forged_row_does_not_open() -> None:
    mine, other = tokens.make("occasion", ROW), tokens.make("occasion", uuid4())
    assert not _opens("occasion", mine[:27] + other[27:])


@pytest.mark.parametrize("position", range(54))
def test_no_changed_letter_opens(position: int) -> None:
    token = tokens.make("occasion", ROW)
    for letter in "abcdefghijklmnopqrstuvwxyz234567":
        if letter != token[position]:
            assert not _opens("occasion", token[:position] + letter + token[position + 1 :])


@pytest.mark.parametrize("length", [0, 1, 30, 53])
def test_a_truncated_token_does_not_open(length: int) -> None:
    assert not _opens("occasion", tokens.make("occasion", ROW)[:length])


def test_another_link_key_opens_nothing(settings: pytest.FixtureRequest) -> None:
    token = tokens.make("occasion", ROW)
    settings.LINK_KEY = b"another key"  # type: ignore[attr-defined]  # the fixture takes any name
    assert not _opens("occasion", token)


def test_letters_that_only_look_like_ours_are_refused() -> None:
    kelvin = "\u212a"  # lower() makes it a k
    with pytest.raises(BadToken):
        tokens.verify("occasion", "a" + kelvin * 52 + "z", ROW)


@given(st.text(max_size=60))
def test_any_other_text_is_a_bad_token_and_nothing_worse(text: str) -> None:
    assert not _opens("occasion", text)
