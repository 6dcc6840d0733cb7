"""Requests that hypothesis makes: no table thinks of everything."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from surveys.participants.actions import Scope
from surveys.participants.models import Participant
from surveys.portal.joining_pages import zones
from surveys.portal.own import ACTIONS
from tests.malformed.catalogue import METHODS, MULTIPART
from tests.malformed.forms import OWN, is_readable, may_be_right, page_fields
from tests.malformed.sending import FORM, JSON, Ask, form
from tests.malformed.stage import EVERY_KIND_AT_ONCE, Target
from tests.questionnaires import SHORT


def examples(most: int) -> settings:
    """So many examples, and the same in every run: what a suite says must not depend on luck.

    `make test ARGS="--hypothesis-profile=explore"` makes other ones each time.
    """
    return settings(
        max_examples=most,
        derandomize=settings.get_current_profile_name() != "explore",
        suppress_health_check=list(HealthCheck),
        database=None,
    )


ANY = st.text(st.characters(exclude_categories=()), max_size=60)
"""Text with everything in it that Python can hold: NUL, half characters, what is not assigned."""

RIGHT = {*ACTIONS, *Scope, *Participant.Reminders, *zones(), "en", "de", "One-Click"}
WRONG = ANY.filter(lambda text: not may_be_right(text) and "@" not in text and text not in RIGHT)
"""No answer to any kind of item but a text, no wish, no address, and not empty.

Hypothesis draws words that stand in the platform's modules, too; some of them are right.
"""

UNREADABLE = ANY.filter(lambda text: not is_readable(text))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | ANY
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(ANY, inner), max_leaves=12
)


def pages(target: Target) -> st.SearchStrategy[Ask]:
    """Posts to the questionnaire: every part may be right but the answers."""
    names, words = page_fields()
    right = target.page(target.under_way, EVERY_KIND_AT_ONCE.ref)
    visits = [target.visit(target.under_way), target.visit(target.final), ""]
    own = {
        "occasion": st.sampled_from([right["occasion"], target.page(target.final, "")["occasion"]]) | ANY,
        "instrument": st.sampled_from([right["instrument"], SHORT.ref, "calm@1"]) | ANY,
        "page": st.sampled_from(["1", "2", "0", "-1", "9999"]) | ANY,
        "action": st.sampled_from(["next", "back", "autosave"]) | ANY,
    }  # fmt: skip
    more = ("touched", "turn", "seconds", "device", "layout", "confirmed_skips", "reopen", "shown", "language")  # fmt: skip
    answers = st.fixed_dictionaries(
        {}, optional={name: UNREADABLE if name in words else WRONG for name in names}
    )
    fields = st.tuples(
        st.fixed_dictionaries({name: st.just(right[name]) for name in own})
        | st.fixed_dictionaries(own),
        answers,
        st.dictionaries(st.sampled_from(more), ANY | st.just(" ".join(names)), max_size=3),
        st.dictionaries(ANY.filter(lambda name: name not in names), ANY, max_size=2),
    ).map(lambda parts: [pair for part in parts for pair in part.items()])
    return asks(st.just("/survey/"), fields, st.sampled_from(visits))


def wishes(target: Target) -> st.SearchStrategy[Ask]:
    """Posts to the pages of a participant and of a visitor: the action is right, what it says is not."""
    own = target.address_of("/me/%(token)s/")
    join = f"/join/{target.study}/"
    steps = {at: target.joining(at) for at in ("screener", "consent", "details")}
    chosen: list[tuple[str, Mapping[str, str], Mapping[str, st.SearchStrategy[str]]]] = [
        *((own, {"action": action}, {name: WRONG}) for action, name in OWN.items()),
        (own, {}, {"action": WRONG}),
        (f"{own}leave/", {}, {"scope": WRONG}),
        (target.address_of("/left/%(token)s/"), {}, {"scope": WRONG}),
        (target.address_of("/u/%(token)s/"), {}, {"List-Unsubscribe": WRONG}),
        (join, {}, {"state": ANY}),
        (join, {"state": steps["screener"]}, {"screener.age": WRONG, "screener.site": ANY}),
        (join, {"state": steps["consent"]}, {"statement.0": WRONG, "statement.1": ANY}),
        (join, {"state": steps["details"]}, {"email": WRONG, "language": ANY, "timezone": ANY}),
    ]
    fields = [
        (path, st.fixed_dictionaries({**{k: st.just(v) for k, v in right.items()}, **wrong}))
        for path, right, wrong in chosen
    ]
    return st.one_of(
        [asks(st.just(to), each.map(lambda f: list(f.items())), st.just("")) for to, each in fields]
    )


def asks(
    path: st.SearchStrategy[str],
    fields: st.SearchStrategy[Sequence[tuple[str, str]]],
    cookie: st.SearchStrategy[str],
) -> st.SearchStrategy[Ask]:
    """A form, as browsers send it or torn on the way."""
    return st.builds(
        lambda path, sent, cookie: Ask("made", "POST", path, sent[1], sent[0], cookie),
        path,
        fields.flatmap(lambda each: st.sampled_from(WIRES).map(lambda wire: wire(each))),
        cookie,
    )


Sent = tuple[str, bytes]


def _as_form(fields: Sequence[tuple[str, str]]) -> Sent:
    return FORM, form(fields)


def _twice(fields: Sequence[tuple[str, str]]) -> Sent:
    return FORM, form([*fields, *fields])


def _as_parts(fields: Sequence[tuple[str, str]]) -> Sent:
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="' + _raw(name).replace(b'"', b"%22") + b'"\r\n\r\n' + _raw(value) + b"\r\n"
        for name, value in fields
    ]  # fmt: skip
    return MULTIPART, b"".join(parts) + b"--x--\r\n"


def _torn(fields: Sequence[tuple[str, str]]) -> Sent:
    kind, whole = _as_parts(fields)
    return kind, whole[: len(whole) * 2 // 3]


def _as_json(fields: Sequence[tuple[str, str]]) -> Sent:
    return JSON, json.dumps(dict(fields)).encode()


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


WIRES: tuple[Callable[[Sequence[tuple[str, str]]], Sent], ...] = (
    _as_form, _as_form, _twice, _as_parts, _torn, _as_json,
)  # fmt: skip


def reports() -> st.SearchStrategy[Any]:
    """What a provider with the right key could report: its own words with anything in them."""
    words = ("signature", "event-data", "event", "timestamp", "recipient", "message", "headers",
             "message-id", "severity", "reason", "delivery-status", "RecordType", "Type", "ID",
             "MessageID", "Metadata", "Email", "BouncedAt", "Details", "email", "ts_epoch",
             "X-Mailin-custom", "payload", "status", "uuid", "rcpt_to", "original_message")  # fmt: skip
    known = st.sampled_from(
        ["failed", "bounced", "Bounce", "hard_bounce", "SpamComplaint", "MessageBounced", "{}", "[", "1e999"]
    )  # fmt: skip
    inner = SCALARS | known
    return st.dictionaries(
        st.sampled_from(words),
        st.recursive(inner, lambda each: st.lists(each, max_size=3) | st.dictionaries(st.sampled_from(words), each, max_size=4), max_leaves=8),
        max_size=8,
    )  # fmt: skip


def anything() -> st.SearchStrategy[Ask]:
    """Any method, any path, any body, any kind."""
    kinds = st.sampled_from([FORM, MULTIPART, JSON, "text/plain", ""]) | st.text(
        st.characters(min_codepoint=32, max_codepoint=126), max_size=40
    )
    path = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80)
    front = st.sampled_from(
        ["/", "/s/", "/me/", "/survey/", "/join/", "/j/", "/u/", "/api/", "/api/v1/studies/",
         "/console/", "/mail/", "/mail/mailgun/", "/copy/", "/left/", "/address/"]
    )  # fmt: skip
    return st.builds(
        lambda method, start, rest, body, kind: Ask("made", method, start + rest, body, kind),
        st.sampled_from(METHODS),
        front,
        path.map(lambda rest: rest.replace("#", "%23")),
        st.binary(max_size=200) | TREES.map(lambda tree: json.dumps(tree).encode()),
        kinds,
    )
