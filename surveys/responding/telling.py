"""What the texts of a page say of earlier answers, read anew each time a page is shown.

`instruments.piping` has the form of such texts, `portal.voice` writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TypeAlias

from surveys.instruments import calculating, piping
from surveys.instruments.definition import Instrument, Item
from surveys.instruments.logic import HERE, measured
from surveys.lib.expressions import OWN, VALUES, Fact, own
from surveys.responding.branching import Asking
from surveys.responding.results import results_at, results_of

Told: TypeAlias = str | float | date | Mapping[str, str]  # the last: an option's label


def told(asking: Asking, instrument: Instrument) -> dict[Fact, Told]:
    """What is there of all that the texts of an instrument name; without an answer it is left out."""
    needed = piping.needs(instrument)
    if not needed:
        return {}
    here = {fact for fact in needed if fact.wave == HERE}
    earlier = {fact for fact in needed - here if fact.wave != OWN}
    person = asking.occasion.participant_id
    return {
        **_own(asking, instrument, needed),
        **(results_at(asking.submissions, here, said) if here else {}),
        **(results_of([person], earlier, said).get(person, {}) if earlier else {}),
    }


def said(instrument: Instrument, item: Item, answer: object) -> Told | None:
    """An answer as a text says it; None where it is no measurement."""
    value = measured(instrument, item, answer)
    if isinstance(value, str):
        return date.fromisoformat(value) if item.kind == "date" else value
    labels = (option.label for option in instrument.options_of(item) if option.code == value)
    return None if value is None else next(labels, value)


def _own(asking: Asking, instrument: Instrument, needed: frozenset[Fact]) -> dict[Fact, Told]:
    """Of the instrument itself; what is set aside, since its item is hidden, is no answer."""
    row = asking.submissions.get(instrument.ref)
    items = instrument.by_code
    given = {c: value for c, value in (row.answers if row else {}).items() if c in items}
    read = {own(code): said(instrument, items[code], value) for code, value in given.items()}
    found = {fact: each for fact, each in read.items() if fact in needed and each is not None}
    if any(fact.kind == VALUES for fact in needed):
        facts = {own(c): measured(instrument, items[c], value) for c, value in given.items()}
        made = calculating.outcomes(instrument, {**asking.known, **facts})
        found |= {fact: one.value for fact, one in made.items() if one.value is not None}
    return found
