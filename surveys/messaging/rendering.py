"""A message's words for one person: subject, text and HTML from the protocol's Markdown. Pure.

The delivery and the outbox call this. A text is prepared once per wave and language and then
filled for each person. Values never pass through Markdown: each takes its place in the finished
text or HTML, so no value can become a mark, a tag or a link.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import TypeAlias

import css_inline

from surveys.design.protocol import Contact, MessageTexts
from surveys.lib import languages, markdown
from surveys.messaging.foot import Foot
from surveys.messaging.words import OPEN_LABEL, SETTINGS_LABEL

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
SETTINGS_LINK = "settings_link"  # a value, but no placeholder: it stands below every mail
LINKS = frozenset({"link", SETTINGS_LINK})
BUTTON = '<div class="open"><a href="{link}">{label}</a></div>'
_SKELETON = Template((files("surveys.messaging") / "skeleton.html").read_text("utf-8"))
_INLINER = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_REORDERING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")  # would turn the words around a name


class CannotRender(ValueError):
    """The words and the person's values do not make a mail; the text says which and why."""


@dataclass(frozen=True)
class Rendered:
    """One mail's content: a subject of one line, a text part and an HTML part."""

    subject: str
    text: str
    html: str


Pieces: TypeAlias = tuple[tuple[str, bool, str], ...]
"""What to write in turn: literal, whether a space stood before the placeholder, placeholder."""


@dataclass(frozen=True)
class Prepared:
    """A text of one protocol in one language, parsed and styled, ready to be filled."""

    subject: Pieces
    text: Pieces
    html: Pieces

    def fill(self, values: Mapping[str, str]) -> Rendered:
        """The mail for one person; raises CannotRender for an unknown name or a control character."""
        clean = {name: _cleaned(name, value) for name, value in values.items()}
        escaped = {name: html.escape(value) for name, value in clean.items()}
        return Rendered(
            subject=_filled(self.subject, clean).strip(),
            text=_filled(self.text, clean),
            html=_filled(self.html, escaped),
        )


def render(
    texts: MessageTexts,
    *,
    contact: Contact,
    language: str,
    fallback: Sequence[str],
    values: Mapping[str, str],
) -> Rendered:
    """Prepare and fill in one go."""
    return prepare(texts, contact=contact, language=language, fallback=fallback).fill(values)


def prepare(
    texts: MessageTexts, *, contact: Contact, language: str, fallback: Sequence[str]
) -> Prepared:
    """Parse and style a text once; raises CannotRender when it cannot become a mail."""
    spoken = next(
        (each for each in (language, language.split("-")[0], *fallback) if each in texts.body),
        next(iter(texts.body), language),
    )
    subject = languages.pick(texts.subject, spoken, fallback)
    if _CONTROL.search(subject):
        raise CannotRender("the subject must be one line without control characters")
    source = languages.pick(texts.body, spoken, fallback).replace("\r\n", "\n")
    source = languages.isolated(source, spoken)
    if _CONTROL_BUT_LINES.search(source):
        raise CannotRender("the body holds a control character")
    crisis = languages.isolated(languages.pick(contact.crisis, spoken, fallback), spoken)
    label, page = (_in(labels, spoken, fallback) for labels in (OPEN_LABEL, SETTINGS_LABEL))
    marks = _Marks(source + crisis + contact.name + contact.email)
    marked = marks.put(source)
    foot = Foot(contact, crisis, marks.settings_link, page)
    return Prepared(
        subject=_pieces(subject, PLACEHOLDER, lambda match: match[1]),
        text=marks.pieces(_as_text(marked, marks.link, foot)),
        html=marks.pieces(_as_html(marked, marks, label, foot, spoken)),
    )


def _in(labels: Mapping[str, str], spoken: str, fallback: Sequence[str]) -> str:
    return languages.pick(labels, spoken, (*fallback, "en"))


class _Marks:
    """Stand-ins for placeholders that Markdown and the style sheet leave alone."""

    def __init__(self, source: str) -> None:
        self._mark = "qzj"
        while self._mark in source.lower():
            self._mark += "q"
        self._names: list[str] = []
        self.link = self._of("link")
        self.settings_link = self._of(SETTINGS_LINK)
        self.contact_email = self._of("contact_email")

    def put(self, source: str) -> str:
        return PLACEHOLDER.sub(lambda match: self._of(match[1]), source)

    def pieces(self, marked: str) -> Pieces:
        mark = self._mark
        pattern = re.compile(rf"https://{mark}(?P<a>\d+)x\.invalid|{mark}(?P<b>\d+)x")
        return _pieces(marked, pattern, lambda match: self._names[int(match["a"] or match["b"])])

    def check_targets(self, marked: str) -> None:
        """Refuse links whose target is put together from a person's values."""
        allowed = {self.link, f"mailto:{self.contact_email}"}
        for target in re.findall(r'href="([^"]*)"', marked):
            if self._mark in target.lower() and target not in allowed:
                raise CannotRender("a link may lead to {link} or mailto:{contact_email} only")

    def _of(self, name: str) -> str:
        if name not in self._names:
            self._names.append(name)
        mark = f"{self._mark}{self._names.index(name)}x"
        return f"https://{mark}.invalid" if name in LINKS else mark


def _as_text(marked: str, link: str, foot: Foot) -> str:
    text = markdown.to_text(marked)
    text = re.sub(rf"^(.+) \({re.escape(link)}\)$", rf"\1:\n{link}", text, flags=re.MULTILINE)
    if re.search(rf"^{re.escape(link)}$", text, flags=re.MULTILINE) is None:
        text += f"\n\n{link}"
    return f"{text}\n\n--\n{foot.as_text()}\n"


def _as_html(marked: str, marks: _Marks, label: str, foot: Foot, spoken: str) -> str:
    body = markdown.to_html(marked)
    marks.check_targets(body)
    link = re.escape(marks.link)
    alone = re.compile(rf'<p>(?:{link}|<a href="{link}">(?P<label>.*?)</a>)</p>')
    body, n_buttons = alone.subn(lambda match: _button(marks.link, match["label"], label), body)
    if not n_buttons:
        body += _button(marks.link, None, label)
    linked = re.compile(rf'<a href="{link}">.*?</a>|title="[^"]*"|{link}', re.DOTALL)
    body = linked.sub(
        lambda match: (
            f'<a dir="ltr" href="{marks.link}">{marks.link}</a>'
            if match[0] == marks.link
            else match[0]
        ),
        body,
    )
    return _INLINER.inline(
        _SKELETON.substitute(
            lang=html.escape(spoken),
            dir=languages.direction(spoken),
            title=html.escape(foot.contact.name),
            body=body,
            foot=foot.as_html(),
        )
    )


def _button(link: str, own_label: str | None, label: str) -> str:
    words = html.escape(label) if own_label in (None, link) else own_label
    return BUTTON.format(link=link, label=words)


def _pieces(
    source: str, pattern: re.Pattern[str], name_of: Callable[[re.Match[str]], str]
) -> Pieces:
    pieces = []
    start = 0
    for match in pattern.finditer(source):
        literal = source[start : match.start()]
        has_space = literal.endswith(" ")
        pieces.append((literal.removesuffix(" "), has_space, name_of(match)))
        start = match.end()
    return (*pieces, (source[start:], False, ""))


def _filled(pieces: Iterable[tuple[str, bool, str]], values: Mapping[str, str]) -> str:
    parts: list[str] = []
    for literal, has_space, name in pieces:
        if name and name not in values:
            raise CannotRender(f"unknown placeholder {{{name}}}")
        value = values[name] if name else ""
        parts += (literal, " " if has_space and value else "", value)
    return "".join(parts)


def _cleaned(name: str, value: str) -> str:
    if _CONTROL.search(value):
        raise CannotRender(f"{name} holds a control character")
    return _REORDERING.sub("", value)
