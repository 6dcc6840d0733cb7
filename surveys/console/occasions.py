"""Occasions as the console shows them: a symbol and a word in the grid, sentences on a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from surveys.console.chrome import LANGUAGE
from surveys.console.words import wave_title
from surveys.design.registry import protocol_of
from surveys.messaging.explaining import Explained
from surveys.messaging.explanation import MessageExplained
from surveys.participants.models import Participant
from surveys.responding.attending import Attention
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
WORDS: Mapping[str, str] = {
    state: "not asked" if state is OccasionState.EXCLUDED else state.value
    for state in OccasionState
}

RUNNING = (OccasionState.STARTED, OccasionState.OPEN, OccasionState.COMPLETED)  # once one is


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
    is_unsubscribed: bool
    is_consent_pending: bool
    cells: list[Cell]


@dataclass(frozen=True)
class Told:
    """One occasion in words."""

    row: Occasion
    title: str
    symbol: str
    words: str
    answer: Sequence[str]
    moment: Sequence[str]
    messages: list[tuple[Message, MessageExplained]]
    attention: Attention | None = None  # where an attention item was answered


@dataclass(frozen=True)
class WaveTold:
    """One wave of one participant; `summary` stands for its occasions where there are several."""

    title: str
    summary: str
    occasions: list[Told]


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
            person.unsubscribed_at is not None,
            person.consent_pending_since is not None,
            [_cell(states.get((person.pk, wave), Counter())) for wave in waves],
        )
        for person in people
    ]


def _cell(states: Counter[str]) -> Cell:
    n = states.total()
    if n == 0:
        return Cell("", "", "")
    state = _of_many(states)
    done = states[OccasionState.COMPLETED]
    words = f"{done} of {n}" if n > 1 and state in RUNNING else WORDS[state]
    return Cell(state, SYMBOLS[state], words)


def _of_many(states: Counter[str]) -> str:
    """A repeated wave runs while any occasion does, is completed when any is, else is as most are."""
    for state in RUNNING:
        if states[state]:
            return state
    return states.most_common(1)[0][0]


def told_by_wave(
    explained: Iterable[Explained], attention: Mapping[UUID, Attention]
) -> list[WaveTold]:
    """One person's occasions, wave by wave in the order of their first opening."""
    waves: dict[str, list[Told]] = {}
    for each in explained:
        waves.setdefault(each.occasion.wave, []).append(told(each, attention))
    return [_wave_told(found) for found in waves.values()]


def told(explained: Explained, attention: Mapping[UUID, Attention]) -> Told:
    """One occasion with its title, its reasons, its messages and whether the person attended."""
    occasion = explained.occasion
    return Told(
        occasion,
        title_of(occasion),
        SYMBOLS[occasion.state],
        WORDS[occasion.state],
        explained.told.answer,
        explained.told.moment,
        explained.each,
        attention.get(occasion.pk),
    )


def title_of(occasion: Occasion) -> str:
    """The wave's title, with the number of the occasion where the wave repeats."""
    wave = protocol_of(occasion.protocol).by_code.get(occasion.wave)
    if wave is None:
        return f"{occasion.wave} {occasion.nth}"
    title = wave_title(wave, LANGUAGE)
    repeats = wave.schedule.n_occasions > 1 or not wave.is_planned
    return f"{title}, no. {occasion.nth}" if repeats else title


def _wave_told(found: list[Told]) -> WaveTold:
    title = found[0].title.partition(", no. ")[0]
    counted = Counter(one.words for one in found)
    summary = ", ".join(f"{n} {words}" for words, n in counted.items()) if len(found) > 1 else ""
    return WaveTold(title, summary, found)
