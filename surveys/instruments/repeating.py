"""Blocks of items that are asked for each of several targets, written out when a file is read. Pure.

`files.load` calls this. What is stored and hashed is the instrument with all its items, so that no
later change of this module can change what was asked (docs/adr/0016). The rules of the codes:

    item      <block>_<target>_<item>      ecrrs_mother_1
    question  <block>_<target>             ecrrs_mother: is there a mother?
    scale     <target>_<scale>             mother_avoidance
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ConfigDict

from surveys.instruments.blocks import Repeat, Target
from surveys.instruments.terms import Document
from surveys.lib.yamlfile import DocumentError, Parsed
from surveys.lib.yamlnodes import Loc

_WORD = re.compile(r"(?<!\{)\{([a-z]\w*)\}(?!\})")
_ANSWER = re.compile(r"(?<![\w.\"'])(answers\s*\.\s*)(\w+)")
_BRACE = re.compile(r"\{\{|\{[^{}|]*\|")  # one that stands for itself, or the name in a text


class _Blocks(Document):
    model_config = ConfigDict(extra="ignore")

    repeats: tuple[Repeat, ...] = ()


@dataclass
class _Written:
    """What has been written out, and where each part of it comes from in the file."""

    items: list[dict[str, Any]] = field(default_factory=list)
    sections: list[dict[str, Any]] = field(default_factory=list)
    scales: list[dict[str, Any]] = field(default_factory=list)
    sources: dict[str, list[Loc]] = field(
        default_factory=lambda: {"items": [], "sections": [], "scales": []}
    )

    def add(self, kind: str, document: dict[str, Any], source: Loc) -> None:
        getattr(self, kind).append(document)
        self.sources[kind].append(source)


def written_out(parsed: Parsed) -> Parsed:
    """The file with its blocks as items, sections and scales that keep the places of their source.

    Raises DocumentError for a block that is wrong in itself.
    """
    if not isinstance(parsed.data, dict) or "repeats" not in parsed.data:
        return parsed
    blocks = parsed.validate(_Blocks).repeats
    data, places = dict(parsed.data), {"values": dict(parsed.values), "keys": dict(parsed.keys)}
    del data["repeats"]
    problems = [parsed.problem(loc, what) for loc, what in _misfits(data, blocks)]
    if problems:
        raise DocumentError(parsed.source, problems)
    for at, block in enumerate(blocks):
        _insert(data, places, _written(at, block), block.after)
    return replace(parsed, data=data, values=places["values"], keys=places["keys"])


def _insert(
    data: dict[str, Any], places: dict[str, dict[Loc, Any]], made: _Written, after: str | None
) -> None:
    """Put a block behind its item; what is no list in the file stays, to be refused later."""
    for kind in ("items", "sections", "scales"):
        new, old = getattr(made, kind), data.get(kind, [])
        if new and isinstance(old, list):
            behind = (n for n, each in enumerate(old, 1) if _holds(kind, each, after))
            first = next(behind, len(old))
            data[kind] = [*old[:first], *new, *old[first:]]
            for known in places.values():
                _move(known, kind, first, made.sources[kind])


def _holds(kind: str, entry: Any, item: str | None) -> bool:
    """Whether an entry of the file is the item, or the section that it stands in."""
    if not isinstance(entry, dict) or item is None:
        return False
    if kind == "sections":
        return isinstance(entry.get("items"), list) and item in entry["items"]
    return kind == "items" and entry.get("code") == item


def _move(known: dict[Loc, Any], kind: str, first: int, sources: list[Loc]) -> None:
    """Make room among the places for what was put in at `first`, with the places of its source."""
    later = {loc: place for loc, place in known.items() if loc[:1] == (kind,) and len(loc) > 1}
    for loc in later:
        del known[loc]
    for loc, place in later.items():
        index = int(loc[1])
        known[kind, index + (len(sources) if index >= first else 0), *loc[2:]] = place
    for n, source in enumerate(sources, first):
        below = [(loc, p) for loc, p in known.items() if loc[: len(source)] == source]
        known.update({(kind, n, *loc[len(source) :]): place for loc, place in below})
    known.setdefault((kind,), known.get(sources[0]))


def _written(at: int, block: Repeat) -> _Written:
    made = _Written()
    for target in block.targets:
        codes = {item.code: f"{block.code}_{target.code}_{item.code}" for item in block.items}
        asked = f"{block.code}_{target.code}"
        if block.ask:
            ask = {"code": asked, "kind": "single", **_dumped(block.ask)}
            made.add("items", _of(ask, target, codes), ("repeats", at, "ask"))
        for i, item in enumerate(block.items):
            about = {"target": asked} if block.ask else {}
            one = _dumped(item) | {"code": codes[item.code]} | about
            made.add("items", _of(one, target, codes), ("repeats", at, "items", i))
        if block.section:
            heading = _dumped(block.section)
            source: Loc = ("repeats", at, "section")
            if block.ask:
                made.add("sections", {"items": [asked]}, source)
            made.add("sections", _of(heading, target, codes) | {"items": [*codes.values()]}, source)
        for s, scale in enumerate(block.scales):
            one = _of(_dumped(scale), target, codes)
            made.add("scales", _scale(one, target, codes), ("repeats", at, "scales", s))
    for s, scale in enumerate(block.scales):
        if scale.across:
            parts = [{"scale": f"{target.code}_{scale.code}"} for target in block.targets]
            over = _dumped(scale.across) | {"high": scale.high, "parts": parts}
            made.add("scales", over, ("repeats", at, "scales", s, "across"))
    return made


def _scale(one: dict[str, Any], target: Target, codes: Mapping[str, str]) -> dict[str, Any]:
    """A block's scale for one target, with the codes of the target's items and scales."""
    keys = [key | {"item": codes[key["item"]]} for key in one.get("keys", [])]
    parts = [part | {"scale": f"{target.code}_{part['scale']}"} for part in one.get("parts", [])]
    one.pop("across", None)
    made = {"keys": keys} if keys else {"parts": parts}
    return one | made | {"code": f"{target.code}_{one['code']}"}


def _dumped(document: Document) -> dict[str, Any]:
    return document.model_dump(mode="json", exclude_defaults=True)


def _of(value: Any, target: Target, codes: Mapping[str, str], key: str = "") -> Any:
    """A part of a block for one target: its words in texts, its items in names of answers.

    `key` is the field or language that the part stands under.
    """
    if isinstance(value, dict):
        return {below: _of(child, target, codes, below) for below, child in value.items()}
    if isinstance(value, list):
        return [_of(child, target, codes) for child in value]
    if not isinstance(value, str):
        return value
    if key == "show_if":
        return _renamed(value, codes)
    words = {name: texts[key] for name, texts in target.words.items() if key in texts}
    said = _WORD.sub(lambda match: words.get(match[1], match[0]), value)
    return _BRACE.sub(lambda match: _renamed(match[0], codes), said)


def _renamed(expression: str, codes: Mapping[str, str]) -> str:
    """The expression with the block's items under the codes that they have for one target."""
    return _ANSWER.sub(lambda match: match[1] + codes.get(match[2], match[2]), expression)


def _misfits(data: Mapping[str, Any], blocks: tuple[Repeat, ...]) -> Iterator[tuple[Loc, str]]:
    """Names that a block uses and does not have, and words that a target lacks."""
    listed = data.get("items")
    items = (
        [i.get("code") for i in listed if isinstance(i, dict)] if isinstance(listed, list) else []
    )
    for at, block in enumerate(blocks):
        loc: Loc = ("repeats", at)
        if block.after is not None and block.after not in items:
            yield (*loc, "after"), f"there is no item '{block.after}' outside of blocks"
        if block.ask and _has_no_none(data.get("response_sets"), block.ask.options):
            what = f"no option of '{block.ask.options}' is 'missing: not_applicable'"
            yield (*loc, "ask", "options"), f"{what}, which says that there is none"
        yield from _twice((*loc, "targets"), [target.code for target in block.targets])
        yield from _twice((*loc, "items"), [item.code for item in block.items])
        yield from _unknown_items((*loc, "scales"), block)
        for where, language, name in _words_used(loc, block):
            lacking = (_lacking(target, language, name) for target in block.targets)
            yield from ((where, what) for what in lacking if what)


def _has_no_none(response_sets: Any, name: str) -> bool:
    """Whether a response set is there, and nobody could say with it that there is no target."""
    options = response_sets.get(name) if isinstance(response_sets, dict) else None
    return isinstance(options, list) and not any(
        isinstance(option, dict) and option.get("missing") == "not_applicable" for option in options
    )


def _twice(loc: Loc, codes: Sequence[str]) -> Iterator[tuple[Loc, str]]:
    for n, code in enumerate(codes):
        if code in codes[:n]:
            yield (*loc, n, "code"), f"'{code}' stands twice"


def _unknown_items(loc: Loc, block: Repeat) -> Iterator[tuple[Loc, str]]:
    known = [item.code for item in block.items]
    for s, scale in enumerate(block.scales):
        for k, key in enumerate(scale.keys):
            if key.item not in known:
                what = f"the block has no item '{key.item}'; it has {', '.join(known)}"
                yield (*loc, s, "keys", k, "item"), what


def _lacking(target: Target, language: str, name: str) -> str:
    if name not in target.words:
        has = ", ".join(target.words) or "none"
        return f"target '{target.code}' has no words '{name}'; it has {has}"
    if language not in target.words[name]:
        return f"'{name}' of target '{target.code}' lacks '{language}'"
    return ""


def _words_used(loc: Loc, block: Repeat) -> Iterator[tuple[Loc, str, str]]:
    """Each `{name}` in a text of the block: its place, the language and the name."""
    parts = {"ask": block.ask, "section": block.section}
    listed = {"items": block.items, "scales": block.scales}
    documents: list[tuple[Loc, Document]]
    documents = [((*loc, key), part) for key, part in parts.items() if part]
    documents += [((*loc, k, n), each) for k, many in listed.items() for n, each in enumerate(many)]
    for where, document in documents:
        for below, language, text in _texts(_dumped(document)):
            if "across" not in below:
                yield from (((*where, *below), language, name) for name in _WORD.findall(text))


def _texts(value: Any, loc: Loc = ()) -> Iterator[tuple[Loc, str, str]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _texts(child, (*loc, key))
    elif isinstance(value, str) and loc:
        yield loc, str(loc[-1]), value
