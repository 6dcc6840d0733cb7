"""Markdown: safe as HTML, readable as text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.lib import markdown

SAMPLE = """# Hello

Some **bold** words,
and [our page](https://study.example/a?b=1&c=2).

1. one
2. two
   - inner

> quoted

Write to <office@study.example>."""


def test_the_usual_marks_become_html() -> None:
    html = markdown.to_html(SAMPLE)
    assert "<h1>Hello</h1>" in html
    assert "<strong>bold</strong>" in html
    assert '<a href="https://study.example/a?b=1&amp;c=2">our page</a>' in html
    assert '<a href="mailto:office@study.example">' in html


def test_plain_text_has_no_marks_and_writes_links_out() -> None:
    assert markdown.to_text(SAMPLE) == (
        "Hello\n\n"
        "Some bold words,\nand our page (https://study.example/a?b=1&c=2).\n\n"
        "1. one\n2. two\n   - inner\n\n"
        "> quoted\n\n"
        "Write to office@study.example."
    )


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "<img src=https://t.example/x.gif>",
        "![pixel](https://t.example/x.gif)",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,AAAA)",
        "[x](vbscript:x)",
        "[x](//other.example/)",
        "[x](/relative)",
        "<javascript:alert(1)>",
        "[x]: javascript:alert(1)\n\n[x]",
    ],
)
def test_what_is_not_a_plain_link_stays_words(source: str) -> None:
    html = markdown.to_html(source)
    assert "<script" not in html
    assert "<img" not in html
    for target in re.findall(r'href="([^"]*)"', html):
        assert target.startswith(("http://", "https://", "mailto:"))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text_renders_to_known_tags_only(source: str) -> None:
    html = markdown.to_html(source)
    tags = set(re.findall(r"</?([a-zA-Z!][^\s/>]*)", html))
    known = [
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "ul",
        "ol",
        "li",
        "blockquote",
        "hr",
        "br",
        "pre",
        "code",
        "em",
        "strong",
        "a",
    ]
    assert tags <= set(known)
    markdown.to_text(source)
