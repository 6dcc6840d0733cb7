"""Stored instrument versions as definitions. Rows never change, so each is parsed once a process."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from django.db.models import Q

from surveys.instruments.definition import Instrument
from surveys.instruments.library import published
from surveys.instruments.models import InstrumentVersion

_parsed: dict[str, Instrument] = {}  # by content hash; as many entries as there are versions


class UnknownInstrument(LookupError):
    """No instrument of that code and version has been added; names what comes near."""

    def __init__(self, ref: str, near: list[str]) -> None:
        self.ref, self.near = ref, near
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        super().__init__(f"there is no instrument '{ref}'{hint}")


def instrument_of(row: InstrumentVersion) -> Instrument:
    """The definition stored in a row; the document column is read on first use only."""
    if row.content_hash not in _parsed:
        _parsed[row.content_hash] = Instrument.model_validate(row.document)
    return _parsed[row.content_hash]


def instrument(ref: str) -> Instrument:
    """The definition behind `code@version`; raises UnknownInstrument."""
    return instrument_of(version(ref))


def instruments(refs: Sequence[str]) -> list[Instrument]:
    """The definitions behind several refs, in their order, with one query."""
    known = {row.ref: row for row in _named(refs)}
    for ref in refs:
        if ref not in known:
            raise UnknownInstrument(ref, _near(ref))
    return [instrument_of(known[ref]) for ref in refs]


def known(ref: str) -> Instrument:
    """The same, and published keys that ship without wording; raises UnknownInstrument."""
    for row in _named([ref]):
        return instrument_of(row)
    if ref in published():
        return published()[ref]
    raise UnknownInstrument(ref, _near(ref, published()))


def version(ref: str) -> InstrumentVersion:
    """The row behind `code@version`, its document deferred; raises UnknownInstrument."""
    for row in _named([ref]):
        return row
    raise UnknownInstrument(ref, _near(ref))


def versions() -> list[InstrumentVersion]:
    """Every row, by code and version, documents deferred."""
    return list(InstrumentVersion.objects.defer("document").order_by("code", "version"))


def _named(refs: Sequence[str]) -> list[InstrumentVersion]:
    """The rows that exist among `code@version` refs; a malformed ref names none."""
    wanted = Q(pk__in=())
    for ref in refs:
        code, _, number = ref.partition("@")
        if number.isascii() and number.isdigit() and len(number) < 9:
            wanted |= Q(code=code, version=int(number))
    return list(InstrumentVersion.objects.defer("document").filter(wanted))


def _near(ref: str, more: Iterable[str] = ()) -> list[str]:
    refs = [*(row.ref for row in versions()), *more]
    same_code = [known for known in refs if known.split("@")[0] == ref.split("@")[0]]
    return same_code or difflib.get_close_matches(ref, refs, n=2)
