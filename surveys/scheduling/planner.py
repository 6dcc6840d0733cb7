"""What should happen to one participant: a pure function of the protocol and the person's facts.

`replanning` compares the result with the rows that exist (see `changes`) and writes the
difference. The plan does not depend on the present moment, so planning again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any

from surveys.design import schedule
from surveys.design.conditions import Fact
from surveys.design.forms import EVERYTHING, Form
from surveys.design.protocol import Protocol, Wave
from surveys.design.schedule import Moment
from surveys.scheduling.causes import cause_of, condition, values_in
from surveys.scheduling.person import PersonFacts
from surveys.scheduling.planned import Intent, PlannedMessage, PlannedOccasion
from surveys.scheduling.postponing import Postponement
from surveys.scheduling.reminding import Reminding
from surveys.scheduling.spacing import Spacing
from surveys.scheduling.states import Cause, MessageKind

ENROLLMENT = "enrollment"
BY_THEM = "the participant starts it"
BEFORE_ENROLMENT = "closed_before_enrolment"


class Planner:
    """Plans any number of people by one protocol; what they share is computed once."""

    def __init__(self, protocol: Protocol) -> None:
        self.quiet_hours = protocol.quiet_hours
        self._protocol = protocol
        self._waves = [wave for wave in protocol.waves if wave.schedule.event is None]
        self._shared = lru_cache(maxsize=2048)(self._on_days)

    @property
    def waves(self) -> list[str]:
        """The codes of the waves that are planned."""
        return [wave.code for wave in self._waves]

    @property
    def results_needed(self) -> frozenset[Fact]:
        """The answers and scores that the waves' conditions ask for."""
        return values_in(wave.only_if for wave in self._protocol.waves)

    def plan(self, person: PersonFacts) -> tuple[PlannedOccasion, ...]:
        """Every occasion of the protocol for one person, in the protocol's order.

        Waves that the participant starts have no planned occasions, and neither has anybody who
        withdrew.
        """
        if person.withdrawn:
            return ()
        plan: list[PlannedOccasion] = []
        ended = dict(person.ended)
        form = self._protocol.form(person.form)
        for index, wave in enumerate(self._waves):
            cause = cause_of(wave, person, ended, form)
            occasions = _left_out(wave, cause, form) if cause else self._asked(index, wave, person)
            if all(occasion.cause for occasion in occasions) and not ended.get(wave.code):
                ended[wave.code] = False  # who is not asked will not complete it
            plan += _on_form(occasions, form)
        if person.paused_until:
            pause = self.postponement(person)
            plan = [_postponed(occasion, pause) for occasion in plan]
        if person.most_reminders is not None:
            plan = [_reminded(occasion, Reminding(person.most_reminders)) for occasion in plan]
        return tuple(Spacing(self._quiet, self._protocol.messages_per_day).spaced(plan))

    def _quiet(self, moment: datetime, zone: str) -> datetime:
        return schedule.quiet(moment, self.quiet_hours, zone)

    def startable(self, code: str, person: PersonFacts) -> Wave | None:
        """The wave, if it is one that this participant may start by what is known now."""
        wave = self._protocol.by_code.get(code)
        if wave is None or wave.is_planned:
            return None
        if cause_of(wave, person, person.ended, self._protocol.form(person.form)):
            return None
        is_shut = wave.only_if and not condition(wave.only_if, person.ended, person.results)
        return None if is_shut else wave

    def postponement(self, person: PersonFacts) -> Postponement:
        """Until when the person's messages wait."""
        return Postponement(person.zone, self.quiet_hours, person.paused_until)

    def started(self, wave: Wave, nth: int, now: datetime, zone: str, form: str) -> PlannedOccasion:
        """The occasion of somebody who starts a wave now: uninvited, with the wave's reminders."""
        moment = Moment(*schedule.local(now, zone), now, BY_THEM)
        origin = {"event": wave.schedule.event}
        occasion = self._occasion(wave, nth, moment, zone, origin, invites=False)
        return _on_form([occasion], self._protocol.form(form))[0]

    def _asked(self, index: int, wave: Wave, person: PersonFacts) -> list[PlannedOccasion]:
        return [
            _too_early(occasion)
            if occasion.closes_at and occasion.closes_at <= person.enrolled_at
            else occasion
            for occasion in self._dated(index, wave, person)
        ]

    def _dated(self, index: int, wave: Wave, person: PersonFacts) -> Sequence[PlannedOccasion]:
        when = wave.schedule
        own = person.time_of_day if when.own_time else None
        if when.date:
            return self._shared(index, when.date, person.zone, person.zone, own)
        anchor = _anchor(when.anchor or "", person)
        if anchor is None:
            return _waiting(wave)
        read_in = person.anchor_zones.get(when.anchor or "", person.zone)
        day, at = (
            schedule.local(anchor, read_in) if isinstance(anchor, datetime) else (anchor, None)
        )
        if when.at or (at is None and not when.random_between):
            return self._shared(index, day, person.zone, read_in, own)
        start: datetime | date = day if when.random_between else anchor
        if at and read_in != person.zone and _is_calendar(wave):
            start = schedule.instant(day, at, person.zone)
        seed = f"{person.seed}|{person.code}|{wave.code}"
        found = schedule.moments(when, anchor=start, zone=person.zone, seed=seed) or ()
        return self._occasions(
            wave, found, person.zone, _counted_from(wave, day, person.zone, read_in)
        )

    def _on_days(
        self, index: int, day: date, zone: str, read_in: str, own: time | None
    ) -> Sequence[PlannedOccasion]:
        """The occasions that are the same for all people with this anchor day, zone and time."""
        wave = self._waves[index]
        found = schedule.moments(wave.schedule, anchor=day, zone=zone, seed="", own=own) or ()
        origin = _counted_from(wave, day, zone, read_in)
        if own:
            origin = {**origin, "own_time": True}
        return self._occasions(wave, found, zone, origin)

    def _occasions(
        self, wave: Wave, found: Sequence[Moment], zone: str, origin: Intent
    ) -> Sequence[PlannedOccasion]:
        return [
            self._occasion(wave, nth, moment, zone, origin) for nth, moment in enumerate(found, 1)
        ]

    def _occasion(
        self,
        wave: Wave,
        nth: int,
        moment: Moment,
        zone: str,
        origin: Intent,
        *,
        invites: bool = True,
    ) -> PlannedOccasion:
        opens_at = moment.instant
        closes_at = schedule.window(opens_at, wave.window, zone)
        guards: list[str] = []
        if schedule.local(opens_at, zone) != (moment.day, moment.at):
            guards.append("clock_change")
        messages = tuple(self._messages(wave, opens_at, closes_at, zone, guards, invites))
        local: dict[str, Any] = {
            "day": moment.day.isoformat(),
            "at": moment.at.isoformat("minutes" if moment.at.second == 0 else "seconds"),
            "zone": zone,
            "rule": moment.rule,
            **origin,
        }
        if guards:
            local["guards"] = guards
        return PlannedOccasion(wave.code, nth, "", opens_at, closes_at, local, messages)

    def _messages(
        self,
        wave: Wave,
        opens_at: datetime,
        closes_at: datetime,
        zone: str,
        guards: list[str],
        invites: bool,
    ) -> Iterator[PlannedMessage]:
        last = opens_at
        if invites:
            last = self._invited_at(opens_at, closes_at, zone, guards)
            yield PlannedMessage(MessageKind.INVITATION, 1, last)
        for nth, moment in enumerate(schedule.reminder_times(opens_at, wave.reminders, zone), 1):
            due = schedule.quiet(moment, self.quiet_hours, zone)
            if due >= closes_at:
                guards.append(f"reminder_{nth}_after_close")
            elif due <= last:
                guards.append(f"reminder_{nth}_not_later")
            else:
                yield PlannedMessage(MessageKind.REMINDER, nth, due)
                last = due

    def _invited_at(
        self, opens_at: datetime, closes_at: datetime, zone: str, guards: list[str]
    ) -> datetime:
        due = schedule.quiet(opens_at, self.quiet_hours, zone)
        if due >= closes_at:
            guards.append("quiet_hours_too_long")
            return opens_at
        if due != opens_at:
            guards.append("quiet_hours")
        return due


def _postponed(occasion: PlannedOccasion, pause: Postponement) -> PlannedOccasion:
    """The occasion with what a pause does to it; it opens as planned if its window outlasts that."""
    if occasion.closes_at is None or not occasion.messages:
        return occasion
    if pause.is_through(occasion.closes_at):
        return occasion._replace(local=pause.told_through(occasion.local))
    dues = {(message.kind, message.nth): message.due_at for message in occasion.messages}
    if not any(pause.reaches(due) for due in dues.values()):
        return occasion
    wanted = pause.put_off(dues, occasion.closes_at)
    return occasion._replace(
        messages=tuple(PlannedMessage(kind, nth, due) for (kind, nth), due in wanted.items()),
        local=pause.told_in(occasion.local, dues, wanted),
    )


def _reminded(occasion: PlannedOccasion, reminding: Reminding) -> PlannedOccasion:
    return occasion._replace(messages=tuple(reminding.marked(occasion.messages)))


def _on_form(occasions: Iterable[PlannedOccasion], form: Form) -> list[PlannedOccasion]:
    """The occasions, each with the form by which it is asked or left out."""
    if form is EVERYTHING:
        return list(occasions)
    return [o._replace(local={**o.local, "form": form.code}) for o in occasions]


def _left_out(wave: Wave, cause: str, form: Form) -> list[PlannedOccasion]:
    local: dict[str, Any] = {}
    if cause == Cause.BRANCHED_OUT:
        local = {"only_if": wave.only_if}
    elif cause == Cause.PLANNED_MISSING and form.asks_wave(wave.code):
        local = {"share": wave.share}
    nths = range(1, wave.schedule.n_occasions + 1)
    return [PlannedOccasion(wave.code, nth, cause, None, None, local, ()) for nth in nths]


def _too_early(occasion: PlannedOccasion) -> PlannedOccasion:
    """An occasion that had closed before the person enrolled: its condition was to take part."""
    return PlannedOccasion(
        occasion.wave,
        occasion.nth,
        Cause.BRANCHED_OUT,
        None,
        None,
        {**occasion.local, "guards": [BEFORE_ENROLMENT]},
        (),
    )


def _waiting(wave: Wave) -> list[PlannedOccasion]:
    local = {"waits_for": wave.schedule.anchor}
    nths = range(1, wave.schedule.n_occasions + 1)
    return [PlannedOccasion(wave.code, nth, "", None, None, local, ()) for nth in nths]


def _anchor(name: str, person: PersonFacts) -> datetime | date | None:
    if name == ENROLLMENT:
        return person.enrolled_at
    before, dot, _ = name.partition(".")
    return person.completed.get(before) if dot else person.anchors.get(name)


def _is_calendar(wave: Wave) -> bool:
    every = wave.schedule.every
    return wave.schedule.offset.is_calendar or bool(every and every.is_calendar)


def _counted_from(wave: Wave, day: date, zone: str, read_in: str) -> Intent:
    origin = {"anchor": wave.schedule.anchor, "anchor_day": day.isoformat()}
    if wave.schedule.anchor is None:
        origin = {}
    elif read_in != zone:
        origin["anchor_zone"] = read_in
    return origin | ({"only_if": wave.only_if} if wave.only_if else {})
