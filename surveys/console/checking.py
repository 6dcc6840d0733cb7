"""When the study's plans were last checked, and whose differed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from surveys.access.roles import Permission
from surveys.console.chrome import show, study_page
from surveys.design.models import Study
from surveys.scheduling import reconciling
from surveys.scheduling.states import Explanation

WHAT = {
    "created": "was missing",
    "moved": "another moment",
    "revived": "was cancelled",
    "excluded": "should not be asked",
    "cancelled": "is not in the protocol",
    "delayed": "a pause or a later reminder was not heeded",
}
IN_WORDS: Mapping[str, str] = {
    Explanation.ZONES: "Another zone database explains it, so the plans were made right.",
    Explanation.RELEASE: "Another release of the platform explains it, so the plans were made right.",
    Explanation.FIRST: "They had never been checked before, so the plans were made right.",
    Explanation.ASKED: "Somebody asked for it, so the plans were made right.",
}
UNEXPLAINED = (
    "Nothing explains it, so the plans were left as they are. An administrator who has looked at them"
    " makes them right with the command"
)


class Row(NamedTuple):
    """One difference: whose, in which occasion, and its opening as stored and as it should be."""

    code: str
    wave: str = ""
    what: str = ""
    before: datetime | None = None
    after: datetime | None = None


@require_GET
@study_page(Permission.PARTICIPANT_VIEW)
def plans(request: HttpRequest, study: Study) -> HttpResponse:
    """The last check with a list of whose plans differed, and the checks before it that found any."""
    last = reconciling.latest(study)
    found = study.reconciliations.filter(n_drifted__gt=0).exclude(ended_at=None)
    found = found.order_by("-ended_at", "-pk")
    shown = last if last and last.n_drifted else found.first()
    return show(
        request,
        "console/plans.html",
        study,
        last=last,
        shown=shown,
        rows=list(_rows(shown.drift)) if shown else [],
        reason=IN_WORDS.get(shown.explained_by, UNEXPLAINED) if shown else "",
        earlier=found[:20],
    )


def _rows(drift: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    """One row for each difference that the check kept in words."""
    for person in drift:
        if person["error"]:
            yield Row(person["code"], what="cannot be planned; tell your administrator")
        for told in person["differences"]:
            before, after = (_moment(told[name]) for name in ("before", "after"))
            wave = f"{told['wave']}.{told['nth']}"
            yield Row(person["code"], wave, WHAT[told["what"]], before, after)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
