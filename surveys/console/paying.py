"""The list by which a panel's people are paid: pseudonyms of the panel, and what each completed.

These pseudonyms can name a person to whoever runs the panel, so the list needs the permission for
contacts, leaves a trace, and holds no code of ours: with it nobody finds anybody in the dataset.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_POST

from surveys.access.actors import actor_of
from surveys.access.roles import Permission
from surveys.audit import log
from surveys.console.chrome import study_page
from surveys.design.models import Study
from surveys.lib import clock
from surveys.scheduling.queries import wave_counts
from surveys.scheduling.states import OccasionState

FORMULA = "=+-@"  # a spreadsheet could run what begins so


@require_POST
@study_page(Permission.CONTACT_VIEW)
def panel_list(request: HttpRequest, study: Study) -> HttpResponseBase:
    """Hand over the list as CSV."""
    rows = list(_rows(study))
    log.record(
        "panel_list.downloaded",
        by=actor_of(request.user),
        at=clock.now(),
        study=study.code,
        subject=study.code,
        n_people=len(rows) - 1,
    )
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{study.code}-panel.csv"'
    response["Cache-Control"] = "no-store"
    return response


def _rows(study: Study) -> Iterator[list[str | int]]:
    """The header, then one row a panel pseudonym: how often each wave was completed."""
    waves = [counts.wave for counts in wave_counts(study)]
    yield ["panel_id", *(f"completed_{wave}" for wave in waves)]
    completed = Q(occasions__state=OccasionState.COMPLETED)
    counted = {
        f"n{at}": Count("occasions", filter=completed & Q(occasions__wave=wave))
        for at, wave in enumerate(waves)
    }
    people = study.participants.exclude(panel_id="").annotate(**counted).order_by("panel_id")
    for panel_id, *counts in people.values_list("panel_id", *counted):
        yield [f"'{panel_id}" if panel_id[0] in FORMULA else panel_id, *counts]
