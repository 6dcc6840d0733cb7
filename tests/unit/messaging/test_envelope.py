"""The mail around the words: one address, fixed headers, nothing smuggled in."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from surveys.messaging.envelope import Sender, build, one_click
from surveys.messaging.rendering import CannotRender, Rendered

MESSAGE = UUID("018f0000-0000-7000-8000-000000000001")
SENDER = Sender.of("Büro Studie <studies@host.example>", "https://study.example:8443")
WORDS = Rendered("Grüße", "Guten Tag\nhttps://host.example/s/abc/\n", "<p>Guten Tag, Ada ☂</p>")


def built(**changes: Any) -> bytes:
    values: dict[str, Any] = {
        "message": MESSAGE,
        "sender": SENDER,
        "to": "ada@mail.example",
        "reply_to": "office@study.example",
        "headers": one_click("https://study.example/u/abc/"),
        "now": datetime(2027, 3, 1, 9, 30, tzinfo=UTC),
    }
    rendered = changes.pop("rendered", WORDS)
    return build(rendered, **values | changes).content


def test_the_headers_are_these_and_no_others() -> None:
    mail = message_from_bytes(built(), policy=policy.default)
    assert {name: str(value) for name, value in mail.items()} == {
        "From": "Büro Studie <studies@host.example>",
        "To": "ada@mail.example",
        "Reply-To": "office@study.example",
        "Subject": "Grüße",
        "Date": "Mon, 01 Mar 2027 09:30:00 +0000",
        "Message-ID": f"<m-{MESSAGE}@study.example>",
        "List-Unsubscribe": "<https://study.example/u/abc/>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="=_{MESSAGE.hex}"',
    }


def test_the_text_part_comes_first_and_both_arrive_as_written() -> None:
    mail = message_from_bytes(built(), policy=policy.default)
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    text, html = (part.get_content() for part in mail.iter_parts())
    assert text.replace("\r\n", "\n").rstrip("\n") == WORDS.text.rstrip("\n")
    assert html.strip() == WORDS.html


@pytest.mark.parametrize(
    "subject", ["Hi", "Grüße", "Long words " * 30, "x" * 1200, "=?utf-8?q?=42cc?=", "你好 " * 40]
)
def test_any_subject_arrives_as_written(subject: str) -> None:
    raw = built(rendered=Rendered(subject.strip(), "a", "b"))
    assert message_from_bytes(raw, policy=policy.default)["Subject"] == subject.strip()
    assert max(map(len, raw.split(b"\r\n"))) <= 78


def test_every_attempt_is_the_same_mail() -> None:
    assert built() == built()


def test_any_relay_can_carry_it() -> None:
    assert built().isascii()


def test_a_long_line_is_folded_for_the_wire() -> None:
    raw = built(rendered=Rendered("x", "y" * 5000, "<p>" + "z" * 5000))
    assert max(map(len, raw.split(b"\r\n"))) <= 76
    mail = message_from_bytes(raw, policy=policy.default)
    assert [part.get_content().strip() for part in mail.iter_parts()] == [
        "y" * 5000,
        "<p>" + "z" * 5000,
    ]


def test_the_domain_is_written_in_ascii() -> None:
    mail = message_from_bytes(built(to="ada@bücher.example"), policy=policy.default)
    assert mail["To"] == "ada@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "to",
    [
        "a@mail.example,b@mail.example",
        "a@mail.example; b@mail.example",
        "Ada <a@mail.example>",
        "a@mail.example\r\nBcc: b@mail.example",
        '"a\x0bb"@mail.example',
        '"a b"@mail.example',
        "a@b@mail.example",
        "adä@mail.example",
        "a@",
        "@mail.example",
        "nobody",
        "",
    ],
)
def test_whatever_is_not_one_plain_address_is_refused(to: str) -> None:
    with pytest.raises(CannotRender):
        built(to=to)


@pytest.mark.parametrize("bad", ["\n", "\r\nBcc: x@mail.example", "\x0b", "\x00", "\x85", "\u2028"])
def test_a_subject_cannot_bring_its_own_headers(bad: str) -> None:
    with pytest.raises(CannotRender):
        built(rendered=Rendered(f"Hello{bad}", "a", "b"))


def test_a_sender_that_is_no_address_is_an_error_of_the_settings() -> None:
    with pytest.raises(ValueError, match="nobody"):
        Sender.of("nobody", "https://study.example")


@given(st.text(max_size=200))
@example("a" * 74 + "\t")
@example("a" * 74 + " ")
def test_no_line_ends_in_any_other_way_than_mail_has_it(text: str) -> None:
    try:
        raw = built(rendered=Rendered("Hi", text, text))
    except CannotRender:
        return
    assert not {ord("\r"), ord("\n")} & set(raw.replace(b"\r\n", b""))
    assert max(map(len, raw.split(b"\r\n"))) <= 76


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_any_words_make_one_mail_to_one_person_or_none(subject: str, text: str, to: str) -> None:
    try:
        raw = built(rendered=Rendered(subject, text, text), to=f"{to}@mail.example")
    except CannotRender:
        return
    mail = message_from_bytes(raw, policy=policy.default)
    assert len(mail["To"].addresses) == 1
    assert set(mail.keys()) == {
        *("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
        *("List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type"),
    }
