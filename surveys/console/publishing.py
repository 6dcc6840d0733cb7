"""Publishing a draft: first what it will do to whom, then the deed, of exactly what was read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from surveys import pipeline
from surveys.access.actors import actor_of
from surveys.access.roles import Permission
from surveys.console.chrome import LANGUAGE, show, study_page
from surveys.console.covering import coverage_of
from surveys.console.designing import design_page
from surveys.console.words import wave_title
from surveys.design import actions
from surveys.design.models import Study
from surveys.design.registry import protocol_of
from surveys.lib import clock
from surveys.scheduling.amending import AT_ONCE
from surveys.scheduling.counting import PlanCounts
from surveys.scheduling.previewing import SHOWN, Affected, Amendment, amendment

REFUSALS = (
    actions.ChangedMeanwhile,
    actions.NothingToPublish,
    actions.NotPublishable,
    actions.ReasonMissing,
)


@dataclass(frozen=True)
class WaveRow:
    """One wave of the table, and what happens to its occasions."""

    title: str
    counts: PlanCounts


@dataclass(frozen=True)
class PersonRow:
    """One participant whose plan changes, and in which waves, by their titles."""

    code: str
    counts: PlanCounts
    waves: str


@require_GET
@study_page(Permission.PARTICIPANT_VIEW)
def preview(request: HttpRequest, study: Study) -> HttpResponseBase:
    """What publishing the draft would do; with `after`, only the next of those it would touch."""
    found = amendment(study)
    if found is None:
        return redirect("console:design", study.code)
    if after := request.GET.get("after", ""):
        return show(request, "console/affected.html", study, **_people(found, after))
    return _preview_page(request, study, found)


@require_POST
@study_page(Permission.STUDY_EDIT)
def publish(request: HttpRequest, study: Study) -> HttpResponseBase:
    """Make the draft the next version, if it is still the one that was read."""
    reason = request.POST.get("reason", "")
    try:
        done = pipeline.publish(
            study=study,
            reason=reason,
            by=actor_of(request.user),
            now=clock.now(),
            read=request.POST.get("read", ""),
        )
    except REFUSALS as error:
        study.refresh_from_db()
        refused: dict[str, Any] = {"refusal": str(error), "reason": reason, "status": 422}
        if found := amendment(study):
            return _preview_page(request, study, found, **refused)
        return design_page(request, study, **refused)
    said = f"Version {done.version.version} is published."
    if not done.is_adopted:
        said += " The people of the study move to it some at a time, within the next minutes."
    messages.success(request, said)
    return redirect("console:study", study.code)


def _preview_page(
    request: HttpRequest,
    study: Study,
    found: Amendment,
    *,
    refusal: str = "",
    reason: str = "",
    status: int = 200,
) -> HttpResponse:
    told = pipeline.preview(found, now=clock.now())
    titles = _titles(found)
    return show(
        request,
        "console/preview.html",
        study,
        status=status,
        amendment=found,
        next_version=found.version.version + 1,
        told=told,
        is_gradual=told.n_people > AT_ONCE,
        waves=[WaveRow(titles.get(wave, wave), counts) for wave, counts in told.waves.items()],
        warnings=covered.warnings if (covered := coverage_of(found.protocol)) else [],
        refusal=refusal,
        reason=reason,
        **_people(found, ""),
    )


def _people(found: Amendment, after: str) -> dict[str, Any]:
    people = pipeline.affected(found, now=clock.now(), after=after, limit=SHOWN + 1)
    shown, titles = people[:SHOWN], _titles(found)
    more = urlencode({"after": shown[-1].code}) if len(people) > SHOWN else ""
    return {"people": [_row(one, titles) for one in shown], "more": more}


def _row(one: Affected, titles: dict[str, str]) -> PersonRow:
    return PersonRow(one.code, one.counts, ", ".join(titles.get(wave, wave) for wave in one.waves))


def _titles(found: Amendment) -> dict[str, str]:
    """The titles of all waves of the draft and of the version in force."""
    waves = [*protocol_of(found.version).waves, *found.protocol.waves]
    return {wave.code: wave_title(wave, LANGUAGE) for wave in waves}
