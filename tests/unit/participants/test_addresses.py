"""Addresses: which are taken, and which are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.participants.addresses import BadAddress, normalise, parse


@pytest.mark.parametrize(
    ("typed", "written_to"),
    [
        ("ana@example.org", "ana@example.org"),
        ("  Ana.Lima+study@Example.ORG ", "Ana.Lima+study@example.org"),
        ("ana@münchen.de", "ana@xn--mnchen-3ya.de"),
        ("ana@straße.de", "ana@xn--strae-oqa.de"),
        ("o'neill@sub.example.co.uk", "o'neill@sub.example.co.uk"),
        ("ana@clinic.local", "ana@clinic.local"),
    ],
)
def test_an_address_is_taken_as_it_is_written_to(typed: str, written_to: str) -> None:
    assert parse(typed) == written_to


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ana",
        "@example.org",
        "ana@",
        "ana@example",
        "ana@@example.org",
        "ana@example.org, bea@example.org",
        "ana@example.org;bea@example.org",
        "Ana <ana@example.org>",
        "ana@example.org\nBcc: bea@example.org",
        "ana\r@example.org",
        "a\tna@example.org",
        "ana\0@example.org",
        "ana@exam\x7fple.org",
        "ana@example..org",
        ".ana@example.org",
        "ana.@example.org",
        '"ana"@example.org',
        "anä@example.org",
        "ana@127.0.0.1",
        "ana@[127.0.0.1]",
        "ana@-example.org",
        "ana@example.org.",
        "ana@exa_mple.org",
        "a" * 65 + "@example.org",
        "ana@" + "a" * 64 + ".org",
        "ana@" + "a." * 130 + "org",
        "ana@\u202eexample.org",
        "\ud800@example.org",
    ],
)
def test_what_no_mail_reaches_is_refused(typed: str) -> None:
    with pytest.raises(BadAddress):
        parse(typed)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ana@example.org", "ANA@Example.Org"),
        ("ana@münchen.de", "ana@xn--mnchen-3ya.de"),
        ("ana@münchen.de", "ana@MÜNCHEN.de"),
        ("ana@mu\u0308nchen.de", "ana@m\u00fcnchen.de"),
        ("ana@example.org", "\uff41na\uff20example.org"),
        ("ana@example.org", " ana@example.org"),
    ],
)
def test_the_same_mailbox_is_recognised(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


def test_other_mailboxes_are_kept_apart() -> None:
    assert normalise("ana+a@example.org") != normalise("ana@example.org")
    assert normalise("a.na@example.org") != normalise("ana@example.org")


@given(st.one_of(st.text(max_size=40), st.emails()))
def test_normal_forms_are_final_and_nothing_else_is_raised(text: str) -> None:
    try:
        normal = normalise(text)
    except BadAddress:
        return
    assert normalise(normal) == normal == normalise(parse(normal))
    assert normal.isascii()
