"""Dates, numbers and language names as people write them, from Babel's data."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import get_decimal_symbol

TWENTY_FOUR_HOURS = "HH:mm"


def locale_of(language: str) -> Locale:
    """Babel's data for a study language; English, day before month, where it has none."""
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    return Locale("en", "GB") if str(locale) == "en" else locale


def own_name(language: str) -> str:
    """What its speakers call a language: Deutsch."""
    return locale_of(language).language_name or language


def day(moment: datetime, zone: str, language: str) -> str:
    """The date in that zone, with its weekday: Tuesday, 1 June 2027."""
    return format_date(moment.astimezone(ZoneInfo(zone)), "full", locale_of(language))


def time_of_day(moment: datetime, zone: str, language: str) -> str:
    """Hours and minutes in that zone."""
    return format_time(moment, "short", ZoneInfo(zone), locale_of(language))


def decimal(value: float, language: str) -> str:
    """A number as it is typed in that language, without grouping: 7,5."""
    return str(value).replace(".", get_decimal_symbol(locale_of(language)))
