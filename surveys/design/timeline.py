"""A protocol as a picture: its waves along time, with windows and reminders, as SVG. Pure.

Drawn with presentation attributes and classes only, so that it shows under a strict content
policy; the console's style sheet colours it in light and dark. Days are approximate: a month is
30.4 days here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from html import escape

from surveys.design.periods import Period
from surveys.design.protocol import Protocol, Wave
from surveys.design.recurrence import dates
from surveys.design.timing import Schedule
from surveys.lib.languages import pick

A_MONDAY = date(2027, 3, 1)
DAYS_PER_MONTH = 365.25 / 12
LEFT, TOP, ROW, WIDTH, RIGHT = 150, 34, 34, 900, 24
COLOURS = """
<style>
.timeline text { font: 13px system-ui, sans-serif; fill: #1f2933 }
.timeline .grid { stroke: #cbd2d9 } .timeline .window { fill: #b7d7e8 }
.timeline .opens { fill: #0b5c8a } .timeline .reminder { fill: #c05621 }
.timeline .small { font-size: 11px; fill: #52606d } .timeline .paper { fill: #ffffff }
</style>
"""


@dataclass(frozen=True)
class Bar:
    """One opening: from which day after the anchor to which, and its reminders."""

    opens: float
    closes: float
    reminders: tuple[float, ...]


def bars(wave: Wave) -> list[Bar]:
    """The openings of a wave in days after its anchor; none for a date or a person's own act."""
    schedule = wave.schedule
    if schedule.anchor is None:
        return []
    length = days(wave.window.start_within)
    return [
        Bar(at, at + length, tuple(at + days(p) for p in wave.reminders))
        for at in _openings(schedule)
    ]


def _openings(schedule: Schedule) -> Iterator[float]:
    first, every = days(schedule.offset), days(schedule.every) if schedule.every else 0.0
    if schedule.rrule is None:
        yield from (first + every * k for k in range(schedule.times))
        return
    for day in dates(schedule.rrule, A_MONDAY):  # by the rule; the weekday of an anchor differs
        yield first + (day - A_MONDAY).days


def days(period: Period) -> float:
    """How long a period is, near enough for a picture."""
    return period.months * DAYS_PER_MONTH + period.days + period.minutes / 1440


def svg(protocol: Protocol, language: str, *, standalone: bool = False) -> str:
    """The picture; `standalone` brings its own colours, for a file outside the console."""
    rows = [(wave, bars(wave)) for wave in protocol.waves]
    last = max((bar.closes for _, found in rows for bar in found), default=30.0)
    scale = (WIDTH - LEFT - RIGHT) / last
    height = TOP + ROW * len(rows) + 12
    body = [*_grid(last, scale, height)]
    for number, (wave, found) in enumerate(rows):
        body += _row(wave, found, TOP + ROW * number, scale, language)
    title = escape(pick(protocol.title, language, protocol.languages))
    paper = f'<rect class="paper" width="{WIDTH}" height="{height}"/>' if standalone else ""
    return (
        f'<svg class="timeline" xmlns="http://www.w3.org/2000/svg" role="img" '
        f'viewBox="0 0 {WIDTH} {height}"><title>{title}</title>'
        f"{COLOURS if standalone else ''}{paper}{''.join(body)}</svg>\n"
    )


def _grid(last: float, scale: float, height: int) -> Iterator[str]:
    step = 1 if last <= 14 else 7 if last <= 92 else DAYS_PER_MONTH
    name = "day" if step == 1 else "week" if step == 7 else "month"
    count = int(last / step)
    for k in range(0, count + 1, max(1, count // 14)):
        x = LEFT + k * step * scale
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="22" y2="{height - 8}"/>'
        label = f"{name} {k}" if k == 0 else str(k)
        yield f'<text class="small" x="{x:.1f}" y="16" text-anchor="middle">{label}</text>'


def _row(wave: Wave, found: list[Bar], y: int, scale: float, language: str) -> Iterator[str]:
    name = escape(pick(wave.title, language) if wave.title else wave.code)
    yield f'<text x="8" y="{y + 20}">{name}</text>'
    anchor = wave.schedule.anchor
    if not found:
        when = (
            f"on {wave.schedule.date}" if wave.schedule.date else "when the participant starts it"
        )
        yield f'<text class="small" x="{LEFT}" y="{y + 20}">{when}</text>'
    for bar in found:
        x, width = LEFT + bar.opens * scale, max((bar.closes - bar.opens) * scale, 2)
        yield f'<rect class="window" x="{x:.1f}" y="{y + 6}" width="{width:.1f}" height="18" rx="3"/>'
        yield f'<rect class="opens" x="{x:.1f}" y="{y + 6}" width="3" height="18"/>'
        for at in bar.reminders:
            yield f'<circle class="reminder" cx="{LEFT + at * scale:.1f}" cy="{y + 15}" r="3"/>'
    if found and anchor != "enrollment":
        x = LEFT + found[-1].closes * scale + 6
        yield f'<text class="small" x="{x:.1f}" y="{y + 20}">after {escape(anchor or "")}</text>'
