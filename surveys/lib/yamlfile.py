"""YAML documents: read against a pydantic model, with the line and column of every problem; written.

Study files and instrument files are read here; nothing in this module knows about either.
"""

from __future__ import annotations

import difflib
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import (
    FoldedScalarString,
    LiteralScalarString,
    SingleQuotedScalarString,
)

from surveys.lib.documents import Misfit
from surveys.lib.yamlnodes import Loc, Place, Reader, Unreadable, compose, text_of

M = TypeVar("M", bound=BaseModel)

FLOW_WIDTH = 88  # a collection of plain values stays on one line up to here
FOLD_WIDTH = 88  # a longer text is folded into a block of lines about this wide
PLAIN = re.compile(r"[^\W\d][\w.,;!?()/@+%'-]*( [\w.,;!?()/@+%'-]+)*")  # needs no quotes anywhere


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong; line and column count from 1, `path` reads `waves[2].window`."""

    line: int
    column: int
    path: str
    message: str


class DocumentError(ValueError):
    """A document that cannot be used; `str()` gives one line per problem."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = sorted(problems)
        super().__init__("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        for p in self.problems:
            what = f"{p.path}: {p.message}" if p.path else p.message
            yield f"{self.source}:{p.line}:{p.column} {what}"


@dataclass(frozen=True)
class Parsed:
    """A document as plain JSON values that remembers where each of them stands."""

    source: str
    data: Any
    values: Mapping[Loc, Place]
    keys: Mapping[Loc, Place]

    def problem(self, loc: Loc, message: str, *, at_key: bool = False) -> Problem:
        """A problem at a path such as `("waves", 2, "window")`, or at its nearest parent."""
        known = self._known(loc)
        places = self.keys if at_key and known in self.keys else self.values
        line, column = places[known]
        return Problem(line, column, path_text(loc if at_key else known), message)

    def validate(self, model: type[M]) -> M:
        """The document as `model`; raises DocumentError with every problem found."""
        try:
            return model.model_validate_json(json.dumps(self.data), strict=True)
        except ValidationError as error:
            details = error.errors()
            found = [p for d in _without_echoes(details) for p in self._translate(model, d)]
            raise DocumentError(self.source, list(dict.fromkeys(found))) from None

    def _known(self, loc: Loc) -> Loc:
        """The part of a pydantic location that stands in the file; labels of unions do not."""
        known: Loc = ()
        for step in loc:
            if (*known, step) in self.values:
                known = (*known, step)
        return known

    def _translate(self, model: type[BaseModel], detail: ErrorDetails) -> Iterator[Problem]:
        loc, cause = detail["loc"], detail.get("ctx", {}).get("error")
        if isinstance(cause, Misfit):
            yield from (self.problem((*loc, *below), message) for below, message in cause.found)
        elif detail["type"] == "extra_forbidden":
            message = _unknown_key(str(loc[-1]), _fields_at(model, loc[:-1]))
            yield self.problem(loc, message, at_key=True)
        elif detail["type"] == "missing":
            yield self.problem(loc[:-1], f"'{loc[-1]}' is missing")
        else:
            yield self.problem(loc, _plainly(detail), at_key=loc[-1:] == ("[key]",))


def parse(text: str | bytes, source: str) -> Parsed:
    """Read YAML 1.2 into plain values; raises DocumentError. `source` names the file in messages."""
    reader = Reader()
    try:
        node = compose(text_of(text))
        if node is None:
            raise Unreadable((1, 1), (), "the file is empty")
        data = reader.read(node)
    except Unreadable as error:
        problem = Problem(*error.place, path_text(error.loc), error.message)
        raise DocumentError(source, [problem]) from None
    return Parsed(source, data, reader.values, reader.keys)


def load(text: str | bytes, model: type[M], source: str) -> M:
    """Read YAML 1.2 into `model`; raises DocumentError with the place of every problem."""
    return parse(text, source).validate(model)


def dump(document: Mapping[str, Any]) -> str:
    """A JSON-like document as YAML 1.2 that people like to read; `load` gives the same back.

    Long texts become blocks, short collections of plain values stay on one line.
    """
    yaml = YAML()
    yaml.width = (
        4096  # the emitter's own wrapping leaves trailing blanks; long texts are folded here
    )
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    styled = _styled(document)
    styled.fa.set_block_style()
    yaml.dump(styled, stream)
    return stream.getvalue()


def path_text(loc: Loc) -> str:
    """`("waves", 2, "window")` as `waves[2].window`."""
    text = ""
    for step in loc:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step != "[key]":
            text += f".{step}" if text else step
    return text


def _styled(value: Any, *, in_list: bool = False) -> Any:
    if isinstance(value, str):
        return _styled_text(value)
    styled: CommentedMap | CommentedSeq
    if isinstance(value, Mapping):
        styled = CommentedMap((_quoted(key), _styled(child)) for key, child in value.items())
    elif isinstance(value, list | tuple):
        styled = CommentedSeq(_styled(child, in_list=True) for child in value)
    else:
        return value
    if _height(value) <= (2 if in_list else 1) and _is_short(value):
        styled.fa.set_flow_style()
    return styled


def _styled_text(text: str) -> Any:
    if "\n" in text:
        return LiteralScalarString(text)
    is_prose = text.isprintable() and "" not in text.split(" ")
    if len(text) <= FOLD_WIDTH or not is_prose:
        return _quoted(text)
    folded = FoldedScalarString(text)
    folded.fold_pos = list(_folds(text))
    return folded


def _quoted(text: str) -> str:
    """Quotes where there is any doubt, so that no reader of YAML takes the text for something else."""
    return text if PLAIN.fullmatch(text) else SingleQuotedScalarString(text)


def _folds(text: str) -> Iterator[int]:
    """Where to break a line: the last space before each line grows too wide."""
    start = 0
    while len(text) - start > FOLD_WIDTH:
        at = text.rfind(" ", start, start + FOLD_WIDTH)
        at = at if at > start else text.find(" ", start + FOLD_WIDTH)
        if at < 0:
            return
        yield at
        start = at + 1


def _height(value: Any) -> int:
    """How many levels of collections: 0 for a plain value, 1 for a flat collection."""
    if isinstance(value, Mapping):
        return 1 + max(map(_height, value.values()), default=-1)
    if isinstance(value, list | tuple):
        return 1 + max(map(_height, value), default=-1)
    return 0


def _is_short(value: Any) -> bool:
    return len(repr(value)) <= FLOW_WIDTH and "\\n" not in repr(value)


def _without_echoes(details: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out "too short" where the list only seems short because its entries are wrong."""

    def is_echo(detail: ErrorDetails) -> bool:
        loc = detail["loc"]
        below = (d["loc"] for d in details if len(d["loc"]) > len(loc))
        return detail["type"] == "too_short" and any(other[: len(loc)] == loc for other in below)

    return [detail for detail in details if not is_echo(detail)]


def _unknown_key(key: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    if near:
        return f"unknown key; did you mean '{near[0]}'?"
    return "unknown key" + (f"; known here: {', '.join(known)}" if known else "")


def _fields_at(model: object, loc: Loc) -> list[str]:
    """The field names of the model that stands at `loc` below `model`."""
    if isinstance(model, type) and issubclass(model, BaseModel):
        if not loc:
            return list(model.model_fields)
        field = model.model_fields.get(str(loc[0]))
        return _fields_at(field.annotation, loc[1:]) if field else []
    args = get_args(model)
    is_collection = getattr(model, "__origin__", None) in {list, tuple, dict}
    below = [_fields_at(arg, loc[1:] if is_collection else loc) for arg in args]
    return next((names for names in below if names), [])


def _plainly(detail: ErrorDetails) -> str:
    message = detail["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    message = message.replace("String should", "expected text that should")
    message = message.replace("Tuple should", "expected a list that should")
    given = detail["input"]
    if detail["type"] != "value_error" and isinstance(given, str | int | float | None):
        message += f", got {json.dumps(given, ensure_ascii=False)[:60]}"
    return message
