"""A bundle: the folder's manifest with its hashes, the archive made of it, and the check of both."""

from __future__ import annotations

import hashlib
import json
import shutil
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from analytics.tidy.design import Design

MANIFEST = "MANIFEST.json"
Manifest: TypeAlias = dict[str, Any]
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can hold; real times would change the bytes
_BLOCK = 1 << 20
_PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"

NOTES = (
    "Times are UTC, to the millisecond.",
    "In CSV files a cell of words that a spreadsheet could run as a formula starts with an "
    "apostrophe; the Parquet files hold the words unchanged.",
    "'as_of' is the time of the latest event in the data, not the time of the export: the same "
    "data give the same bytes.",
)


def manifest(
    folder: Path,
    design: Design,
    *,
    as_of: datetime | None,
    options: Mapping[str, Any],
    rows: Mapping[str, int],
) -> Manifest:
    """What is in a finished folder; `rows` counts the rows of each table."""
    files = [
        {"path": name, "bytes": n_bytes, "sha256": digest}
        | ({"rows": rows[Path(name).stem]} if Path(name).stem in rows else {})
        for name, (n_bytes, digest) in facts(folder).items()
    ]
    return {
        "study": design.study,
        "title": dict(design.title),
        "as_of": as_of.isoformat(timespec="milliseconds").replace("+00:00", "Z") if as_of else None,
        "options": dict(options),
        "software": {"studyplatform": version(), "pyarrow": pa.__version__},
        "protocols": [{"version": p.version, "sha256": p.content_hash} for p in design.plans],
        "instruments": [
            {"instrument": f.ref, "sha256": f.content_hash, "validation_status": f.status}
            for f in design.forms
        ],
        "files": files,
        "notes": list(NOTES),
    }


def facts(folder: Path) -> dict[str, tuple[int, str]]:
    """Bytes and SHA-256 of every file, by its path in the folder."""
    return {
        name: ((folder / name).stat().st_size, sha256(folder / name)) for name in _names(folder)
    }


def write_json(path: Path, document: Any) -> None:
    """JSON with sorted keys, for people and for hashes."""
    text = json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def archive(folder: Path, target: Path, top: str) -> None:
    """The folder as a zip that depends on names and contents alone, below one folder `top`."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as made:
        for name in _names(folder):
            entry = zipfile.ZipInfo(f"{top}/{name}", _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            entry.file_size = (folder / name).stat().st_size  # chooses zip64 where it is needed
            with (folder / name).open("rb") as source, made.open(entry, "w") as to:
                shutil.copyfileobj(source, to, _BLOCK)


def sha256(path: Path) -> str:
    """The file's SHA-256 as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def version() -> str:
    """The platform's version."""
    found: str = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["version"]
    return found


class NotABundle(ValueError):
    """There is no manifest that can be read."""


def verify(bundle: Path) -> list[str]:
    """Everything in which a folder or zip differs from its manifest; empty when nothing does."""
    found = _hashes(bundle)
    recorded = {entry["path"]: entry["sha256"] for entry in _read_manifest(bundle)["files"]}
    found.pop(MANIFEST, None)
    problems = [f"{name}: missing" for name in sorted(recorded.keys() - found.keys())]
    problems += [f"{name}: not in the manifest" for name in sorted(found.keys() - recorded.keys())]
    both = sorted(recorded.keys() & found.keys())
    return problems + [f"{name}: changed" for name in both if found[name] != recorded[name]]


def _read_manifest(bundle: Path) -> Manifest:
    try:
        if bundle.is_dir():
            text = (bundle / MANIFEST).read_bytes()
        else:
            with zipfile.ZipFile(bundle) as opened:
                text = opened.read(next(n for n in opened.namelist() if n.endswith(MANIFEST)))
        document: Manifest = json.loads(text)
        document["files"][0]["sha256"]
    except (
        OSError,
        zipfile.BadZipFile,
        StopIteration,
        ValueError,
        LookupError,
        TypeError,
    ) as error:
        raise NotABundle(f"{bundle}: no bundle with a readable {MANIFEST}") from error
    return document


def _hashes(bundle: Path) -> dict[str, str]:
    if bundle.is_dir():
        return {name: sha256(bundle / name) for name in _names(bundle)}
    if not zipfile.is_zipfile(bundle):
        raise NotABundle(f"{bundle}: neither a folder nor a zip")
    with zipfile.ZipFile(bundle) as opened:
        return {
            name.partition("/")[2]: hashlib.sha256(opened.read(name)).hexdigest()
            for name in opened.namelist()
        }


def _names(folder: Path) -> Iterator[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return iter(sorted(found))
