"""Study files: YAML with Markdown texts beside it, to a protocol and back.

The study command reads and writes them; every problem names its line and column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from surveys.design.checks import problems
from surveys.design.protocol import Protocol
from surveys.design.safety import CRISIS
from surveys.design.texts import TEXT_FIELDS, Loc, is_file_name
from surveys.instruments.definition import Instrument
from surveys.lib.yamlfile import DocumentError, Parsed, dump, parse
from surveys.lib.yamlnodes import Unreadable, text_of

LARGEST_TEXT = 100_000  # bytes of one Markdown file
SCHEMA_LINE = "# yaml-language-server: $schema={}\n"


@dataclass(frozen=True)
class StudyFile:
    """A study file that has been read: its protocol, and where in the file each part stands."""

    protocol: Protocol
    parsed: Parsed = field(repr=False)

    def checked(self, instruments: Mapping[str, Instrument]) -> Protocol:
        """The protocol, if it could be published as it is; raises DocumentError."""
        found = problems(self.protocol, instruments)
        if found:
            placed = [self.parsed.problem(where, what) for where, what in found]
            raise DocumentError(self.parsed.source, placed)
        return self.protocol


def read(path: Path) -> StudyFile:
    """Read a study file and the texts it names; raises DocumentError, OSError without the file."""
    return read_text(path.read_bytes(), source=str(path), folder=path.parent)


def read_text(text: str | bytes, *, source: str, folder: Path) -> StudyFile:
    """The same from a text; `folder` is where the Markdown files are looked for."""
    parsed = parse(text, source)
    texts = _Texts(folder.resolve(), _languages(parsed.data))
    parsed = replace(parsed, data=texts.read((), parsed.data))
    unreadable = [parsed.problem(loc, what) for loc, what in texts.found]
    try:
        protocol = parsed.validate(Protocol)
    except DocumentError as error:
        raise DocumentError(source, [*unreadable, *error.problems]) from None
    if unreadable:
        raise DocumentError(source, unreadable)
    return StudyFile(protocol, parsed)


def write(protocol: Protocol, *, schema: str | None = None) -> str:
    """The protocol as a study file that reads back to the same protocol, texts included."""
    document = protocol.model_dump(mode="json", exclude_defaults=True)
    return (SCHEMA_LINE.format(schema) if schema else "") + dump(document)


class _Texts:
    """Fills in what a file leaves to its reader: texts in files, one text for all languages."""

    def __init__(self, folder: Path, languages: Sequence[str]) -> None:
        self.folder, self.languages = folder, languages
        self.found: list[tuple[Loc, str]] = []

    def read(self, loc: Loc, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._child(loc, key, child) for key, child in value.items()}
        if isinstance(value, list):
            return [self.read((*loc, i), child) for i, child in enumerate(value)]
        return value

    def _child(self, loc: Loc, key: str, value: Any) -> Any:
        loc = (*loc, key)
        if key not in TEXT_FIELDS:
            return self.read(loc, value)
        if (key, value) == ("show", CRISIS):
            return value
        if isinstance(value, str) and self.languages:
            words = self._words(loc, value)
            return dict.fromkeys(self.languages, words)
        if isinstance(value, dict):
            return {
                language: self._words((*loc, language), words) if isinstance(words, str) else words
                for language, words in value.items()
            }
        return value

    def _words(self, loc: Loc, words: str) -> str:
        if not is_file_name(words):
            return words
        try:
            return self._file(words)
        except ValueError as error:
            self.found.append((loc, str(error)))
        return words

    def _file(self, name: str) -> str:
        path = (self.folder / name).resolve()
        if not path.is_relative_to(self.folder):
            raise ValueError(f"'{name}' lies outside the study file's folder")
        try:
            if path.stat().st_size > LARGEST_TEXT:
                raise ValueError(f"'{name}' is larger than {LARGEST_TEXT:,} bytes")
            text = text_of(path.read_bytes())
        except Unreadable as error:
            line, column = error.place
            raise ValueError(f"'{name}', line {line}, column {column}: {error.message}") from None
        except OSError as error:
            raise ValueError(f"'{name}' cannot be read: {error.strerror}") from None
        words = text.replace("\r\n", "\n").strip()
        if not words or is_file_name(words):
            raise ValueError(f"'{name}' holds no text")
        return words


def _languages(data: Any) -> list[str]:
    languages = data.get("languages") if isinstance(data, dict) else None
    return [x for x in languages if isinstance(x, str)] if isinstance(languages, list) else []
