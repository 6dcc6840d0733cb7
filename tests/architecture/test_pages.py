"""Templates and static files obey the Content-Security-Policy and load nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("studyplatform", "surveys", "analytics")
COMMENT = re.compile(r"\{#.*?#\}|\{% comment.*?endcomment %\}|<!--.*?-->|/\*.*?\*/", re.S)

INLINE = {
    "a script in the page": re.compile(
        r"<script(?![^>]*\bsrc=)(?![^>]*type=[\"']application/json)", re.I
    ),
    "a style in the page": re.compile(r"<style\b|\sstyle\s*=\s*[\"']", re.I),
    "an event attribute": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.I),
    "a javascript: link": re.compile(r"(href|src|action)\s*=\s*[\"']\s*javascript:", re.I),
    "an htmx script": re.compile(r"\shx-on\b|\shx-vals\s*=\s*[\"']js:", re.I),
}
# What a browser fetches by itself; a link that somebody clicks may lead anywhere.
FETCHED = re.compile(
    r"<(?:script|img|iframe|source|video|audio|embed|track|input)\b[^>]*\bsrc\s*=\s*[\"'](?:https?:)?//"
    r"|<link\b[^>]*\bhref\s*=\s*[\"'](?:https?:)?//"
    r"|@import\s+(?:url\()?[\"']?(?:https?:)?//"
    r"|url\(\s*[\"']?(?:https?:)?//",
    re.I,
)
# Mails are read in mail programs, which ignore style sheets.
MAILS = re.compile(r"/messaging/templates/")


def files(*suffixes: str, below: str) -> list[Path]:
    return [
        path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*"))
        if path.suffix in suffixes and below in path.parts
    ]


def text(path: Path) -> str:
    return COMMENT.sub("", path.read_text())


@pytest.mark.parametrize("what", INLINE)
def test_no_template_contains(what: str) -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in files(".html", ".txt", below="templates")
        if not MAILS.search(path.as_posix()) and INLINE[what].search(text(path))
    ]
    assert found == []


def test_nothing_is_fetched_from_elsewhere() -> None:
    pages = files(".html", below="templates") + files(".css", ".html", ".svg", below="static")
    found = [str(path.relative_to(ROOT)) for path in pages if FETCHED.search(text(path))]
    assert found == []


def test_the_patterns_find_what_they_should() -> None:
    """Control: each rule fires on a page that breaks it."""
    bad = {
        "a script in the page": "<script>x()</script>",
        "a style in the page": '<p style="color:red">',
        "an event attribute": '<a onclick="x()">',
        "a javascript: link": '<a href="javascript:x()">',
        "an htmx script": '<a hx-on:click="x()">',
    }
    for what, page in bad.items():
        assert INLINE[what].search(page), what
    assert not INLINE["a script in the page"].search('<script src="/static/a.js"></script>')
    assert FETCHED.search('<img src="https://elsewhere.example/a.png">')
    assert FETCHED.search("@import url(//fonts.example/a.css)")
    assert not FETCHED.search('<a href="https://elsewhere.example">read</a>')


def test_every_form_that_posts_carries_a_token() -> None:
    forms = re.compile(r"<form\b[^>]*method\s*=\s*[\"']post[\"'][^>]*>(.*?)</form>", re.I | re.S)
    without = [
        str(path.relative_to(ROOT))
        for path in files(".html", below="templates")
        for form in forms.findall(text(path))
        # The page for outages sends the posted token again among the other fields.
        if "csrf_token" not in form and path.name != "outage.html"
    ]
    assert without == []
