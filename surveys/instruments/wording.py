"""Wording for a key, from a sheet that a researcher holds the rights to. Pure.

A sheet is CSV: the first column names an item, an anchor or a text, each further column is one
language. `actions.add_wording` stores what `worded` makes; nothing here writes a file.

    code,en,de
    instructions,...,...
    phq8_1,...,...
    codes=0,...,...
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from surveys.instruments.definition import Instrument, Language, Licence, Words
from surveys.instruments.files import document_of
from surveys.lib.documents import Misfit

LARGEST_SHEET = 1_000_000  # bytes
TEXTS = ("title", "instructions")  # rows besides items and anchors; both may be left out

_LANGUAGE: TypeAdapter[str] = TypeAdapter(Language)
_WORDS: TypeAdapter[str] = TypeAdapter(Words)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class SheetError(ValueError):
    """A sheet that cannot be used; `problems` pairs its lines with what is wrong there."""

    def __init__(self, source: str, problems: Sequence[tuple[int, str]]) -> None:
        self.source, self.problems = source, tuple(sorted(problems))
        lines = (f"{source}:{line} {what}" for line, what in self.problems)
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class Sheet:
    """The texts of a sheet by row and language, and the line on which each row stands."""

    source: str
    languages: tuple[str, ...]
    texts: Mapping[str, Mapping[str, str]]
    lines: Mapping[str, int]


def read(content: bytes, source: str) -> Sheet:
    """Read a sheet; raises SheetError. Commas, semicolons and tabs all part columns."""
    if len(content) > LARGEST_SHEET:
        raise SheetError(source, [(1, f"the sheet is larger than {LARGEST_SHEET} bytes")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SheetError(source, [(line, "is not UTF-8; save the sheet as CSV UTF-8")]) from None
    rows = list(_rows(text, source))
    if not rows:
        raise SheetError(source, [(1, "the sheet is empty")])
    languages = _languages(rows[0], source)
    problems: list[tuple[int, str]] = []
    texts: dict[str, Mapping[str, str]] = {}
    lines: dict[str, int] = {}
    for line, cells in rows[1:]:
        code = cells[0].replace(" ", "")
        found = _problems(code, cells[1:], languages, lines)
        problems += [(line, what) for what in found]
        if code not in lines:
            lines[code] = line
            texts[code] = dict(zip(languages, cells[1:], strict=False))
    if problems:
        raise SheetError(source, problems)
    return Sheet(source, languages, texts, lines)


def worded(instrument: Instrument, sheet: Sheet, *, order: str, licence: Licence) -> Instrument:
    """The instrument with the sheet's wording added, its version number as it is.

    Languages that the instrument has already stay, unless the sheet has them too. Raises
    SheetError when the order is another one, or items or anchors lack or are unknown.
    """
    problems = [*_other_order(instrument, order), *_unfitting(instrument, sheet)]
    if not problems:
        problems += _repeated(instrument, sheet)
    if problems:
        raise SheetError(sheet.source, problems)
    document = _filled(instrument, sheet, licence)
    try:
        return Instrument.model_validate(document)
    except ValidationError as error:
        raise SheetError(sheet.source, list(_misfits(document, sheet, error))) from None


def _misfits(
    document: Mapping[str, Any], sheet: Sheet, error: ValidationError
) -> Iterator[tuple[int, str]]:
    """What only shows in the whole, such as a brace that is no template, with its line."""
    for detail in error.errors():
        cause = detail.get("ctx", {}).get("error")
        if not isinstance(cause, Misfit):
            yield 1, detail["msg"]
            continue
        for where, what in cause.found:
            code = where[0] if where[0] in TEXTS else ""
            if where[0] == "items":
                code = document["items"][where[1]]["code"]
            elif where[0] == "response_sets":
                code = f"{where[1]}={document['response_sets'][where[1]][where[2]]['code']}"
            yield sheet.lines.get(str(code), 1), what


def _rows(text: str, source: str) -> Iterator[tuple[int, list[str]]]:
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        while True:
            line = reader.line_num + 1
            cells = [cell.strip() for cell in next(reader)]
            if any(cells):
                yield line, cells
    except StopIteration:
        return
    except csv.Error as error:
        raise SheetError(source, [(reader.line_num, f"is no CSV: {error}")]) from None


def _languages(head: tuple[int, list[str]], source: str) -> tuple[str, ...]:
    line, (first, *languages) = head
    problems = []
    if first.lower() != "code":
        problems.append((line, f"the first column must be called 'code', not '{first}'"))
    if not languages:
        problems.append((line, "there is no column with a language, such as 'en'"))
    for language in languages:
        try:
            _LANGUAGE.validate_python(language)
        except ValidationError:
            problems.append((line, f"'{language}' is no language tag, such as 'en' or 'pt-BR'"))
    if len(set(languages)) < len(languages):
        problems.append((line, "a language stands twice"))
    if problems:
        raise SheetError(source, problems)
    return tuple(languages)


def _problems(
    code: str, cells: Sequence[str], languages: Sequence[str], lines: Mapping[str, int]
) -> Iterator[str]:
    if code in lines:
        yield f"'{code}' stands on line {lines[code]} already"
    if len(cells) > len(languages):
        yield f"{len(cells) + 1} columns where the first line has {len(languages) + 1}"
    for at, language in enumerate(languages):
        text = cells[at] if at < len(cells) else ""
        try:
            _WORDS.validate_python(text)
        except ValidationError:
            yield f"'{code}' has {'no text' if not text else 'too long a text'} in '{language}'"
        if _CONTROL.search(text):
            yield f"'{code}' has a control character in '{language}'"


def _other_order(instrument: Instrument, order: str) -> Iterator[tuple[int, str]]:
    if instrument.origin is None:
        yield 1, f"'{instrument.ref}' is no published key; wording is added to keys only"
    elif order != instrument.origin.order:
        yield (
            1,
            f"the order is '{order}', and '{instrument.ref}' is the key for the order "
            f"'{instrument.origin.order}': {instrument.origin.order_says}",
        )


def _unfitting(instrument: Instrument, sheet: Sheet) -> Iterator[tuple[int, str]]:
    items = [item.code for item in instrument.items]
    anchors = _anchors(instrument)
    known = {*items, *anchors, *TEXTS}
    for code, line in sheet.lines.items():
        if code not in known:
            yield line, f"'{code}' is no item or anchor of '{instrument.ref}'"
    missing = [code for code in items if code not in sheet.texts]
    if missing:
        yield (
            1,
            f"has {len(items) - len(missing)} of {len(items)} items; lacks {', '.join(missing)}",
        )
    for language in sheet.languages if instrument.instructions else ():
        if "instructions" not in sheet.texts:
            yield 1, f"lacks the instructions in '{language}', which '{instrument.ref}' has"
    for ends in _ends(instrument):
        lacks = [code for code in ends if code not in sheet.texts]
        if lacks:
            yield 1, f"lacks the anchor {' and '.join(lacks)}; the ends of a scale must be named"


def _repeated(instrument: Instrument, sheet: Sheet) -> Iterator[tuple[int, str]]:
    """One text for two items is a slip of the hand in every questionnaire that we know."""
    seen: dict[tuple[str, str], str] = {}
    for item in instrument.items:
        for language, text in sheet.texts[item.code].items():
            first = seen.setdefault((language, text.casefold()), item.code)
            if first != item.code:
                yield (
                    sheet.lines[item.code],
                    f"'{item.code}' has the same text in '{language}' as '{first}'",
                )


def _anchors(instrument: Instrument) -> set[str]:
    return {
        f"{name}={option.code}"
        for name, options in instrument.response_sets.items()
        for option in options
    }


def _ends(instrument: Instrument) -> Iterator[tuple[str, str]]:
    for name, options in instrument.response_sets.items():
        codes = [option.code for option in options if not option.missing]
        yield f"{name}={min(codes)}", f"{name}={max(codes)}"


def _filled(instrument: Instrument, sheet: Sheet, licence: Licence) -> dict[str, Any]:
    document = document_of(instrument) | {"licence": licence.model_dump(mode="json")}
    document.pop("wording", None)
    had = instrument.languages if instrument.wording == "complete" else ()
    document["languages"] = [*had, *(one for one in sheet.languages if one not in had)]
    for item in document["items"]:
        item["text"] = item.get("text", {}) | sheet.texts[item["code"]]
    for name, options in document["response_sets"].items():
        for option in options:
            number = dict.fromkeys(sheet.languages, str(option["code"]))
            given = sheet.texts.get(f"{name}={option['code']}", number)
            option["label"] = option.get("label", {}) | given
    for name in TEXTS:
        if name in sheet.texts:
            document[name] = document.get(name, {}) | sheet.texts[name]
    return document
