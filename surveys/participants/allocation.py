"""Taking the next places of the concealed lists. Called by enrolment, under its lock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Max

from surveys.design.models import Study
from surveys.design.protocol import Protocol
from surveys.lib.documents import canonical, content_hash
from surveys.participants.entries import Entry, strata_of
from surveys.participants.models import Allocation
from surveys.participants.randomisation import Blocks

MAX_NAME = 200


@dataclass(frozen=True)
class Place:
    """One place of one list."""

    stratum: str
    position: int
    arm: str


def next_places(*, study: Study, protocol: Protocol, entries: Sequence[Entry]) -> list[Place]:
    """A place for each entry, in their order; none at all for a study without arms."""
    if protocol.allocation is None:
        return []
    taken = last_positions(study)
    lists: dict[str, Iterator[Place]] = {}
    places = []
    for entry in entries:
        name = list_name(entry, protocol)
        if name not in lists:
            lists[name] = _places(study, protocol, name, taken.get(name, -1) + 1)
        places.append(next(lists[name]))
    return places


def last_positions(study: Study) -> dict[str, int]:
    """The highest place taken in each list."""
    rows = Allocation.objects.filter(study=study).values_list("stratum")
    return dict(rows.annotate(Max("position")))


def list_name(entry: Entry, protocol: Protocol) -> str:
    """The list from which the entry's arm comes: one for each stratum and each set of rules.

    An amendment of arms or blocks thereby begins new lists, and never cuts a block in two.
    """
    rules = content_hash([_arms(protocol), _sizes(protocol)])[:8]
    values = canonical({name: entry.strata[name] for name in strata_of(protocol)}).decode()
    name = f"{rules} {values}"
    return name if len(name) <= MAX_NAME else f"{rules} {content_hash(values)}"


def _places(study: Study, protocol: Protocol, name: str, begin: int) -> Iterator[Place]:
    blocks = Blocks(_arms(protocol), _sizes(protocol), study.seed, name)
    for position, arm in enumerate(blocks.from_place(begin), start=begin):
        yield Place(name, position, arm)


def _arms(protocol: Protocol) -> list[tuple[str, int]]:
    return [(arm.code, arm.ratio) for arm in protocol.arms]


def _sizes(protocol: Protocol) -> list[int]:
    return list(protocol.allocation.block_sizes) if protocol.allocation else []
