"""One person to be enrolled, as values: what an entry holds and whether it is fit. Pure.

Read by the CSV file, by the API and by enrolment, so that all three ask for the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from surveys.design import zones
from surveys.design.protocol import Protocol
from surveys.participants import addresses

REQUIRED = ("email", "language", "timezone", "consent_version", "consented_at")
OPTIONAL = ("code", "name", "site")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,19}")
MAX_NAME = 200
MAX_STRATUM = 60
EARLIEST_YEAR = 2000


@dataclass(frozen=True)
class Problem:
    """What is wrong, and where: the row of a file (from 1) and the column, if known."""

    what: str
    column: str = ""
    row: int | None = None

    def __str__(self) -> str:
        places = [f"row {self.row}"] if self.row else []
        places += [f"column {self.column}"] if self.column else []
        return f"{', '.join(places)}: {self.what}" if places else self.what


class EntryProblems(ValueError):
    """People cannot be enrolled as asked; `problems` says why, one by one."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True)
class Entry:
    """One person with their consent. Without a code, enrolment draws one.

    Its repr holds neither name nor address, since reprs end up in logs.
    """

    email: str = field(repr=False)
    language: str
    timezone: str
    consent_version: int
    consented_at: datetime
    code: str | None = None
    name: str = field(default="", repr=False)
    site: str = ""
    strata: Mapping[str, str] = field(default_factory=dict)
    row: int | None = field(default=None, compare=False)  # where it stood in a file
    group: str = ""
    panel_id: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    signed_text: str = field(default="", repr=False)  # the consent as they saw and ticked it
    consent_language: str = ""  # in which they read it, if not that of their mails
    is_proved: bool = True  # that the address is theirs: by staff's word, or by their own mail

    @property
    def read_in(self) -> str:
        """The language of the consent text that they agreed to."""
        return self.consent_language or self.language


def columns(protocol: Protocol) -> tuple[list[str], list[str]]:
    """The columns that must and those that may be given for this study."""
    strata = strata_of(protocol)
    return [*REQUIRED, *strata], [name for name in OPTIONAL if name not in strata]


def strata_of(protocol: Protocol) -> Sequence[str]:
    """The names of the facts by which people are allocated separately."""
    return protocol.allocation.strata if protocol.allocation else ()


def repeated(entries: Iterable[Entry]) -> Iterator[Problem]:
    """People and codes that stand among the entries more than once."""
    first: dict[tuple[str, str], int] = {}
    for number, entry in enumerate(entries, start=1):
        keys = [("email", addresses.normalise(entry.email))]
        keys += [("code", entry.code)] if entry.code else []
        for column, value in keys:
            row = entry.row or number
            seen = first.setdefault((column, value), row)
            if seen != row:
                yield Problem(f"the same {column} as in row {seen}", column, row)


def read_entry(
    cells: Mapping[str, str], *, protocol: Protocol, now: datetime, row: int | None = None
) -> Entry:
    """The entry that the cells describe; raises EntryProblems with all that is wrong."""
    reader = _Reader(cells, protocol, now, row)
    entry = reader.entry()
    if reader.problems or entry is None:
        raise EntryProblems(reader.problems)
    return entry


def shown(text: str) -> str:
    """A cell in quotes, short enough for a message."""
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"


@lru_cache(maxsize=256)  # looking for the nearest name is slow, and a file repeats its mistakes
def _zone_problem(name: str) -> str:
    try:
        zones.checked(name)
    except ValueError as error:
        return str(error)
    return ""


class _Reader:
    """Reads cell by cell and collects every problem before it gives up."""

    def __init__(
        self, cells: Mapping[str, str], protocol: Protocol, now: datetime, row: int | None
    ) -> None:
        self.cells = {name: text.strip() for name, text in cells.items()}
        self.protocol = protocol
        self.now = now
        self.row = row
        self.problems: list[Problem] = []

    def entry(self) -> Entry | None:
        email, language, timezone = self._email(), self._language(), self._timezone()
        version, consented_at = self._consent_version(), self._consented_at(timezone)
        code, name = self._code(), self._line("name", MAX_NAME)
        site = self._line("site", MAX_STRATUM)
        strata = {s: self._stratum(s) for s in strata_of(self.protocol)}
        if self.problems or consented_at is None:
            return None
        return Entry(
            email, language, timezone, version, consented_at, code, name, site, strata, self.row
        )

    def _fault(self, column: str, what: str) -> None:
        self.problems.append(Problem(what, column, self.row))

    def _required(self, column: str) -> str:
        text = self.cells.get(column, "")
        if not text:
            self._fault(column, "empty, but needed")
        return text

    def _email(self) -> str:
        text = self._required("email")
        try:
            return addresses.parse(text) if text else ""
        except addresses.BadAddress as error:
            self._fault("email", f"no e-mail address: {error}")  # never repeated: it is personal
            return ""

    def _language(self) -> str:
        text = self._required("language")
        if text and text not in self.protocol.languages:
            offered = ", ".join(self.protocol.languages)
            self._fault("language", f"{shown(text)} is no language of this study ({offered})")
        return text

    def _timezone(self) -> str:
        text = self._required("timezone")
        problem = _zone_problem(text) if text else ""
        if problem:
            self._fault("timezone", problem)
        return "" if problem else text

    def _consent_version(self) -> int:
        text, current = self._required("consent_version"), self.protocol.consent.version
        if text and text != str(current):
            self._fault(
                "consent_version",
                f"{shown(text)} is not the version of the consent in force, which is {current}",
            )
        return current

    def _consented_at(self, timezone: str) -> datetime | None:
        text = self._required("consented_at")
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self._fault(
                "consented_at",
                f"{shown(text)} is no date and time such as 2026-01-31 or 2026-01-31T14:30",
            )
            return None
        if moment.year < EARLIEST_YEAR:
            self._fault("consented_at", f"{shown(text)} is before {EARLIEST_YEAR}")
            return None
        if moment.tzinfo is None:  # as written on paper: the person's own time
            moment = moment.replace(tzinfo=ZoneInfo(timezone or self.protocol.timezone))
        if moment > self.now:
            self._fault("consented_at", f"{shown(text)} is in the future")
            return None
        return moment.astimezone(UTC)

    def _code(self) -> str | None:
        text = self.cells.get("code", "")
        if text and not CODE.fullmatch(text):
            self._fault(
                "code",
                f"{shown(text)} is no code: 1 to 20 letters, digits, dots, dashes or underscores",
            )
        return text or None

    def _stratum(self, name: str) -> str:
        self._required(name)
        return self._line(name, MAX_STRATUM) if name != "site" else self.cells.get("site", "")

    def _line(self, column: str, limit: int) -> str:
        text = self.cells.get(column, "")
        if len(text) > limit:
            self._fault(column, f"longer than {limit} characters")
        if any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in text):
            self._fault(column, "holds a line break or another control character")
        return text
