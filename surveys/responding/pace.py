"""How long questionnaires take, from what people really took; the portal says it in minutes.

Until enough people have finished an instrument, the estimate of `instruments.duration` stands in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.core.cache import cache
from django.db import connection

from surveys.instruments.definition import Instrument
from surveys.instruments.duration import SECONDS_PER_ITEM, in_minutes
from surveys.responding.places import Place

ENOUGH = 20  # finished submissions; the median of fewer says little
LATEST = 5000  # rows that are looked at, so that the question stays cheap in a large study
KEPT = 600  # seconds for which the medians are remembered

_MEDIANS = """
SELECT v.code || '@' || v.version, percentile_cont(0.5) WITHIN GROUP (ORDER BY s.seconds)
FROM (
    SELECT instrument_id, (
        SELECT sum(t::float) FROM unnest(string_to_array(split_part(flat, ';', 6), ',')) t
    ) AS seconds
    FROM (SELECT * FROM surveys_submission ORDER BY id DESC LIMIT %s) latest
    WHERE state = 'final'
) s JOIN surveys_instrumentversion v ON v.id = s.instrument_id
WHERE s.seconds > 0
GROUP BY v.code, v.version HAVING count(*) >= %s
"""


def minutes_left(instruments: Sequence[Instrument], place: Place | None) -> int:
    """About how many minutes the pages from `place` on take, or all without one; rounded up."""
    medians = cache.get_or_set(_key(), median_seconds, KEPT) or {}
    return in_minutes(seconds_left(instruments, place, medians))


def seconds_left(
    instruments: Sequence[Instrument], place: Place | None, medians: Mapping[str, float]
) -> float:
    """The same in seconds, given the median of each whole instrument that has one. Pure."""
    refs = [instrument.ref for instrument in instruments]
    begun = refs.index(place.instrument) if place else 0
    left = 0.0
    for instrument in instruments[begun:]:
        pages = instrument.pages
        if place and instrument.ref == place.instrument:
            pages = pages[place.page - 1 :]
        n_items = sum(len(page) for page in pages)
        median = medians.get(instrument.ref)
        each = SECONDS_PER_ITEM if median is None else median / max(1, len(instrument.items))
        left += n_items * each
    return left


def median_seconds() -> dict[str, float]:
    """The median seconds in sight of lately finished submissions, by `code@version`."""
    with connection.cursor() as sql:
        sql.execute(_MEDIANS, [LATEST, ENOUGH])
        return dict(sql.fetchall())


def _key() -> str:
    """One database, one set of medians, whoever else keeps things in the same cache."""
    return f"medians-{connection.settings_dict['NAME']}"
