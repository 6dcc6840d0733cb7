"""YAML 1.2 text to plain values, with the place of every value. Used by `lib.yamlfile` only.

Values are exactly those of JSON: no dates, no custom tags, no merge keys, text keys, finite numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.scanner import Scanner, ScannerError

Loc = tuple[str | int, ...]
Place = tuple[int, int]  # line and column, from 1

MAX_BYTES = 500_000
MAX_VALUES = 100_000  # counted after aliases are written out, so that a small file cannot explode
MAX_DEPTH = 60

TAG = "tag:yaml.org,2002:"
TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"


class Unreadable(ValueError):
    """The text cannot become plain values; says where and why."""

    def __init__(self, place: Place, loc: Loc, message: str) -> None:
        super().__init__(message)
        self.place, self.loc, self.message = place, loc, message


class _ShallowScanner(Scanner):
    """Stops at deep flow collections before they cost time, and with their place."""

    def fetch_flow_collection_start(self, TokenClass: Any, to_push: str) -> None:
        if self.flow_level >= MAX_DEPTH:
            raise ScannerError(None, None, TOO_DEEP, self.reader.get_mark())
        super().fetch_flow_collection_start(TokenClass, to_push)


def text_of(raw: str | bytes) -> str:
    """The text of a file: UTF-8 with or without a byte order mark, no control characters."""
    data = raw if isinstance(raw, bytes) else raw.encode(errors="surrogatepass")
    if len(data) > MAX_BYTES:
        message = f"{len(data):,} bytes are too many; at most {MAX_BYTES:,} are read"
        raise Unreadable((1, 1), (), message)
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        message = f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise Unreadable(_place_after(before), (), message) from None
    for at, character in enumerate(text):
        if not _is_allowed(character):
            message = f"the character U+{ord(character):04X} is not allowed in a text file"
            raise Unreadable(_place_after(text[:at]), (), message)
    return text


def compose(text: str) -> Node | None:
    """The node tree of one YAML document; None when it is empty."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner = _ShallowScanner
    try:
        node: Node | None = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(_place(mark) if mark else (1, 1), (), _plainly(error)) from None
    except RecursionError:
        raise Unreadable((1, 1), (), TOO_DEEP) from None
    except YAMLError as error:
        raise Unreadable((1, 1), (), str(error).splitlines()[0]) from None
    return node


class Reader:
    """Walks a node tree once; afterwards `values` and `keys` hold the place of every value and key."""

    def __init__(self) -> None:
        self.values: dict[Loc, Place] = {}
        self.keys: dict[Loc, Place] = {}

    def read(self, node: Node, loc: Loc = ()) -> Any:
        """The plain value of a node; raises Unreadable."""
        place = _place(node.start_mark)
        self.values[loc] = place
        if len(loc) > MAX_DEPTH:
            raise Unreadable(place, (), TOO_DEEP)
        if len(self.values) > MAX_VALUES:
            raise Unreadable(place, loc, f"more than {MAX_VALUES:,} values; do aliases repeat?")
        if isinstance(node, MappingNode):
            _expect_tag(node, loc, "map")
            return {key: self.read(value, (*loc, key)) for key, value in self._pairs(node, loc)}
        if isinstance(node, SequenceNode):
            _expect_tag(node, loc, "seq")
            return [self.read(child, (*loc, i)) for i, child in enumerate(node.value)]
        return _scalar(node, place, loc)

    def _pairs(self, node: MappingNode, loc: Loc) -> Iterator[tuple[str, Node]]:
        for key_node, value in node.value:
            place = _place(key_node.start_mark)
            if not isinstance(key_node, ScalarNode) or key_node.tag == f"{TAG}merge":
                raise Unreadable(place, loc, "a key must be a plain word; lists and '<<' are not")
            key = str(key_node.value)
            _expect_storable(key, place, loc)
            child = (*loc, key)
            if child in self.keys:
                message = f"this key already stands in line {self.keys[child][0]}"
                raise Unreadable(place, child, message)
            self.keys[child] = place
            yield key, value


def _scalar(node: Node, place: Place, loc: Loc) -> Any:
    text, kind = str(node.value), str(node.tag).removeprefix(TAG)
    if kind in {"str", "timestamp", "value"}:
        _expect_storable(text, place, loc)
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind in {"int", "float"}:
        return _number(text, kind, place, loc)
    raise Unreadable(place, loc, f"the tag '{node.tag}' is not allowed")


def _number(text: str, kind: str, place: Place, loc: Loc) -> float:
    try:
        if kind == "int":
            octal_or_hex = text.lstrip("+-")[:2] in {"0o", "0x"}
            return int(text, 0) if octal_or_hex else int(text)
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Unreadable(place, loc, f"'{text[:40]}' is not a finite decimal number")
    return number


def _expect_tag(node: Node, loc: Loc, kind: str) -> None:
    if node.tag != TAG + kind:
        raise Unreadable(_place(node.start_mark), loc, f"the tag '{node.tag}' is not allowed")


def _expect_storable(text: str, place: Place, loc: Loc) -> None:
    """Escapes such as \\0 and \\uD800 are YAML, but no text that a database or UTF-8 can hold."""
    for character in text:
        if character == "\0" or "\ud800" <= character <= "\udfff":
            message = f"the character U+{ord(character):04X} cannot be stored"
            raise Unreadable(place, loc, message)


def _is_allowed(character: str) -> bool:
    return (
        character.isprintable() or character in "\t\n\r\u0085\u00a0\ufeff" or character > "\u009f"
    )


def _place(mark: StringMark) -> Place:
    return mark.line + 1, mark.column + 1


def _place_after(before: str) -> Place:
    lines = before.split("\n")
    return len(lines), len(lines[-1]) + 1


def _plainly(error: MarkedYAMLError) -> str:
    problem = str(error.problem or error.context or "not YAML")
    if "'\\t' that cannot start" in problem:
        return "a tab is used as indentation; YAML wants spaces"
    if "mapping values are not allowed" in problem:
        return "a second colon in this line; put the text in quotes, or check the indentation"
    if "undefined alias" in problem:
        return f"{problem}; put a text that begins with '*' in quotes"
    if "cannot start any token" in problem:
        return f"{problem}; put the text in quotes"
    context = f"{error.context}: " if error.context else ""
    return context + problem.replace("<block end>", "the end of the block").replace(
        "<stream end>", "the end of the file"
    )
