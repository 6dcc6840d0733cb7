"""When things happen: local wall-clock rules in, UTC instants out. Pure; the planner calls it.

Openings take the first occurrence of a repeated wall time, closings the last; a wall time that
the zone skips moves forward. Calendar steps keep the wall time, elapsed steps are exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from surveys.design.periods import Period
from surveys.design.recurrence import dates
from surveys.design.timing import FIRST_YEAR, LAST_YEAR, Schedule, Window, time_of
from surveys.lib.draws import draw

DEFAULT_TIME = time(9)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """One opening: the intent (local day and time), the instant it means, and the rule in words."""

    day: date
    at: time
    instant: datetime
    rule: str


def instant(day: date, at: time, zone: str, *, closing: bool = False) -> datetime:
    """The UTC instant of a wall time; raises ValueError outside the years 1900 to 2999.

    A wall time in a gap moves forward by the gap's length, also when a whole day is missing. Of a
    repeated one, openings take the first and closings the last.
    """
    return _instant(day, at, zone, closing)


@lru_cache(maxsize=1 << 16)
def _instant(day: date, at: time, zone: str, closing: bool) -> datetime:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"{day} lies outside the years {FIRST_YEAR} to {LAST_YEAR}")
    wall = datetime.combine(day, at, _zone(zone))
    first = wall.astimezone(UTC)
    # In a gap fold=1 would map backwards, so a closing takes the later of the two readings.
    return max(first, wall.replace(fold=1).astimezone(UTC)) if closing else first


def local(moment: datetime, zone: str) -> tuple[date, time]:
    """The wall clock of `zone` at an aware instant."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"{moment} lies outside the years {FIRST_YEAR} to {LAST_YEAR}")
    wall = moment.astimezone(_zone(zone))
    return wall.date(), wall.time().replace(fold=0)


def after(moment: datetime, period: Period, zone: str, *, closing: bool = False) -> datetime:
    """The instant one period later: calendar parts on the wall clock, then elapsed ones exactly."""
    if period.is_calendar:
        day, at = local(moment, zone)
        moment = instant(period.after(day), at, zone, closing=closing)
    return _shifted(moment, period.minutes)


def moments(
    schedule: Schedule,
    *,
    anchor: datetime | date | None,
    zone: str,
    seed: str,
    own: time | None = None,
) -> tuple[Moment, ...] | None:
    """All openings of a wave for one person, in order; None while the anchor is unknown.

    `anchor` is an aware instant (enrolment, a completion) or a local date (set by hand). `seed`
    names the person and wave; the same seed gives the same random times. `own` is the person's
    own time of day, for a schedule that allows it. A wave that the participant starts has no
    openings of its own.
    """
    if schedule.event is not None:
        return ()
    origin = schedule.date or anchor
    if origin is None:
        return None
    found = (
        _random(schedule, _day_of(origin, zone), zone, seed)
        if schedule.random_between
        else _fixed(schedule, origin, zone, own)
    )
    return tuple(found)


def window(
    opens: datetime,
    window: Window,
    zone: str,
    *,
    started: datetime | None = None,
    last_saved: datetime | None = None,
) -> datetime:
    """When an occasion closes, before its start and, given `started`, after it."""
    if started is None:
        return after(opens, window.start_within, zone, closing=True)
    closes = after(opens, window.start_within + window.finish_within, zone, closing=True)
    if window.inactivity is None:
        return closes
    return min(closes, after(last_saved or started, window.inactivity, zone, closing=True))


def reminder_times(opens: datetime, reminders: Iterable[Period], zone: str) -> tuple[datetime, ...]:
    """When each reminder is due, in the order given; the caller drops those after the close."""
    return tuple(after(opens, period, zone) for period in reminders)


def quiet(moment: datetime, quiet_hours: tuple[str, str] | None, zone: str) -> datetime:
    """`moment`, or the end of the quiet hours it falls into."""
    if quiet_hours is None:
        return moment
    begins, ends = (_time_of(text) for text in quiet_hours)
    day, at = local(moment, zone)
    over_midnight = begins > ends
    if over_midnight and at >= begins:
        return instant(day + timedelta(days=1), ends, zone, closing=True)
    if at < ends and (over_midnight or at >= begins):
        return instant(day, ends, zone, closing=True)
    return moment


@dataclass(frozen=True, slots=True)
class _Step:
    """One repetition: from the anchor go `first`, then `then`, both along the calendar."""

    first: Period
    then: Period
    minutes: int
    rule: str

    def day(self, anchor: date) -> date:
        return self.then.after(self.first.after(anchor))


@lru_cache(maxsize=4096)
def _steps(schedule: Schedule) -> tuple[_Step, ...]:
    """The repetitions of a schedule, made once a protocol and not once a person."""
    offset, every = schedule.offset, schedule.every or Period()
    steps = []
    for k in range(schedule.times):
        # Month steps start at the anchor, so that 31 January leads to 31 March by way of 28
        # February; days in the offset make a first day of its own, from which months count.
        first, then = (offset, every * k) if offset.days else (offset + every * k, Period())
        steps.append(_Step(first, then, offset.minutes + every.minutes * k, _rule(schedule, k)))
    return tuple(steps)


def _steps_from(schedule: Schedule, day: date) -> tuple[_Step, ...]:
    """The repetitions of a schedule counted from an anchor's day."""
    return _by_rule(schedule, day) if schedule.rrule else _steps(schedule)


@lru_cache(maxsize=4096)
def _by_rule(schedule: Schedule, day: date) -> tuple[_Step, ...]:
    found = dates(schedule.rrule or "", schedule.offset.after(day))
    rule = _rule(schedule, 0)
    return tuple(_Step(Period(days=(each - day).days), Period(), 0, rule) for each in found)


def _rule(schedule: Schedule, k: int) -> str:
    rule = schedule.anchor or str(schedule.date)
    if schedule.offset != Period():
        rule += f" + {schedule.offset}"
    if k:
        rule += f" + {k} x {schedule.every}"
    if schedule.rrule:
        rule += f" by {schedule.rrule}"
    if schedule.random_between:
        return rule + " between {} and {}".format(*schedule.random_between)
    return rule + (f" at {schedule.at}" if schedule.at else "")


def _fixed(
    schedule: Schedule, origin: datetime | date, zone: str, own: time | None
) -> Iterator[Moment]:
    if isinstance(origin, datetime):
        day, at = local(origin, zone)
        exact: datetime | None = origin.astimezone(UTC)
    else:
        day, at, exact = origin, DEFAULT_TIME, None
    if schedule.at:
        at, exact = own or _time_of(schedule.at), None
    for step in _steps_from(schedule, day):
        target = step.day(day)
        if exact is not None and not (step.first.is_calendar or step.then.is_calendar):
            moment = _shifted(exact, step.minutes)
        else:
            moment = _shifted(instant(target, at, zone), step.minutes)
        intent = local(moment, zone) if step.minutes else (target, at)
        yield Moment(*intent, moment, step.rule)


def _random(schedule: Schedule, day: date, zone: str, seed: str) -> Iterator[Moment]:
    begins, ends = (_time_of(text) for text in schedule.random_between or ())
    gap = schedule.min_gap.minutes if schedule.min_gap else 1
    for k, step in enumerate(_steps_from(schedule, day)):
        target = step.day(day)
        first = instant(target, begins, zone)
        length = (instant(target, ends, zone, closing=True) - first) // MINUTE
        nths = range(k * schedule.per_day + 1, (k + 1) * schedule.per_day + 1)
        for minute in _spread([draw(seed, nth) for nth in nths], length, gap):
            moment = _shifted(first, minute)
            yield Moment(*local(moment, zone), moment, step.rule)


def _spread(draws: list[float], length: int, gap: int) -> Iterator[int]:
    """Minutes in [0, length], in order, at least `gap` apart, uniform over all such choices."""
    # On the day of a clock change the span may be an hour short: then they lie closer together.
    gap = min(gap, length // max(1, len(draws) - 1))
    slack = length - gap * (len(draws) - 1)
    for i, number in enumerate(sorted(draws)):
        yield int(number * (slack + 1)) + i * gap


def _day_of(origin: datetime | date, zone: str) -> date:
    return local(origin, zone)[0] if isinstance(origin, datetime) else origin


def _shifted(moment: datetime, minutes: int) -> datetime:
    if not minutes:
        return moment
    moment = moment.astimezone(UTC)
    try:
        shifted = moment + timedelta(minutes=minutes)
    except OverflowError as error:
        raise ValueError(f"{minutes} minutes after {moment} is outside the calendar") from error
    return shifted


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"'{name}' is no zone of the IANA database") from error


@lru_cache(maxsize=1440)
def _time_of(text: str) -> time:
    return time_of(text)
