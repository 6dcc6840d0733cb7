"""What a participant's own page says: what is open, what comes, and what they have chosen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Count, QuerySet

from surveys import pipeline
from surveys.design import schedule, zones
from surveys.design.protocol import Protocol
from surveys.design.registry import protocol_of
from surveys.lib import dates
from surveys.lib.languages import pick
from surveys.participants.models import Participant
from surveys.portal.access import path_from_own_page
from surveys.scheduling.models import DOCUMENTS, Occasion
from surveys.scheduling.states import OccasionState

SOON = timedelta(hours=2)
CONTINENTS = frozenset(
    [
        "Africa",
        "America",
        "Antarctica",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    ]
)
LISTED = 5
MOST_PROMPTS = 100  # of a diary, to find so many different days
COUNTED = (
    OccasionState.PLANNED,
    OccasionState.OPEN,
    OccasionState.STARTED,
    OccasionState.COMPLETED,
    OccasionState.EXPIRED,
)
MORNING = time(9)
OPEN = (OccasionState.OPEN, OccasionState.STARTED)


@dataclass(frozen=True)
class OpenOne:
    """A questionnaire that can be answered now; the moments are offers to be reminded then."""

    id: UUID
    title: str
    link: str
    closes: tuple[str, str] | None  # the last day and time, in words
    soon: datetime | None
    tomorrow: datetime | None
    tomorrow_at: str


@dataclass(frozen=True)
class OwnStanding:
    """All that the page shows."""

    open: list[OpenOne]
    startable: list[tuple[str, str]]  # code and title of a wave
    done: list[tuple[str, str]]  # title and day of what was answered last, newest first
    coming: list[tuple[str, str]]  # title and day of what opens next
    n_done: int
    n_all: int  # done, open, still to come or over
    next_day: str  # in words; empty when there is no date
    is_planned: bool  # something is still to come, with a date or without
    pause_day: str  # the first day after a pause, in words; empty when there is none
    earliest: date  # the first day until which a pause may last
    has_own_times: bool
    has_reminders: bool
    languages: list[tuple[str, str]]  # code and own name, when there is a choice
    zones: list[str]

    @property
    def has_more(self) -> bool:
        """Whether anything is still to be answered."""
        return bool(self.open or self.is_planned or self.startable)


def own_standing(participant: Participant, language: str, now: datetime) -> OwnStanding:
    """Read it all; the participant takes part."""
    protocol, zone = protocol_of(participant.protocol), participant.timezone
    today, _ = schedule.local(now, zone)
    is_pausing = participant.pause_ends_at is not None and participant.pause_ends_at > now
    planned = Occasion.objects.filter(participant=participant, state=OccasionState.PLANNED)
    following = planned.order_by("opens_at").first()  # NULL, a date not yet known, comes last
    counts = _counts(participant)
    next_at = following.opens_at if following else None
    return OwnStanding(
        open=list(_open(participant, language, now, is_reminded=not is_pausing)),
        startable=[
            (wave.code, title_of(protocol, wave.code, language))
            for wave in pipeline.startable(participant=participant, now=now)
        ],
        done=_done(participant, protocol, language),
        coming=_coming(planned, participant, protocol, language),
        n_done=counts.get(OccasionState.COMPLETED, 0),
        n_all=sum(counts.get(state, 0) for state in COUNTED),
        next_day=dates.day(next_at, zone, language) if next_at else "",
        is_planned=following is not None,
        pause_day=(
            dates.day(participant.pause_ends_at, zone, language)
            if participant.pause_ends_at and is_pausing
            else ""
        ),
        earliest=today + timedelta(days=1),
        has_own_times=any(wave.schedule.own_time for wave in protocol.waves),
        has_reminders=any(wave.reminders for wave in protocol.waves),
        languages=_languages(protocol),
        zones=sorted({participant.timezone, *(z for z in zones.known() if _is_place(z))}),
    )


def _counts(participant: Participant) -> dict[str, int]:
    rows = Occasion.objects.filter(participant=participant).order_by()
    return dict(rows.values_list("state").annotate(n=Count("pk")))


def _done(participant: Participant, protocol: Protocol, language: str) -> list[tuple[str, str]]:
    rows = Occasion.objects.filter(participant=participant, state=OccasionState.COMPLETED)
    ended = rows.exclude(ended_at=None).order_by("-ended_at").values_list("wave", "ended_at")
    return [
        (title_of(protocol, wave, language), dates.day(at, participant.timezone, language))
        for wave, at in ended[:LISTED]
        if at is not None
    ]


def _coming(
    planned: QuerySet[Occasion], participant: Participant, protocol: Protocol, language: str
) -> list[tuple[str, str]]:
    """Days only, each once: the hour of a random prompt must not be known beforehand."""
    rows = planned.exclude(opens_at=None).order_by("opens_at").values_list("wave", "opens_at")
    listed = dict.fromkeys(
        (title_of(protocol, wave, language), dates.day(at, participant.timezone, language))
        for wave, at in rows[:MOST_PROMPTS]
        if at is not None
    )
    return list(listed)[:LISTED]


def _languages(protocol: Protocol) -> list[tuple[str, str]]:
    offered = [(code, dates.own_name(code)) for code in protocol.languages]
    return offered if len(offered) > 1 else []


def _is_place(zone: str) -> bool:
    """Whether people live in it: a city of a continent or an ocean."""
    return zone.partition("/")[0] in CONTINENTS and "/" in zone


def _open(
    participant: Participant, language: str, now: datetime, *, is_reminded: bool
) -> Iterator[OpenOne]:
    rows = Occasion.objects.filter(participant=participant, state__in=OPEN)
    rows = rows.select_related("participant__study", "protocol__study").defer(*DOCUMENTS)
    offers = is_reminded and participant.unsubscribed_at is None
    for row in rows.order_by("closes_at"):
        closes_at = row.closes_at
        if closes_at is not None and closes_at <= now:
            continue
        soon, tomorrow = now + SOON, _tomorrow(row, now)
        yield OpenOne(
            id=row.pk,
            title=title_of(protocol_of(row.protocol), row.wave, language),
            link=path_from_own_page(row),
            closes=dates.closing(closes_at, participant.timezone, language) if closes_at else None,
            soon=soon if offers and _is_before(soon, closes_at) else None,
            tomorrow=tomorrow if offers and _is_before(tomorrow, closes_at) else None,
            tomorrow_at=dates.time_of_day(tomorrow, participant.timezone, language),
        )


def _tomorrow(occasion: Occasion, now: datetime) -> datetime:
    """Tomorrow at the time of day that they chose, else at the one at which this was planned."""
    participant = occasion.participant
    today, _ = schedule.local(now, participant.timezone)
    planned = occasion.local.get("at")
    at = participant.time_of_day or (time.fromisoformat(planned) if planned else MORNING)
    return schedule.instant(today + timedelta(days=1), at, participant.timezone)


def _is_before(moment: datetime, closes_at: datetime | None) -> bool:
    return closes_at is None or moment < closes_at


def title_of(protocol: Protocol, code: str, language: str) -> str:
    """The wave's title, as invitations call it."""
    wave = protocol.by_code.get(code)
    if wave is None or not wave.title:
        return pick(protocol.title, language, protocol.languages)
    return pick(wave.title, language, protocol.languages)
