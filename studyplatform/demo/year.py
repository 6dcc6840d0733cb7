"""Drives the demo through its year: move the clock, let the platform work, let people act."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import httpx
from django.db.models import Q

from studyplatform.demo.behaviour import Fate, Intention, Respondent
from studyplatform.demo.cast import STAFF
from studyplatform.demo.mailbox import Letter, Mailbox
from studyplatform.demo.patience import answered
from studyplatform.demo.respondent import Visit, visit
from surveys import pipeline, tasks
from surveys.lib import clock, doorbell, tokens
from surveys.lib.models import Heartbeat
from surveys.messaging import claims
from surveys.scheduling import queries
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.states import MessageState, OccasionState

AT_ONCE = 8  # people at the web server at the same moment
PATIENCE = 120.0  # seconds the platform may take to settle after a move of the clock
NARROW = timedelta(minutes=20)
RING_SECONDS = 0.5  # between two rings while the platform settles
JOBS = (tasks.sweep, tasks.deliver)


class PlatformStuck(RuntimeError):
    """The platform did not do what was due; its logs say why."""


@dataclass(order=True)
class Errand:
    """Something that happens at a moment of study time: a visit, or a telephone call to staff."""

    at: datetime
    order: int
    visit: tuple[Respondent, Visit] | None = field(compare=False, default=None)
    call: Callable[[datetime], None] | None = field(compare=False, default=None)


@dataclass(frozen=True)
class Pace:
    """How finely time is cut: moments of the plan and visits are put off to the next such step."""

    plan: timedelta
    visits: timedelta


@dataclass
class Tally:
    """What has happened so far, for the progress line."""

    mails: int = 0
    visits: int = 0
    pages: int = 0


class Year:
    """One run of the demo's year, event by event on a grid of hours."""

    def __init__(
        self,
        *,
        respondents: Mapping[str, Respondent],
        mailbox: Mailbox,
        waves: Mapping[str, str],
        pace: Callable[[datetime], Pace],
        progress: Callable[[datetime, Tally], None],
    ) -> None:
        """`respondents` by address; `waves` maps every title in every language to a wave's code."""
        self.tally = Tally()
        self._respondents = respondents
        self._mailbox = mailbox
        self._waves = waves
        self._pace = pace
        self._progress = progress
        self._errands: list[Errand] = []
        self._order = itertools.count()
        self._seen: dict[str, tuple[str, int]] = {}
        self._n_mails: Counter[str] = Counter()
        self._n_occasions: Counter[tuple[str, str]] = Counter()

    def call(self, at: datetime, action: Callable[[datetime], None]) -> None:
        """Let something be done by staff at a moment of study time."""
        heapq.heappush(self._errands, Errand(at, next(self._order), call=action))

    async def _live(self, stack: AsyncExitStack) -> dict[str, httpx.AsyncClient]:
        return {
            address: await stack.enter_async_context(
                httpx.AsyncClient(follow_redirects=True, timeout=30.0)
            )
            for address in self._respondents
        }

    def run(self) -> None:
        """Go on until nothing is planned and nobody means to act."""
        with asyncio.Runner() as runner:
            stack = AsyncExitStack()
            phones = runner.run(self._live(stack))
            moment = answered(clock.now)
            while (upcoming := answered(partial(self._next, moment))) is not None:
                moment = upcoming
                answered(partial(_move_clock, moment))
                self._settle(moment)
                self._read_mail(moment)
                runner.run(self._answer(self._due(moment), phones))
                self._progress(moment, self.tally)
            runner.run(stack.aclose())

    def _next(self, moment: datetime) -> datetime | None:
        """The next moment at which the plan or a person wants something."""
        candidates = []
        if (planned := queries.next_moment(now=moment)) is not None:
            candidates.append(_rounded_up(planned, self._pace(planned).plan))
        if self._errands:
            at = self._errands[0].at
            candidates.append(_rounded_up(at, self._pace(at).visits))
        return max(min(candidates), moment + timedelta(minutes=1)) if candidates else None

    def _settle(self, moment: datetime) -> None:
        """Ring, and wait until the workers did all that was due at `moment`.

        The beat would ring too, but a year of ticks that are close enough not to be waited for
        costs more than all the study's work.
        """
        began = time.monotonic()
        n_rung = 0
        while (seconds := time.monotonic() - began) < PATIENCE:
            if seconds >= n_rung * RING_SECONDS:
                n_rung += 1
                self._ring()
            if answered(partial(self._is_settled, moment)) and not answered(_send_again):
                return
            time.sleep(0.02)
        left = f"{self._n_unswept(moment)} occasions and {self._n_unsent(moment)} messages"
        raise PlatformStuck(f"{left} due at {moment} were not handled")

    @staticmethod
    def _ring() -> None:
        for task in JOBS:
            doorbell.ring(task)

    def _is_settled(self, moment: datetime) -> bool:
        names = [task.__name__ for task in JOBS]
        n_beats = Heartbeat.objects.filter(job__in=names, study_now__gte=moment).count()
        return n_beats == len(names) and not self._n_unswept(moment) + self._n_unsent(moment)

    @staticmethod
    def _n_unswept(moment: datetime) -> int:
        """Windows to open or close: a sweep leaves whom another one holds, and beats all the same."""
        to_open = Q(state=OccasionState.PLANNED, opens_at__lte=moment)
        to_close = Q(state__in=(OccasionState.OPEN, OccasionState.STARTED), closes_at__lte=moment)
        return Occasion.objects.filter(to_open | to_close).count()

    @staticmethod
    def _n_unsent(moment: datetime) -> int:
        ready = claims.n_ready(now=moment)  # before the others, or one claimed in between is missed
        failed = Q(state=MessageState.DUE, not_before__isnull=False, due_at__lte=moment)
        failed &= Q(occasion__closes_at__gt=moment)  # it is tried again in real time, so wait
        return ready + Message.objects.filter(Q(state=MessageState.SENDING) | failed).count()

    def _read_mail(self, moment: datetime) -> None:
        for letter in self._mailbox.new():
            self.tally.mails += 1
            self._consider(letter, moment)

    def _consider(self, letter: Letter, moment: datetime) -> None:
        respondent = self._respondents[letter.to]
        if letter.link not in self._seen:
            wave = self._wave_of(letter)
            self._n_occasions[letter.to, wave] += 1
            self._seen[letter.link] = (wave, self._n_occasions[letter.to, wave])
        wave, nth = self._seen[letter.link]
        self._n_mails[letter.link] += 1
        intention = respondent.intends(wave, nth)
        if (
            intention.fate is not Fate.IGNORES
            and self._n_mails[letter.link] == intention.after_mail
        ):
            self._intend(respondent, Visit(letter.link, wave, nth, None), intention, moment)

    def _intend(
        self, respondent: Respondent, whole: Visit, intention: Intention, moment: datetime
    ) -> None:
        first = {
            Fate.COMPLETES: None,
            Fate.OPENS_ONLY: 0,
            Fate.STOPS: intention.pages,
            Fate.TWO_SITTINGS: intention.pages,
        }[intention.fate]
        at = in_good_time(
            _rounded_up(moment + intention.delay, self._pace(moment + intention.delay).visits),
            closes_at=answered(partial(_closing, whole.link)),
        )
        self._visit(at, respondent, replace(whole, stop_after=first))
        if intention.fate is Fate.TWO_SITTINGS:
            self._visit(at + intention.pause, respondent, whole)

    def _visit(self, at: datetime, respondent: Respondent, what: Visit) -> None:
        heapq.heappush(self._errands, Errand(at, next(self._order), visit=(respondent, what)))

    def _wave_of(self, letter: Letter) -> str:
        for title, code in self._waves.items():
            if title in letter.subject or title in letter.text:
                return code
        raise PlatformStuck(f"the mail {letter.subject!r} names no wave of the study")

    def _due(self, moment: datetime) -> list[tuple[Respondent, Visit]]:
        """The visits whose time has come; telephone calls on the way are made at once."""
        visits = []
        while self._errands and self._errands[0].at <= moment:
            errand = heapq.heappop(self._errands)
            if errand.visit:
                visits.append(errand.visit)
            elif errand.call:
                answered(partial(errand.call, moment))
        return visits

    async def _answer(
        self, visits: list[tuple[Respondent, Visit]], phones: Mapping[str, httpx.AsyncClient]
    ) -> None:
        gate = asyncio.Semaphore(AT_ONCE)
        going = [self._go(gate, phones[who.character.email], who, what) for who, what in visits]
        for pages in await asyncio.gather(*going):
            self.tally.visits += 1
            self.tally.pages += pages

    async def _go(
        self,
        gate: asyncio.Semaphore,
        phone: httpx.AsyncClient,
        respondent: Respondent,
        what: Visit,
    ) -> int:
        async with gate:
            return await visit(phone, respondent, what)


def in_good_time(at: datetime, *, closes_at: datetime | None) -> datetime:
    """When somebody who means to come at `at` comes: not so late that the machine's pace decides.

    Study time goes on while the platform works, so whoever would come within `NARROW` of the close
    comes after it. Pure.
    """
    if closes_at is None or not closes_at - NARROW < at <= closes_at:
        return at
    return closes_at + timedelta(minutes=1)


def _closing(link: str) -> datetime | None:
    occasion = tokens.claimed_row(link.rstrip("/").rpartition("/")[2])
    return Occasion.objects.values_list("closes_at", flat=True).get(pk=occasion)


def _send_again() -> int:
    """What staff do with mails that may not have arrived; people know a mail they had before."""
    unknown = list(Message.objects.filter(state=MessageState.UNKNOWN).values_list("pk", flat=True))
    return (
        pipeline.resend_all(messages=unknown, by=STAFF, now=clock.now()).n_resent if unknown else 0
    )


def _move_clock(moment: datetime) -> None:
    """Move it there, unless so much real time went by that it is past that already."""
    if clock.now() < moment:
        clock.move_to(moment)


def _rounded_up(moment: datetime, step: timedelta) -> datetime:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - ((midnight - moment) // step) * step
