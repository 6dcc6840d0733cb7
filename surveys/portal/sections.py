"""The heading over a page's items, and whether they are drawn as a set. `showing` calls it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from surveys.instruments.definition import Instrument, Item
from surveys.portal.questions import Question
from surveys.portal.voice import Voice


@dataclass(frozen=True)
class Heading:
    """What stands over the items; a set has one row an item on a wide screen."""

    title: str = ""
    instructions: str = ""
    is_set: bool = False

    @property
    def has_words(self) -> bool:
        """Whether anything stands over them."""
        return bool(self.title or self.instructions)


def heading(
    instrument: Instrument, items: Sequence[Item], drawn: Sequence[Question], voice: Voice
) -> Heading:
    """The heading of the section that the page's items stand in; an empty one without sections.

    Options with long labels do not fit side by side, and are then no set.
    """
    section = instrument.section_of(items[0]) if items else None
    if section is None:
        return Heading()
    return Heading(
        title=voice.say(section.title or {}),
        instructions=voice.say(section.instructions or {}),
        is_set=section.layout == "set" and all(question.is_row for question in drawn),
    )
