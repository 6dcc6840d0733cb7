"""Ask for a bundle, and build it: the one door to exports. Faces, tasks and commands call this."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import structlog
from django.conf import settings
from django.db import connection, transaction

from analytics.formats import Format, bundle, chosen
from analytics.formats.codebook import Attended, codebook
from analytics.formats.datapackage import datapackage
from analytics.formats.readme import readme
from analytics.formats.writers import Behind, Writer
from analytics.models import Export
from analytics.source import Snapshot, snapshot
from analytics.source.listed import StrangeItem
from analytics.source.submissions import StrangeInstrument
from analytics.tidy.arrays import NO_MOMENT
from analytics.tidy.attention import outcomes
from analytics.tidy.cells import TwoVersions
from analytics.tidy.chunk import Chunk
from analytics.tidy.columns import tables
from analytics.tidy.design import Design
from analytics.tidy.fixed import Table
from analytics.tidy.make import ALL, SIGN_UPS, make, make_sign_ups
from surveys.access.models import User
from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.design.models import Study
from surveys.instruments.scoring import BadAnswer

BY = Actor.system("export")
MAX_ATTEMPTS = 3
_log = structlog.get_logger(__name__)


@dataclass
class Written:
    """What was written: the design, the tables, their rows, and when the latest event was."""

    design: Design
    tables: dict[str, Table]
    documents: dict[str, bytes]
    as_of: datetime | None
    rows: Counter[str] = field(default_factory=Counter)
    attention: Counter[Attended] = field(default_factory=Counter)

    def saw(self, chunk: Chunk) -> None:
        """Take note of a chunk's latest event, and of attention items passed and failed."""
        for filled in chunk.filled:
            form = self.design.forms[filled.form]
            for at, is_passed, is_failed in outcomes(form, filled):
                code = form.questions[at].code
                self.attention[form.ref, code, True] += int(is_passed.sum())
                self.attention[form.ref, code, False] += int(is_failed.sum())
        if chunk.latest != NO_MOMENT:
            latest = datetime.fromtimestamp(chunk.latest / 1000, UTC)
            self.as_of = max(self.as_of or latest, latest)


@transaction.atomic
def request_export(
    *,
    study: Study,
    formats: Sequence[str],
    by: Actor,
    now: datetime,
    by_user: User | None = None,
) -> Export:
    """Queue a bundle of everything in some formats; raises UnknownFormat."""
    codes = [form.code for form in chosen(list(formats))]
    export = Export.objects.create(
        study=study, formats=codes, requested_by=by_user, requested_at=now
    )
    log.record(
        "export.requested", by=by, at=now, study=study.code, subject=str(export.pk), formats=codes
    )
    return export


def build(*, export_id: UUID, now: datetime) -> Export:
    """Build what was requested; a second call, or another builder's loss, does no harm.

    The bundle is written beside its place and moved there when it is whole. An Export ends
    `ready`, or `failed` with the problem in words; also one that ends its builders every time.
    """
    with _alone(export_id) as is_mine:
        export = Export.objects.select_related("study").get(pk=export_id)
        if not is_mine or export.state in {Export.State.READY, Export.State.FAILED}:
            return export
        if export.n_attempts >= MAX_ATTEMPTS:
            return _fail(export, f"{MAX_ATTEMPTS} attempts ended before the bundle was whole.", now)
        export.state, export.n_attempts = Export.State.RUNNING, export.n_attempts + 1
        export.save(update_fields=["state", "n_attempts"])
        try:
            made = _build(export)
        except Exception as error:  # whatever happens, somebody waits for an answer
            _log.exception("export failed", export=str(export.pk))
            return _fail(export, _in_words(error), now)
        return _finish(export, made, now)


def waiting() -> list[UUID]:
    """Exports that nobody has finished, the oldest first; the beat rings for each."""
    unfinished = Export.objects.filter(state__in=[Export.State.QUEUED, Export.State.RUNNING])
    return list(unfinished.order_by("requested_at", "pk").values_list("pk", flat=True))


def folder_of(export: Export) -> Path:
    """Where the files of a ready export are."""
    return Path(settings.EXPORT_DIR) / export.path


def archive_of(export: Export) -> Path:
    """The same as one zip."""
    folder = folder_of(export)
    return folder.with_name(folder.name + ".zip")


def write_tables(
    study: Study, formats: Sequence[str], folder: Path, *, only: Collection[str] = ALL
) -> Written:
    """Write the tables of one snapshot into a folder, each in every format."""
    with snapshot(study, only=only) as source:
        return _write(source, chosen(list(formats)), folder, only)


def write_bundle(study: Study, formats: Sequence[str], folder: Path) -> bundle.Manifest:
    """Fill an empty folder with everything a bundle has; return the manifest."""
    written = write_tables(study, formats, folder)
    forms, version = chosen(list(formats)), bundle.version()
    design, listed = written.design, written.tables
    (folder / "design").mkdir()
    for name, document in written.documents.items():
        (folder / "design" / name).write_bytes(document)
    texts = {
        "codebook.html": codebook(
            design, listed, attention=written.attention, as_of=written.as_of, version=version
        ),
        "README.txt": readme(design, listed, forms, version),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    files = bundle.facts(folder)
    descriptor = datapackage(design, listed, forms, files=files, version=version)
    bundle.write_json(folder / "datapackage.json", descriptor)
    manifest = bundle.manifest(
        folder,
        design,
        as_of=written.as_of,
        options={"formats": [form.code for form in forms]},
        rows=written.rows,
    )
    bundle.write_json(folder / bundle.MANIFEST, manifest)
    return manifest


def _write(
    source: Snapshot, forms: Sequence[Format], folder: Path, only: Collection[str]
) -> Written:
    listed = dict(tables(source.design))
    definitions = source.definitions
    written = Written(source.design, listed, definitions.documents, definitions.published)
    with ExitStack() as files, Behind() as behind:
        writers = {
            name: [
                _opened(form, folder / f"{name}{form.suffix}", listed[name], files)
                for form in forms
            ]
            for name in ALL
            if name in only
        }
        written.rows.update(dict.fromkeys(writers, 0))
        for chunk in source.chunks():
            written.saw(chunk)
            for name, batch in make(source.design, listed, chunk, only):
                written.rows[name] += batch.num_rows
                behind.do(partial(_write_to, writers[name], batch))
        if SIGN_UPS in writers:
            batch = make_sign_ups(listed[SIGN_UPS], source.sign_ups)
            written.rows[SIGN_UPS] += batch.num_rows
            behind.do(partial(_write_to, writers[SIGN_UPS], batch))
    return written


def _opened(form: Format, path: Path, table: Table, files: ExitStack) -> Writer:
    writer = form.open(path, table)
    files.callback(writer.close)
    return writer


def _write_to(writers: Sequence[Writer], batch: pa.RecordBatch) -> None:
    for writer in writers:
        writer.write(batch)


def _build(export: Export) -> bundle.Manifest:
    root = Path(settings.EXPORT_DIR) / export.study.code
    target, unfinished = root / str(export.pk), root / f".{export.pk}"
    for stale in (unfinished, target):
        shutil.rmtree(stale, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        manifest = write_bundle(export.study, export.formats, unfinished)
        unfinished.rename(target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    export.path = target.relative_to(settings.EXPORT_DIR).as_posix()
    bundle.archive(target, archive_of(export), top=export.study.code)
    return manifest


def _finish(export: Export, manifest: bundle.Manifest, now: datetime) -> Export:
    archive = archive_of(export)
    export.sha256, export.n_bytes = bundle.sha256(archive), archive.stat().st_size
    export.manifest, export.state, export.ended_at = manifest, Export.State.READY, now
    _close(export, now, formats=export.formats, sha256=export.sha256)
    return export


def _fail(export: Export, problem: str, now: datetime) -> Export:
    export.problem, export.path = problem, ""
    export.state, export.ended_at = Export.State.FAILED, now
    _close(export, now, problem=export.problem)
    return export


@transaction.atomic
def _close(export: Export, now: datetime, **data: Any) -> None:
    export.save()
    event = "export.built" if export.state == Export.State.READY else "export.failed"
    log.record(event, by=BY, at=now, study=export.study.code, subject=str(export.pk), **data)


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"The files could not be written: {error.strerror}."
    if isinstance(error, TwoVersions | StrangeInstrument | StrangeItem | BadAnswer):
        return f"The stored data contradict themselves: {error}."
    return f"Something unexpected stopped the export ({type(error).__name__}); the log has more."


@contextmanager
def _alone(export_id: UUID) -> Iterator[bool]:
    """Whether this process is the export's one builder; the lock ends with its connection."""
    key = f"export:{export_id}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [key])
        (is_mine,) = cursor.fetchone()
        try:
            yield is_mine
        finally:
            if is_mine:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])
