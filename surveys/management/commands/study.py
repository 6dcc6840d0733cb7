"""Study files and the platform: check, load, publish, diff, export, list, schema.

Ends with 0 when all is well, 1 with every problem listed, 2 when asked in a way it does not know.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, transaction

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.design import actions, queries, studyfile
from surveys.design.coverage import coverage, is_trivial
from surveys.design.difference import difference
from surveys.design.models import Study
from surveys.design.protocol import Protocol
from surveys.design.registry import protocol_of
from surveys.design.schema import schemas
from surveys.instruments.actions import add_shipped
from surveys.instruments.definition import Instrument
from surveys.instruments.library import published, shipped
from surveys.lib import clock
from surveys.lib.yamlfile import DocumentError
from surveys.management import amendment_text
from surveys.scheduling.previewing import amendment

BY = Actor.system("manage.py study")
Options: TypeAlias = dict[str, Any]


class Command(BaseCommand):
    """`manage.py study <verb>`; each verb is one method below."""

    help = "Check, load, publish, compare and export studies as files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The verbs and what they take."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        check = verbs.add_parser("check", help="say everything that is wrong with a study file")
        check.add_argument("file", type=Path)
        load = verbs.add_parser("load", help="create the study, or replace its draft")
        load.add_argument("file", type=Path)
        load.add_argument("--seed", help="of all random draws; only for a new study")
        publish = verbs.add_parser("publish", help="make the draft the next version")
        publish.add_argument("code")
        publish.add_argument("--reason", default="", help="why; needed from version 2 on")
        diff = verbs.add_parser("diff", help="what publishing would change")
        diff.add_argument("file_or_code", help="a study file, or a study whose draft is meant")
        preview = verbs.add_parser("preview", help="what publishing would do to whom")
        preview.add_argument("code")
        preview.add_argument("--people", action="store_true", help="name them by their codes")
        export = verbs.add_parser("export", help="write a study as a file")
        export.add_argument("code")
        export.add_argument("--version", type=int, dest="number", help="default: the newest")
        export.add_argument("-o", "--output", type=Path, help="default: the screen")
        verbs.add_parser("list", help="all studies")
        schema = verbs.add_parser("schema", help="the JSON Schemas of study and instrument files")
        schema.add_argument("-o", "--output", type=Path, help="a folder; default: study to screen")

    def handle(self, *, verb: str, **options: Any) -> None:
        """Do one verb; what the domain refuses becomes a line and exit code 1."""
        try:
            self._verbs()[verb](options)
        except DocumentError as error:
            self._refuse(str(error), f"{error.source}: {_count(len(error.problems), 'problem')}")
        except actions.NotPublishable as error:
            self._refuse(str(error), _count(len(error.found), "problem"))
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from None
        except (ValueError, queries.NotPublished) as error:
            raise CommandError(str(error)) from None

    def _verbs(self) -> dict[str, Callable[[Options], None]]:
        return {
            "check": self._check,
            "load": self._load,
            "publish": self._publish,
            "diff": self._diff,
            "preview": self._preview,
            "export": self._export,
            "list": self._list,
            "schema": self._schema,
        }

    def _check(self, options: Options) -> None:
        known = self._instruments()
        protocol = studyfile.read(options["file"]).checked(known)
        self._warn(protocol, known)
        self.stdout.write(f"{options['file']}: fine ({_summary(protocol)})")

    def _load(self, options: Options) -> None:
        protocol, now = studyfile.read(options["file"]).checked(self._instruments()), clock.now()
        with transaction.atomic():
            before = queries.instruments()
            added = [row.ref for row in add_shipped(by=BY, now=now) if row.ref not in before]
            study = actions.load(protocol=protocol, by=BY, now=now, seed=options["seed"])
        if added:
            self.stdout.write(f"added the shipped instruments {', '.join(added)}")
        self.stdout.write(f"loaded the draft of '{study.code}' ({_summary(protocol)})")

    def _publish(self, options: Options) -> None:
        study = _study(options["code"])
        done = pipeline.publish(study=study, reason=options["reason"], by=BY, now=clock.now())
        row = done.version
        self._warn(protocol_of(row), self._instruments())
        self.stdout.write(
            f"published '{study.code}' version {row.version} ({row.content_hash[:12]})"
        )
        if not done.is_adopted:
            self.stdout.write(
                "the people of the study follow, some at a time, from the next tick on"
            )

    def _diff(self, options: Options) -> None:
        new = self._named(options["file_or_code"])
        study = Study.objects.filter(code=new.study).first()
        row = study.protocols.order_by("-version").first() if study else None
        if row is None:
            self.stdout.write(f"'{new.study}' is not published yet ({_summary(new)})")
            return
        changes = difference(protocol_of(row), new)
        for change in changes:
            self.stdout.write(str(change))
        self.stdout.write(f"{_count(len(changes), 'change')} since version {row.version}")

    def _preview(self, options: Options) -> None:
        found = amendment(_study(options["code"]))
        if found is None:
            raise CommandError(f"'{options['code']}' has no draft that differs from a version")
        self.stdout.write("\n".join(amendment_text.summary(found, now=clock.now())))
        if options["people"]:
            for line in amendment_text.people(found, now=clock.now()):
                self.stdout.write(line)

    def _export(self, options: Options) -> None:
        study, number = _study(options["code"]), options["number"]
        protocol = protocol_of(queries.version(study, number)) if number else _newest(study)
        self._write(studyfile.write(protocol), options["output"])

    def _list(self, _options: Options) -> None:
        for study in Study.objects.order_by("code"):
            newest = study.protocols.order_by("-version").first()
            state = f"version {newest.version}" if newest else "draft"
            self.stdout.write(f"{study.code:<40} {state}{', paused' if study.is_paused else ''}")

    def _schema(self, options: Options) -> None:
        found, folder = schemas(), options["output"]
        if folder is None:
            self._write(found["study-v1.json"], None)
            return
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in found.items():
            self._write(text, folder / name)

    def _write(self, text: str, path: Path | None) -> None:
        if path is None:
            self.stdout.write(text, ending="")
            return
        path.write_text(text, encoding="utf-8")
        self.stdout.write(f"wrote {path}")

    def _named(self, file_or_code: str) -> Protocol:
        if Path(file_or_code).suffix in {".yaml", ".yml"}:
            return studyfile.read(Path(file_or_code)).protocol
        draft = queries.draft(_study(file_or_code))
        if draft is None:
            raise CommandError(f"study '{file_or_code}' has no draft")
        return draft

    def _instruments(self) -> Mapping[str, Instrument]:
        """The platform's instruments and the shipped ones, which loading would add."""
        known = published() | {instrument.ref: instrument for instrument in shipped()}
        try:
            return known | queries.instruments()
        except OperationalError:
            self.stderr.write("no database can be reached: only shipped instruments are known")
            return known

    def _warn(self, protocol: Protocol, known: Mapping[str, Instrument]) -> None:
        """Name what nobody has by design, which keeps nothing from being published."""
        for warning in () if is_trivial(protocol) else coverage(protocol, known).warnings:
            self.stderr.write(f"warning: {warning}")

    def _refuse(self, lines: str, summary: str) -> None:
        self.stderr.write(lines)
        raise CommandError(summary)


def _study(code: str) -> Study:
    study = Study.objects.filter(code=code).first()
    if study is None:
        known = ", ".join(Study.objects.order_by("code").values_list("code", flat=True))
        raise CommandError(f"there is no study '{code}'; known are {known or 'none'}")
    return study


def _newest(study: Study) -> Protocol:
    try:
        return protocol_of(queries.current(study))
    except queries.NotPublished:
        protocol = queries.draft(study)
        if protocol is None:
            raise
        return protocol


def _summary(protocol: Protocol) -> str:
    n_occasions = sum(wave.schedule.n_occasions for wave in protocol.waves)
    waves, languages = len(protocol.waves), ", ".join(protocol.languages)
    return f"{_count(waves, 'wave')}, up to {n_occasions} occasions a person, {languages}"


def _count(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"
