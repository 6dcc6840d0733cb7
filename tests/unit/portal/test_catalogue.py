"""The German of the participants' pages is whole, and compiled as it is written."""

from __future__ import annotations

import re

from babel.messages.catalog import Catalog, Message

from surveys.portal import catalogue

PLACES = re.compile(r"%\((\w+)\)s")


def sentences(catalog: Catalog) -> set[str]:
    return {str(message.id) for message in catalog if message.id}


def test_every_sentence_of_the_source_is_in_the_catalogue_and_no_other() -> None:
    assert sentences(catalogue.found()) == sentences(catalogue.translated()), (
        "run `manage.py catalogue`"
    )


def test_every_sentence_is_translated() -> None:
    assert catalogue.untranslated(catalogue.translated()) == []


def test_a_sentence_without_a_translation_would_be_noticed() -> None:
    assert "Continue" in catalogue.untranslated(catalogue.found())


def test_the_compiled_file_is_current() -> None:
    compiled = catalogue.MO.read_bytes()
    assert compiled == catalogue.mo_bytes(catalogue.translated()), "run `manage.py catalogue`"


def test_the_written_file_is_stable() -> None:
    assert catalogue.po_bytes(catalogue.updated()) == catalogue.PO.read_bytes()


def test_translations_fill_in_the_same_values() -> None:
    for message in catalogue.translated():
        if message.id:
            assert values(message.string) == values(message.id), message.id


def values(text: str | tuple[str, ...] | list[str] | None) -> set[str]:
    parts = [text] if isinstance(text, str) else text or []
    return {place for part in parts for place in PLACES.findall(part)}


def test_the_plural_is_told_from_the_singular() -> None:
    plurals = [m for m in catalogue.translated() if isinstance(m, Message) and m.pluralizable]
    assert plurals
    assert all(len(set(message.string or ())) == 2 for message in plurals)
