"""Rendering: the protocol's words with a person's values, and nothing that was not meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from surveys.design.placeholders import PLACEHOLDERS
from surveys.design.protocol import Contact, MessageTexts
from surveys.messaging.rendering import SETTINGS_LINK, CannotRender, Rendered, prepare, render

LINK = "https://host.example/s/abc/"
CONTACT = Contact(
    name="Study <office>",
    email="office@study.example",
    crisis={"en": "Call **112**.", "ar": "اتصل 112."},
)
PAGE = "https://host.example/me/xyz/"
PERSONAL = {"link": LINK, SETTINGS_LINK: PAGE}
VALUES = dict.fromkeys(PLACEHOLDERS, "value") | PERSONAL | {"name": "Ada"}


def rendered(
    body: str,
    values: Mapping[str, str] = VALUES,
    *,
    subject: str = "Hello {name}",
    language: str = "en",
) -> Rendered:
    texts = MessageTexts(subject={language: subject}, body={language: body})
    return render(texts, contact=CONTACT, language=language, fallback=["en"], values=values)


class Links(HTMLParser):
    """Every tag, attribute and link target of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.attributes: set[str] = set()
        self.directions: set[str | None] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)
        self.directions.update(value for name, value in attrs if name == "dir")
        self.targets += [value or "" for name, value in attrs if name in {"href", "src"}]


def test_every_placeholder_of_the_list_is_filled() -> None:
    body = "\n\n".join(f"{{{name}}}" for name in PLACEHOLDERS)
    mail = rendered(body, {name: f"<{name}>" for name in PLACEHOLDERS} | PERSONAL)
    for name in set(PLACEHOLDERS) - {"link"}:
        assert f"<{name}>" in mail.text
        assert f"&lt;{name}&gt;" in mail.html


@pytest.mark.parametrize(
    ("body", "own_line", "label"),
    [
        ("Hi\n\n{link}\n\nBye", LINK, "Open the questionnaire"),
        ("Hi\n\n<{link}>\n\nBye", LINK, "Open the questionnaire"),
        ("Hi\n\n[Start *now*]({link})\n\nBye", LINK, "Start <em>now</em>"),
        ("Hi, no link here", LINK, "Open the questionnaire"),
        ("Hi, see {link} or [this]({link}) please", LINK, "Open the questionnaire"),
    ],
)
def test_the_link_is_a_button_and_a_line_of_its_own(body: str, own_line: str, label: str) -> None:
    mail = rendered(body)
    assert own_line in mail.text.splitlines()
    assert re.search(rf'class="open"[^>]*><a href="{LINK}"[^>]*>{label}</a></div>', mail.html)
    assert mail.html.count('class="open"') == 1


def test_an_inline_link_can_be_followed_too() -> None:
    assert Links(rendered("see {link} there").html).targets.count(LINK) == 2


def test_the_foot_names_contact_and_crisis_lines_in_both_parts() -> None:
    mail = rendered("Hi")
    assert "Study <office> <office@study.example>\n\nCall 112." in mail.text
    assert "Study &lt;office&gt;" in mail.html
    assert 'href="mailto:office@study.example"' in mail.html
    assert "<strong>112</strong>" in mail.html


def test_the_page_says_its_language_and_direction() -> None:
    assert rendered("Hi").html.startswith('<!DOCTYPE html><html lang="en" dir="ltr">')
    arabic = rendered("مرحبا", language="ar")
    assert '<html lang="ar" dir="rtl">' in arabic.html
    assert "فتح الاستبيان" in arabic.html
    assert "اتصل 112." in arabic.text


def test_right_to_left_addresses_links_and_telephone_numbers_keep_their_order() -> None:
    mail = rendered("اتصل 030 123 456 أو {link} الآن", language="ar")
    assert "اتصل \u2066030 123 456\u2069 أو" in mail.text
    assert "اتصل \u2066030 123 456\u2069 أو" in mail.html
    page = Links(mail.html)
    assert page.directions == {"rtl", "ltr", "auto"}
    assert f'dir="ltr" href="{LINK}"' in mail.html
    assert 'dir="ltr" href="mailto:office@study.example"' in mail.html
    assert "\u2066" not in rendered("Call 030 123 456").text


def test_a_missing_language_falls_back_and_says_which() -> None:
    texts = MessageTexts(subject={"en": "Hello"}, body={"en": "Hi", "de": "Hallo"})
    mail = render(texts, contact=CONTACT, language="fr-CA", fallback=["de", "en"], values=VALUES)
    assert mail.subject == "Hello"
    assert mail.text.startswith("Hallo")
    assert '<html lang="de"' in mail.html
    assert "Fragebogen öffnen" in mail.html


def test_styles_are_inline_and_the_dark_ones_stay() -> None:
    html = rendered("Hi").html
    assert re.search(r'<a href="[^"]*" style="[^"]*background', html)
    assert "prefers-color-scheme: dark" in html


def test_nothing_is_loaded_and_nobody_is_counted() -> None:
    page = Links(rendered("![x](https://track.example/p.gif) [y](https://study.example)").html)
    assert not {"img", "script", "link", "iframe"} & set(page.tags)
    assert "src" not in page.attributes


def test_values_are_words_never_marks() -> None:
    mail = rendered("Dear {name}, hi", VALUES | {"name": "*A* [x](https://evil.example) {link}"})
    assert mail.text.startswith("Dear *A* [x](https://evil.example) {link}, hi")
    assert "https://evil.example" not in Links(mail.html).targets


def test_without_a_name_no_gap_is_left() -> None:
    mail = rendered("Dear {name},\n\nhello", VALUES | {"name": ""}, subject="{name} Hello")
    assert mail.text.startswith("Dear,\n")
    assert ">Dear,<" in mail.html
    assert mail.subject == "Hello"


def test_text_that_turns_others_around_is_taken_out_of_values() -> None:
    assert "Hello Ada" in rendered("Hi", VALUES | {"name": "\u202eAda\u202c"}).subject


@pytest.mark.parametrize(
    ("body", "subject", "values", "problem"),
    [
        ("{naem}", "Hello", {}, "unknown placeholder {naem}"),
        ("Hi", "{naem}", {}, "unknown placeholder {naem}"),
        ("Hi", "Hello\nBcc: x@y.example", {}, "one line"),
        ("Hi", "Hello \x0b", {}, "one line"),
        ("Hi \x00", "Hello", {}, "control character"),
        ("Hi", "Hello", {"name": "A\r\nBcc: x@y.example"}, "name holds a control character"),
        ("Hi", "Hello", {"name": "A\x85"}, "name holds a control character"),
        ("Hi", "Hello", {"name": "\ud800"}, "name holds a control character"),
        ("[x](https://evil.example/{name})", "Hello", {}, "a link may lead"),
        ("[x](mailto:{name})", "Hello", {}, "a link may lead"),
        ("[x]({link}?x=1)", "Hello", {}, "a link may lead"),
    ],
)
def test_what_cannot_be_a_mail_is_refused_with_a_reason(
    body: str, subject: str, values: dict[str, str], problem: str
) -> None:
    with pytest.raises(CannotRender, match=re.escape(problem)):
        rendered(body, VALUES | values, subject=subject)


def test_a_value_cannot_become_a_link_target() -> None:
    mail = rendered("[x]({name})", VALUES | {"name": "javascript:alert(1)"})
    assert set(Links(mail.html).targets) == {LINK, PAGE, "mailto:office@study.example"}


def test_the_contacts_address_may_be_a_link() -> None:
    mail = rendered("[write]({contact_email}) [us](mailto:{contact_email})")
    assert "mailto:value" in Links(mail.html).targets


def test_a_prepared_text_can_be_filled_for_many() -> None:
    texts = MessageTexts(subject={"en": "{name}"}, body={"en": "Hi {name}"})
    prepared = prepare(texts, contact=CONTACT, language="en", fallback=["en"])
    for name in ("Ada", "Bob"):
        assert prepared.fill(VALUES | {"name": name}).subject == name


@pytest.mark.parametrize(
    ("language", "label"),
    [
        ("en", "Mails, pauses and settings"),
        ("de-AT", "E-Mails, Pausen und Einstellungen"),
        ("xx", "Mails, pauses and settings"),
    ],
)
def test_the_foot_leads_to_the_persons_own_page(language: str, label: str) -> None:
    mail = rendered("Hi\n\n{link}", language=language)
    assert mail.text.endswith(f"\n{label}:\n{PAGE}\n")
    assert f'<a href="{PAGE}"' in mail.html
    assert mail.html.index(PAGE) > mail.html.index('class="foot"')
    assert label in mail.html


WORDS = st.text(max_size=60) | st.sampled_from(
    ["{link}", "{name}", "[a]({link})", "<b>", '"><script>', "qzj0x", "$body", "{", "`{name}`"]
)


@given(
    parts=st.lists(WORDS, min_size=1, max_size=6),
    name=st.text(max_size=40) | st.sampled_from(['"><img src=x onerror=y>', "'-->", "{link}"]),
)
@example(parts=['[a](https://x.example "t {link} {name}")'], name='" onclick="x')
@example(parts=["```{name}\nx\n```"], name='" onclick="x')
@example(parts=["qzj0x QZJ1x {link}"], name="qzj1x")
def test_anything_renders_to_harmless_html_or_is_refused(parts: list[str], name: str) -> None:
    body = " ".join(parts)
    try:
        mail = rendered(body or "Hi", VALUES | {"name": name})
    except CannotRender:
        return
    page = Links(mail.html)
    allowed = (
        "html head style meta title body main div p a span h1 h2 h3 h4 h5 h6 ul ol li blockquote"
    )
    assert set(page.tags) <= {*allowed.split(), "hr", "br", "pre", "code", "em", "strong"}
    assert not {each for each in page.attributes if each.startswith("on")}
    for target in page.targets:
        assert target.startswith(("http://", "https://", "mailto:"))
    assert LINK in mail.text.splitlines()
    assert "\n" not in mail.subject
