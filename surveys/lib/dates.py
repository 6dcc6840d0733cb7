"""Dates, numbers and language names as people write them, from Babel's data. Pure.

Mails and pages call this, so that both say the same day in the same words.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import get_decimal_symbol

MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=64)
def locale_of(language: str) -> Locale:
    """Babel's data for a study language; English, day before month, where it has none."""
    for candidate in (language, language.split("-")[0]):
        try:
            locale = Locale.parse(candidate, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
        return Locale("en", "GB") if str(locale) == "en" else locale
    return Locale("en", "GB")


def own_name(language: str) -> str:
    """What its speakers call a language: Deutsch."""
    return locale_of(language).language_name or language


def day(moment: datetime, zone: str, language: str) -> str:
    """The date in that zone, with its weekday: Tuesday, 1 June 2027."""
    return _in_words(moment.astimezone(ZoneInfo(zone)).date(), language)


def closing(moment: datetime, zone: str, language: str) -> tuple[str, str]:
    """The last day and time of a window; one that ends at midnight ends a minute earlier.

    "Until Tuesday, 00:00" is read as the end of Tuesday by many.
    """
    local = moment.astimezone(ZoneInfo(zone))
    if local.time() == time(0):
        moment -= MINUTE
    return day(moment, zone, language), time_of_day(moment, zone, language)


def joined(on: str, at: str, language: str) -> str:
    """A day and a time in words as one: Tuesday, 1 June 2027, 09:00."""
    return str(locale_of(language).datetime_formats["short"]).replace("{1}", on).replace("{0}", at)


def decimal(value: float, language: str) -> str:
    """A number as it is typed in that language, without grouping: 7,5."""
    return str(value).replace(".", get_decimal_symbol(locale_of(language)))


def long_date(on: date, language: str) -> str:
    """A date without its weekday: 1 June 2027."""
    return format_date(on, "long", locale_of(language))


def time_of_day(moment: datetime, zone: str, language: str) -> str:
    """The time in that zone as people write it: 09:00."""
    return _time_in_words(moment.astimezone(ZoneInfo(zone)).time(), language)


@lru_cache(maxsize=1024)  # a batch of mails is about few days
def _in_words(on: date, language: str) -> str:
    return format_date(on, "full", locale_of(language))


@lru_cache(maxsize=1024)  # and few times of day
def _time_in_words(at: time, language: str) -> str:
    return format_time(at, "short", locale=locale_of(language))
