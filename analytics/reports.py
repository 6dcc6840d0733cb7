"""Reports read from a bundle alone: the summary that the demo and the console show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from analytics.formats.bundle import MANIFEST
from analytics.statistics import flow


def summary(folder: Path) -> str:
    """A bundle in a few lines: people, mails, answers per wave, retention, reasons, files."""
    return "\n".join(_lines(folder))


def table(folder: Path, name: str, columns: list[str] | None = None) -> pd.DataFrame:
    """One table of a bundle, from Parquet where it is there."""
    parquet = folder / f"{name}.parquet"
    if parquet.exists():
        return pd.read_parquet(parquet, columns=columns)
    return pd.read_csv(
        folder / f"{name}.csv", usecols=columns, keep_default_na=False, na_values=[""]
    )


def _lines(folder: Path) -> Iterator[str]:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    occasions = table(folder, "occasions", ["participant", "wave", "disposition"])
    yield f"Study       {manifest['study']}, data as of {manifest['as_of'] or 'no event yet'}"
    yield from _people(table(folder, "participants", ["arm", "status"]))
    yield from _mails(table(folder, "messages", ["kind", "state"]))
    yield from _waves(occasions)
    yield from _attention(table(folder, "occasions", ["attention_passed", "attention_failed"]))
    yield from _missing(table(folder, "answers", ["reason"]))
    yield from _files(manifest)


def _people(participants: pd.DataFrame) -> Iterator[str]:
    arms = participants["arm"].fillna("no arm").astype(str).value_counts().sort_index()
    listed = ", ".join(f"{arm} {n}" for arm, n in arms.items())
    gone = int((participants["status"] == "withdrawn").sum())
    yield f"People      {len(participants)} enrolled ({listed or 'nobody'}), {gone} withdrew"


def _mails(messages: pd.DataFrame) -> Iterator[str]:
    for kind, states in messages.groupby("kind")["state"]:
        counts = states.astype(str).value_counts().sort_index()
        listed = ", ".join(f"{state} {n}" for state, n in counts.items())
        yield f"Mails       {kind}: {listed}"


def _waves(occasions: pd.DataFrame) -> Iterator[str]:
    yield f"{'Wave':<22}{'asked':>8}{'completed':>11}{'partial':>9}{'rate':>7}{'retention':>11}"
    stayed = flow.retention(occasions).set_index("wave")["rate"]
    for row in flow.by_wave(occasions).itertuples(index=False):
        kept = stayed.get(row.wave, float("nan"))
        yield (
            f"  {row.wave:<20}{row.asked:>8}{row.completed:>11}{row.partial:>9}"
            f"{_percent(row.rate):>7}{_percent(kept):>11}"
        )


def _attention(occasions: pd.DataFrame) -> Iterator[str]:
    """Nothing for studies without attention items."""
    passed, failed = (int(n) for n in occasions.sum())
    if passed + failed:
        yield f"Attention   {passed:,} passed, {failed:,} failed"


def _missing(answers: pd.DataFrame) -> Iterator[str]:
    n, n_missing = len(answers), int(answers["reason"].notna().sum())
    yield f"Answers     {n - n_missing:,} of {n:,} planned cells; the others because"
    for row in flow.reasons(answers).itertuples(index=False):
        yield f"  {row.reason:<20}{row.n:>8,}"


def _files(manifest: dict[str, list[dict[str, object]]]) -> Iterator[str]:
    total = sum(int(str(entry["bytes"])) for entry in manifest["files"])
    yield f"Files       {len(manifest['files']) + 1}, {total / 1e6:,.1f} MB"
    for entry in manifest["files"]:
        if "rows" in entry:
            yield f"  {entry['path']:<24}{entry['rows']:>10,} rows{entry['bytes']:>13,} bytes"


def _percent(rate: object) -> str:
    number = float(str(rate))
    return "-" if number != number else f"{number:.0%}"
