"""Rules of RFC 5545 for what `every` and `times` cannot say, such as "each Monday". Pure.

A rule counts local dates; the time of day is the schedule's. How many dates there are must follow
from the protocol alone, so that every planned cell is known before anybody enrols: COUNT says it,
and UNTIL, which gives a late starter fewer, is refused. So is what has all its dates for some first
days and not for others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice

from dateutil.rrule import rrulestr

MOST = 2000  # dates of one rule
REACH = timedelta(days=36_525)  # a hundred years after its first day
TRIED_REACH = REACH - timedelta(days=10 * 366)  # first days differ by a leap year or two
TRIED_FROM = tuple(date(2027 + n // 12, n % 12 + 1, 1) for n in range(48))

NUMBERS = r"[+-]?[1-9]\d{0,2}(,[+-]?[1-9]\d{0,2})*"
DAY = r"([+-]?[1-9]\d?)?(MO|TU|WE|TH|FR|SA|SU)"
MONTH = r"([1-9]|1[0-2])"
PARTS = {
    "FREQ": r"[A-Z]+",
    "COUNT": r"[1-9]\d{0,3}",
    "INTERVAL": r"[1-9]\d{0,2}",
    "BYDAY": rf"{DAY}(,{DAY})*",
    "BYMONTHDAY": NUMBERS,
    "BYMONTH": rf"{MONTH}(,{MONTH})*",
    "BYYEARDAY": NUMBERS,
    "BYWEEKNO": NUMBERS,
    "BYSETPOS": NUMBERS,
    "WKST": r"MO|TU|WE|TH|FR|SA|SU",
}
LARGEST = {"BYMONTHDAY": 31, "BYYEARDAY": 366, "BYWEEKNO": 53, "BYSETPOS": 366}
ALWAYS = frozenset({"FREQ", "COUNT", "INTERVAL", "WKST"})
MONTHLY = ALWAYS | {"BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"}
ALLOWED = {
    "DAILY": ALWAYS | {"BYDAY", "BYMONTHDAY", "BYMONTH"},
    "WEEKLY": ALWAYS | {"BYDAY", "BYMONTH"},
    "MONTHLY": MONTHLY,
    "YEARLY": MONTHLY | {"BYYEARDAY", "BYWEEKNO"},
}
# Without one of these a month's day would be that of the anchor, which many months do not have.
NAMES_A_DAY = frozenset({"BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"})
# With an interval these hit their dates from some first days and never from others.
NOT_BY_INTERVAL = {"DAILY": {"BYDAY", "BYMONTHDAY", "BYMONTH"}, "WEEKLY": {"BYMONTH"}}
LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class BadRule(ValueError):
    """The text is no rule that a schedule can have."""


@lru_cache(maxsize=1024)
def checked(rule: str) -> str:
    """The rule as it was; raises BadRule with what is wrong."""
    parts = _parts(rule)
    for problem in _problems(parts):
        raise BadRule(problem)
    n_dates = int(parts["COUNT"])
    is_spaced = "INTERVAL" in parts and parts["FREQ"] in {"MONTHLY", "YEARLY"}
    for first in TRIED_FROM if is_spaced else TRIED_FROM[:1]:
        found = [day for day in dates(rule, first) if day <= first + TRIED_REACH]
        if len(found) < n_dates:
            raise BadRule(
                f"from {first} on it gives {len(found)} dates in ninety years, not {n_dates}"
            )
    return rule


def n_dates_of(rule: str) -> int:
    """How many dates the rule gives, whenever it begins."""
    return int(_parts(rule)["COUNT"])


@lru_cache(maxsize=4096)
def dates(rule: str, first: date) -> tuple[date, ...]:
    """The rule's dates from the day `first` on, which need not be one of them."""
    begins = datetime.combine(first, time.min)
    last = begins + REACH
    parts = _parts(rule)
    count = int(parts.pop("COUNT"))
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    found = rrulestr(f"{text};UNTIL={last:%Y%m%dT%H%M%S}", dtstart=begins)
    return tuple(moment.date() for moment in islice(found, count))


def _problems(parts: Mapping[str, str]) -> Iterator[str]:
    frequency, is_spaced = parts.get("FREQ", ""), parts.get("INTERVAL", "1") != "1"
    if frequency not in ALLOWED:
        yield f"FREQ must be one of {', '.join(ALLOWED)}; within a day use 'random_between'"
        return
    if "COUNT" not in parts:
        yield "COUNT is needed: the number of occasions must follow from the protocol alone"
    elif int(parts["COUNT"]) > MOST:
        yield f"COUNT is {parts['COUNT']}; {MOST} are the most"
    for name in parts.keys() - ALLOWED[frequency]:
        yield f"{name} has no meaning with FREQ={frequency}"
    if frequency in {"MONTHLY", "YEARLY"} and not NAMES_A_DAY & parts.keys():
        yield "name the day with BYDAY or BYMONTHDAY, or use 'every' and 'times'"
    if is_spaced and NOT_BY_INTERVAL.get(frequency, set()) & parts.keys():
        yield f"INTERVAL and a choice of days miss each other with FREQ={frequency}"
    if frequency in {"DAILY", "WEEKLY"} and re.search(r"\d", parts.get("BYDAY", "")):
        yield f"BYDAY takes no number with FREQ={frequency}"
    yield from _impossible_days(parts)


def _impossible_days(parts: Mapping[str, str]) -> Iterator[str]:
    for name, largest in LARGEST.items():
        if any(abs(int(n)) > largest for n in parts.get(name, "1").split(",")):
            yield f"{name} is at most {largest}"
    if "BYMONTHDAY" in parts and "BYMONTH" in parts:
        longest = max(LONGEST_MONTH[int(n) - 1] for n in parts["BYMONTH"].split(","))
        if all(abs(int(n)) > longest for n in parts["BYMONTHDAY"].split(",")):
            yield "no such month has that day"


def _parts(rule: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in rule.split(";"):
        name, equals, value = part.partition("=")
        if name == "UNTIL":
            raise BadRule("UNTIL gives people who begin later fewer occasions; use COUNT")
        if name in {"BYHOUR", "BYMINUTE", "BYSECOND"}:
            raise BadRule(f"{name} says a time of day; use 'at' or 'random_between'")
        if name not in PARTS or not equals or re.fullmatch(PARTS[name], value) is None:
            raise BadRule(f"'{part[:40]}' is no part of a rule like FREQ=WEEKLY;BYDAY=MO;COUNT=10")
        if name in parts:
            raise BadRule(f"{name} stands twice")
        parts[name] = value
    return parts
