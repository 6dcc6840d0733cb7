"""What became of those who came by a study's public link, counted by day; nobody is named.

The sign-up pages and the sweep count here; the console and the export read.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.db.models.functions import TruncDate

from surveys.design import queries
from surveys.design.models import Study
from surveys.design.registry import protocol_of
from surveys.lib import sql
from surveys.participants.models import JoiningCount

SOURCE = "sign-up"
_COUNT = """
    INSERT INTO surveys_joiningcount AS c (study_id, "on", kind, n)
    VALUES (%(study)s, %(on)s, %(kind)s, %(n)s)
    ON CONFLICT (study_id, "on", kind) DO UPDATE SET n = c.n + EXCLUDED.n
"""


@dataclass(frozen=True)
class Counts:
    """What a study's link led to."""

    n_started: int = 0
    n_not_eligible: int = 0
    n_full: int = 0
    n_unconfirmed: int = 0
    n_joined: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


def count(study: Study, kind: JoiningCount.Kind, *, at: datetime, n: int = 1) -> None:
    """Count one visitor, or some, on the day in the study's time zone."""
    on = at.astimezone(_zone(study)).date()
    sql.execute(_COUNT, {"study": study.pk, "on": on, "kind": kind.value, "n": n})


def by_day(study: Study) -> dict[date, Counts]:
    """The counts of each day on which anything happened, by day."""
    found: dict[date, Counts] = {}
    for on, kind, n in JoiningCount.objects.filter(study=study).values_list("on", "kind", "n"):
        found[on] = found.get(on, Counts()) + Counts(**{f"n_{kind}": n})
    for on, n in _joined(study):
        found[on] = found.get(on, Counts()) + Counts(n_joined=n)
    return dict(sorted(found.items()))


def _joined(study: Study) -> list[tuple[date, int]]:
    came = study.participants.filter(joined_by=SOURCE)
    if not came.exists():
        return []
    on = TruncDate("enrolled_at", tzinfo=_zone(study))
    return list(came.annotate(on=on).values_list("on").annotate(n=Count("pk")))


def _zone(study: Study) -> ZoneInfo:
    return ZoneInfo(protocol_of(queries.current(study)).timezone)
