"""Occasions as the console shows them: a symbol and a word in the grid, sentences on a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surveys.design.registry import protocol_of
from surveys.lib.languages import pick
from surveys.messaging import outbox
from surveys.participants.models import Participant
from surveys.scheduling.explanation import explain
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.states import OccasionState

SYMBOLS: Mapping[str, str] = {
    OccasionState.COMPLETED: "●",
    OccasionState.STARTED: "◐",
    OccasionState.OPEN: "○",
    OccasionState.EXPIRED: "✕",
    OccasionState.PLANNED: "·",
    OccasionState.CANCELLED: "–",
    OccasionState.EXCLUDED: "∅",
}


@dataclass(frozen=True)
class Cell:
    """One participant in one wave: the state, or for a repeated wave how many are completed."""

    state: str
    symbol: str
    words: str


@dataclass(frozen=True)
class Row:
    """One participant in the grid."""

    code: str
    arm: str
    is_withdrawn: bool
    cells: list[Cell]


@dataclass(frozen=True)
class Told:
    """One occasion in words."""

    row: Occasion
    title: str
    symbol: str
    explanation: list[str]
    messages: list[tuple[Message, str]]


def grid_cells(people: Sequence[Participant], waves: Sequence[str]) -> list[Row]:
    """The grid's rows, with one query for all of them."""
    states: dict[tuple[int, str], Counter[str]] = {}
    found = Occasion.objects.filter(participant__in=people)
    for participant, wave, state in found.values_list("participant_id", "wave", "state"):
        states.setdefault((participant, wave), Counter())[state] += 1
    return [
        Row(
            person.code,
            person.arm,
            person.status == Participant.Status.WITHDRAWN,
            [_cell(states.get((person.pk, wave), Counter())) for wave in waves],
        )
        for person in people
    ]


def _cell(states: Counter[str]) -> Cell:
    n = states.total()
    if n == 0:
        return Cell("", "", "")
    state = next(state for state in SYMBOLS if states[state]) if n == 1 else _of_many(states)
    done = states[OccasionState.COMPLETED]
    words = state if n == 1 or done == 0 else f"{done} of {n}"
    return Cell(state, SYMBOLS[state], words)


def _of_many(states: Counter[str]) -> str:
    """A repeated wave is as far as most of its occasions, but completed when any is."""
    if states[OccasionState.COMPLETED]:
        return OccasionState.COMPLETED
    return states.most_common(1)[0][0]


def told(occasion: Occasion) -> Told:
    """One occasion with its title, its reasons and its messages."""
    wave = protocol_of(occasion.protocol).by_code.get(occasion.wave)
    title = pick(wave.title, "en") if wave and wave.title else occasion.wave
    if wave and wave.schedule.n_occasions > 1:
        title += f" {occasion.nth}"
    mails = [(message, outbox.why(message)) for message in occasion.messages.all()]
    return Told(occasion, title, SYMBOLS[occasion.state], explanation_of(occasion), mails)


def explanation_of(occasion: Occasion) -> list[str]:
    """Why the occasion is where it is, in sentences."""
    return explain(
        state=occasion.state,
        cause=occasion.cause,
        opens_at=occasion.opens_at,
        closes_at=occasion.closes_at,
        local=occasion.local,
        zone=occasion.participant.timezone,
    )
