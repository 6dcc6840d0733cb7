"""manage.py instrument check|list|add|wording|export: questionnaires from the command line."""

from __future__ import annotations

import argparse
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from surveys.audit.actors import Actor
from surveys.instruments import actions, files, library, registry, wording
from surveys.instruments.definition import Instrument
from surveys.instruments.examples import gaps
from surveys.lib import clock
from surveys.lib.languages import pick
from surveys.lib.yamlfile import DocumentError

BY = Actor.system("manage.py instrument")


class Command(BaseCommand):
    """One subcommand a verb; ends with 1 when something is wrong."""

    help = "Check, list, add and export instruments."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        check = verbs.add_parser("check", help="Does it hang together, do its examples hold?")
        check.add_argument(
            "targets",
            nargs="*",
            metavar="FILE|CODE",
            help="a YAML file, a shipped code, or code@version; nothing: all that ship",
        )
        listed = verbs.add_parser("list", help="Show the instruments that studies can use.")
        listed.add_argument("--keys", action="store_true", help="published keys without wording")
        add = verbs.add_parser("add", help="Add a version from a file; all files or none.")
        add.add_argument("files", nargs="*", type=Path, metavar="FILE")
        add.add_argument("--shipped", action="store_true", help="add all that ship")
        worded = verbs.add_parser(
            "wording", help="Add wording that you hold the rights to; makes a new version."
        )
        worded.add_argument("ref", metavar="CODE@VERSION")
        worded.add_argument("sheet", type=Path, metavar="SHEET", help="CSV: code, then languages")
        worded.add_argument("--licence", required=True, help="under which terms you may use it")
        worded.add_argument("--order", required=True, help="the order of the items in your sheet")
        export = verbs.add_parser("export", help="Write a stored version as YAML.")
        export.add_argument("ref", metavar="CODE@VERSION")
        export.add_argument("--to", type=Path, metavar="FILE", help="instead of the terminal")

    def handle(self, *, verb: str, **options: Any) -> None:
        run = {
            "check": self._check,
            "list": self._list,
            "add": self._add,
            "wording": self._wording,
            "export": self._export,
        }
        try:
            run[verb](options)
        except (registry.UnknownInstrument, actions.VersionTaken, actions.LicenceMissing) as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from None

    def _check(self, options: dict[str, Any]) -> None:
        targets = options["targets"] or [entry.name for entry in _shipped_entries()]
        n_wrong = sum(not self._check_one(target) for target in targets)
        if n_wrong:
            raise CommandError(f"{n_wrong} of {len(targets)} with problems")

    def _check_one(self, target: str) -> bool:
        try:
            instrument = _found(target)
        except DocumentError as error:
            self.stderr.write(str(error))
            return False
        self.stdout.write(f"{_summary(instrument)}: {_examples(instrument)}")
        for advice in gaps(instrument):
            self.stdout.write(f"  advice: {advice}")
        return True

    def _list(self, options: dict[str, Any]) -> None:
        rows = registry.versions()
        if options["keys"]:
            for key in library.published().values():
                self.stdout.write(f"{_summary(key)}: {pick(key.title, 'en')}")
            return
        if not rows:
            self.stdout.write(
                "No instruments yet; `instrument add --shipped` adds those that ship."
            )
        for row in rows:
            instrument = registry.instrument_of(row)
            title = pick(instrument.title, "en")
            self.stdout.write(
                f"{_summary(instrument)}, validation {instrument.validation_status}: {title}"
            )

    def _add(self, options: dict[str, Any]) -> None:
        if not options["files"] and not options["shipped"]:
            raise CommandError("give at least one FILE, or --shipped")
        try:
            definitions = [files.read(path) for path in options["files"]]
        except DocumentError as error:
            self.stderr.write(str(error))
            raise CommandError("nothing was added") from None
        definitions += library.shipped() if options["shipped"] else ()
        now = clock.now()
        with transaction.atomic():
            known = {row.ref for row in registry.versions()}
            rows = [actions.add(definition=d, by=BY, now=now) for d in definitions]
        for row in rows:
            self.stdout.write(f"{row.ref} {'is there already' if row.ref in known else 'added'}")

    def _wording(self, options: dict[str, Any]) -> None:
        path = options["sheet"]
        try:
            row = actions.add_wording(
                ref=options["ref"],
                sheet=wording.read(path.read_bytes(), path.name),
                order=options["order"],
                licence=options["licence"],
                by=BY,
                now=clock.now(),
            )
        except wording.SheetError as error:
            self.stderr.write(str(error))
            raise CommandError("nothing was added") from None
        self.stdout.write(f"{row.ref} has the wording; name it in a wave of a study file")

    def _export(self, options: dict[str, Any]) -> None:
        text = files.dump(registry.known(options["ref"]))
        if options["to"] is None:
            self.stdout.write(text, ending="")
        else:
            options["to"].write_text(text, encoding="utf-8")


def _found(target: str) -> Instrument:
    """A file, else what ships under this name or code, else a stored version."""
    path = Path(target)
    if path.is_file():
        return files.read(path)
    for entry in _shipped_entries():
        if target in {entry.name, entry.name.removesuffix(".yaml")}:
            return files.load(entry.read_bytes(), entry.name)
    if path.suffix in {".yaml", ".yml"}:
        return files.read(path)  # raises what is wrong with the path
    return registry.known(target)


def _shipped_entries() -> list[Traversable]:
    return [*library.entries(), *library.published_entries()]


def _summary(instrument: Instrument) -> str:
    n_items, n_scales = len(instrument.items), len(instrument.scales)
    items = f"{n_items} item{'s' * (n_items != 1)}"
    scales = f"{n_scales} scale{'s' * (n_scales != 1)}"
    languages = " ".join(instrument.languages)
    if instrument.wording == "none":
        languages = "no wording"
    key = f", key {instrument.origin.status}" if instrument.origin else ""
    return f"{instrument.ref}  {items}, {scales}, {languages}{key}"


def _examples(instrument: Instrument) -> str:
    if not instrument.scales:
        return "nothing to score"
    n = len(instrument.examples)
    return f"{n} worked example{'s hold' if n != 1 else ' holds'}" if n else "no worked example"
