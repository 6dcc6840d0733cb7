"""Which time zones there are. Pure; study files, enrolment and the participants' pages ask here."""

from __future__ import annotations

import difflib
from functools import cache
from zoneinfo import available_timezones

NO_PLACES = frozenset({"Factory", "localtime"})  # in the database of files, but nowhere on Earth


@cache
def known() -> frozenset[str]:
    """The names of the IANA database, old spellings such as Asia/Calcutta among them."""
    return frozenset(available_timezones() - NO_PLACES)


def checked(name: str) -> str:
    """`name`, if it is a zone; raises ValueError with the nearest one."""
    if name in known():
        return name
    near = difflib.get_close_matches(name[:64], known(), n=1)
    hint = f"did you mean {near[0]}?" if near else "expected one such as Europe/Berlin"
    raise ValueError(f"'{name[:64]}' is no zone of the IANA database; {hint}")
