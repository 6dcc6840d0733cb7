"""Whether the answers, asides and sections of an instrument fit together. Pure.

`definition` asks this of a whole instrument; every misfit comes with its place in the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from surveys.instruments import kinds

if TYPE_CHECKING:
    from surveys.instruments.definition import Found, Instrument, Item


def misfits(instrument: Instrument) -> Iterator[Found]:
    """Everything that does not fit."""
    yield from _response_sets(instrument)
    for at, item in enumerate(instrument.items):
        yield from ((("items", at, field), message) for field, message in _asides(instrument, item))
        yield from ((("items", at, field), message) for field, message in _counts(instrument, item))
    yield from _columns(instrument)
    yield from _sections(instrument)


def _response_sets(instrument: Instrument) -> Iterator[Found]:
    only_asides = {i.asides for i in instrument.items} - {i.options for i in instrument.items}
    for name, options in instrument.response_sets.items():
        if len({option.code for option in options}) < len(options):
            yield ("response_sets", name), f"response set '{name}' has a code twice"
        is_for_asides = name in only_asides and options
        if all(option.missing for option in options) and not is_for_asides:
            yield ("response_sets", name), f"response set '{name}' has no measuring option"


def _asides(instrument: Instrument, item: Item) -> Iterator[tuple[str, str]]:
    if not item.asides:
        return
    if item.asides not in instrument.response_sets:
        yield "asides", f"item '{item.code}' names the unknown response set '{item.asides}'"
        return
    asides = instrument.asides_of(item)
    if not all(option.missing for option in asides):
        yield "asides", f"every option of '{item.asides}' must be 'missing' to stand aside"
    own = {option.code for option in instrument.response_sets.get(item.options or "", ())}
    for option in asides:
        if option.code in own:
            yield "asides", f"code {option.code} is an option of '{item.code}' already"
        if item.kind in kinds.NUMBERS and _may_be(item, option.code):
            yield "asides", f"code {option.code} could be a number given; set 'min' or 'max'"


def _may_be(item: Item, code: int) -> bool:
    is_above = item.min is None or code >= item.min
    return is_above and (item.max is None or code <= item.max)


def _counts(instrument: Instrument, item: Item) -> Iterator[tuple[str, str]]:
    if item.kind not in kinds.LISTS or item.options not in instrument.response_sets:
        return
    options = instrument.response_sets[item.options]
    n = sum(not (option.missing or option.exclusive) for option in options)
    if item.kind == "ranking" and n < max(2, len(options)):
        yield "options", "a ranking needs two options or more, none 'missing' or 'exclusive'"
    for field, count in (("least", item.least), ("most", item.most)):
        if count is not None and count > n:
            yield field, f"only {n} options of '{item.options}' can be chosen together"


def _columns(instrument: Instrument) -> Iterator[Found]:
    """Each option of a list has a column of its own, which must not be another item's."""
    codes = {item.code for item in instrument.items}
    for at, item in enumerate(instrument.items):
        if item.kind in kinds.LISTS and item.options in instrument.response_sets:
            options = instrument.response_sets[item.options]
            names = {kinds.column(item.code, o.code) for o in options if not o.missing}
            for name in sorted(names & codes):
                yield ("items", at, "code"), f"the dataset's column '{name}' is an item already"


def _sections(instrument: Instrument) -> Iterator[Found]:
    if not instrument.sections:
        return
    listed = [code for section in instrument.sections for code in section.items]
    known = [item.code for item in instrument.items]
    for s, section in enumerate(instrument.sections):
        for i, code in enumerate(section.items):
            if code not in known:
                yield ("sections", s, "items", i), f"'{code}' is no item"
        items = [instrument.by_code[code] for code in section.items if code in known]
        same = {(item.kind, item.options, item.asides) for item in items}
        if section.layout == "set" and (len(same) > 1 or any(i.kind != "single" for i in items)):
            message = "a set holds items of kind 'single' with the same options and asides"
            yield ("sections", s, "layout"), message
    if listed != known and set(listed) <= set(known):
        yield ("sections",), "the sections must name every item once, in the order of 'items'"
