"""The German of the participants' pages: found in the source, kept in a .po, compiled to a .mo.

`manage.py catalogue` brings both up to date. Babel does it, so that no machine needs gettext.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "locale" / "de" / "LC_MESSAGES"  # where Django looks for an app's words
PO, MO = FOLDER / "django.po", FOLDER / "django.mo"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)  # a fixed date: the same sentences give the same bytes
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "gettext_noop": None,
}


def found() -> Catalog:
    """Every sentence in the portal's templates and modules, without translations."""
    catalog = Catalog(
        locale="de",
        project="The participants' pages",
        header_comment="# German of the participants' pages; `manage.py catalogue` keeps it current.",
        creation_date=SINCE,
        revision_date=SINCE,
        last_translator="",
        language_team="",
        msgid_bugs_address="",
        fuzzy=False,
    )
    for path in _sources():
        source = path.read_text("utf-8")
        if path.suffix == ".html":
            source = templatize(source, origin=path.name)
        pieces = extract("python", BytesIO(source.encode()), keywords=KEYWORDS)
        for _line, message, _comments, _context in pieces:
            catalog.add(message, flags=_flags(message))
    return catalog


def translated() -> Catalog:
    """The committed catalogue."""
    with PO.open("rb") as file:
        return read_po(file, locale="de")


def updated() -> Catalog:
    """The sentences of the source with the translations that are there; new ones are empty."""
    catalog, known = found(), translated()
    for message in catalog:
        old = known.get(message.id) if message.id else None
        if old is not None:
            message.string = old.string
    return catalog


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


def _sources() -> Iterator[Path]:
    yield from sorted([*HERE.glob("*.py"), *HERE.glob("templates/**/*.html")])


def _flags(message: str | tuple[str, ...]) -> set[str]:
    text = message if isinstance(message, str) else message[0]
    return {"python-format"} if "%(" in text else set()


def untranslated(catalog: Catalog) -> list[str]:
    """The sentences that have no translation."""
    return [str(message.id) for message in catalog if message.id and not _is_whole(message)]


def _is_whole(message: Message) -> bool:
    translation = message.string
    return bool(translation) if isinstance(translation, str) else all(translation or [""])
