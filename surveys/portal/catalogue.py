"""The participants' pages in other languages: found in the source, kept in .po, compiled to .mo.

`manage.py catalogue` brings all of them up to date. Babel does it, so that no machine needs gettext.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

HERE = Path(__file__).resolve().parent
LOCALES = HERE.parent / "locale"  # where Django looks for an app's words
SINCE = datetime(2026, 1, 1, tzinfo=UTC)  # a fixed date: the same sentences give the same bytes
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "gettext_noop": None,
}


def languages() -> list[str]:
    """The languages that have a catalogue: all that the pages speak but the source's own."""
    return [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


@dataclass(frozen=True)
class Translation:
    """The catalogue of one language."""

    language: str

    @property
    def po(self) -> Path:
        """Where it is written."""
        return LOCALES / self.language / "LC_MESSAGES" / "django.po"

    @property
    def mo(self) -> Path:
        """Where it is compiled."""
        return self.po.with_suffix(".mo")

    def found(self) -> Catalog:
        """Every sentence in the portal's templates and modules, without translations."""
        name = Locale.parse(self.language).get_language_name("en")
        catalog = Catalog(
            locale=self.language,
            project="The participants' pages",
            header_comment=(
                f"# {name} of the participants' pages; `manage.py catalogue` keeps it current."
            ),
            creation_date=SINCE,
            revision_date=SINCE,
            last_translator="",
            language_team="",
            msgid_bugs_address="",
            fuzzy=False,
        )
        for message in _sentences():
            catalog.add(message, flags=_flags(message))
        return catalog

    def translated(self) -> Catalog:
        """The committed catalogue; an empty one for a language that is new."""
        if not self.po.exists():
            return Catalog(locale=self.language)
        with self.po.open("rb") as file:
            return read_po(file, locale=self.language)

    def updated(self) -> Catalog:
        """The sentences of the source with the translations that are there; new ones are empty."""
        catalog, known = self.found(), self.translated()
        for message in catalog:
            old = known.get(message.id) if message.id else None
            if old is not None:
                message.string = old.string
        return catalog

    def write(self) -> Catalog:
        """Bring both files up to date; return what is in them."""
        current = self.updated()
        self.po.parent.mkdir(parents=True, exist_ok=True)
        self.po.write_bytes(po_bytes(current))
        self.mo.write_bytes(mo_bytes(current))
        return current


def po_bytes(catalog: Catalog) -> bytes:
    """The catalogue as text, in a stable order."""
    buffer = BytesIO()
    write_po(buffer, catalog, sort_output=True, width=100, no_location=True)
    return buffer.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    """The catalogue as Django reads it."""
    buffer = BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def _sentences() -> Iterator[str | tuple[str, ...]]:
    """Each sentence; with its plural where it counts something."""
    for path in sorted([*HERE.glob("*.py"), *HERE.glob("templates/**/*.html")]):
        source = path.read_text("utf-8")
        if path.suffix == ".html":
            source = templatize(source, origin=path.name)
        pieces = extract("python", BytesIO(source.encode()), keywords=KEYWORDS)
        for _line, message, _comments, _context in pieces:
            yield message


def _flags(message: str | tuple[str, ...]) -> set[str]:
    text = message if isinstance(message, str) else message[0]
    return {"python-format"} if "%(" in text else set()


def untranslated(catalog: Catalog) -> list[str]:
    """The sentences that have no translation."""
    return [str(message.id) for message in catalog if message.id and not _is_whole(message)]


def _is_whole(message: Message) -> bool:
    translation = message.string
    return bool(translation) if isinstance(translation, str) else all(translation or [""])
