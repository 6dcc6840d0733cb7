"""The rules of a protocol in words that a researcher would use. Pure; the design page shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from surveys.design.periods import Period
from surveys.design.protocol import ENROLLMENT, Protocol, Schedule, Wave, Window
from surveys.lib.languages import pick

HOUR = 60


@dataclass(frozen=True)
class WaveInWords:
    """One wave as a row of a table."""

    code: str
    title: str
    when: str
    window: str
    reminders: str
    whom: str
    instruments: tuple[str, ...]


def waves(protocol: Protocol, language: str) -> list[WaveInWords]:
    """The protocol's waves, in its order."""
    return [
        WaveInWords(
            wave.code,
            wave_title(wave, language),
            when(wave.schedule),
            window(wave.window),
            "; ".join(f"after {period(p)}" for p in wave.reminders) or "none",
            whom(wave, [f.code for f in protocol.forms if not f.asks_wave(wave.code)]),
            wave.instruments,
        )
        for wave in protocol.waves
    ]


def wave_title(wave: Wave, language: str) -> str:
    """The wave's own title, or else its code."""
    return pick(wave.title, language) if wave.title else wave.code


def when(schedule: Schedule) -> str:
    """The time rule as a sentence without its full stop."""
    return ", ".join([_begin(schedule), *_times(schedule)])


def window(rule: Window) -> str:
    """How long people have."""
    parts = [f"{period(rule.start_within)} to start"]
    if rule.finish_within != Period():
        parts.append(f"then {period(rule.finish_within)} to finish")
    if rule.inactivity:
        parts.append(f"closes after {period(rule.inactivity)} without an answer")
    return ", ".join(parts)


def whom(wave: Wave, without_forms: Sequence[str] = ()) -> str:
    """Who is asked; people with one of the forms are not."""
    group = "arm " + " and ".join(wave.arms) if wave.arms else "everybody"
    if without_forms:
        group += f" but form {' and '.join(without_forms)}"
    if wave.share is not None:
        group = f"{wave.share:.0%} of {group}, drawn by lot"
    return f"{group}, if {wave.only_if}" if wave.only_if else group


def period(value: Period) -> str:
    """Such as "3 months", "1 day 12 hours" or "90 minutes"."""
    parts = [*_counted(value.months, "month"), *_counted(value.days, "day"), *_clock(value.minutes)]
    return " ".join(parts) or "no time"


def _begin(schedule: Schedule) -> str:
    if schedule.date is not None:
        return f"on {schedule.date}"
    if schedule.anchor is None:
        return "when the participant starts it"
    event = _event(schedule.anchor)
    if schedule.offset == Period():
        return f"at {event}" if schedule.anchor == ENROLLMENT else f"on {event}"
    return f"{period(schedule.offset)} after {event}"


def _event(anchor: str) -> str:
    if anchor == ENROLLMENT:
        return "enrolment"
    before, dot, _ = anchor.partition(".")
    return f"the completion of {before}" if dot else f"the date '{anchor}'"


def _times(schedule: Schedule) -> Iterator[str]:
    if schedule.at:
        yield f"at {schedule.at}" + (" or their own time of day" if schedule.own_time else "")
    if schedule.event and schedule.times > 1:
        yield f"up to {schedule.times} times"
    if schedule.every:
        yield f"then every {period(schedule.every).removeprefix('1 ')}, {schedule.times} times in all"
    if schedule.rrule:
        yield f"on the dates of the rule {schedule.rrule}"
    if schedule.random_between:
        yield "at random between {} and {}".format(*schedule.random_between)
    if schedule.per_day > 1:
        yield f"{schedule.per_day} times a day"
    if schedule.min_gap:
        yield f"at least {period(schedule.min_gap)} apart"


def _clock(minutes: int) -> list[str]:
    if minutes % HOUR:
        return _counted(minutes, "minute")
    return _counted(minutes // HOUR, "hour")


def _counted(n: int, unit: str) -> list[str]:
    return [f"{n} {unit}" if n == 1 else f"{n} {unit}s"] if n else []
