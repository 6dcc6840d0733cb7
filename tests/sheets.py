"""Sheets of wording for tests; the texts are numbers in words and belong to nobody."""

from __future__ import annotations

from collections.abc import Iterable

from surveys.instruments.definition import Instrument


def sheet(
    instrument: Instrument,
    languages: Iterable[str] = ("en",),
    *,
    without: Iterable[str] = (),
    extra: Iterable[str] = (),
    delimiter: str = ",",
) -> bytes:
    """A whole sheet for a key, less some rows, with others at its end."""
    ends = [min(o.code for o in instrument.response_sets["codes"])]
    ends.append(max(o.code for o in instrument.response_sets["codes"]))
    codes = [*(item.code for item in instrument.items), *(f"codes={end}" for end in ends)]
    chosen = list(languages)
    lines = [delimiter.join(["code", *chosen])]
    lines += [
        delimiter.join([code, *(f"{language} text of {code}" for language in chosen)])
        for code in codes
        if code not in set(without)
    ]
    return "\n".join([*lines, *extra, ""]).encode()
