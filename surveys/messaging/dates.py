"""Dates as the reader of a mail writes them, in their language and zone. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time

SHORT_WINDOW = timedelta(days=2)


def day(moment: datetime, language: str, timezone: str) -> str:
    """The weekday and date of an instant, such as "Monday, March 1, 2027"."""
    return _in_words(moment.astimezone(ZoneInfo(timezone)).date(), language)


def last_moment(opens_at: datetime, closes_at: datetime, language: str, timezone: str) -> str:
    """Until when one can answer: the last day, and the time of day when the window is short."""
    last = closes_at - timedelta(seconds=1)  # a window that ends at midnight ends the day before
    if closes_at - opens_at > SHORT_WINDOW:
        return day(last, language, timezone)
    local = closes_at.astimezone(ZoneInfo(timezone))
    time = format_time(local.timetz(), format="short", locale=_locale(language))
    return f"{day(closes_at, language, timezone)}, {time}"


@lru_cache(maxsize=1024)  # a batch is about few days
def _in_words(on: date, language: str) -> str:
    return format_date(on, format="full", locale=_locale(language))


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    for candidate in (language, language.split("-")[0]):
        try:
            return Locale.parse(candidate, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")
