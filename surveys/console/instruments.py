"""The questionnaires of this platform, and the sheet with which a key gets its wording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from surveys import pipeline
from surveys.access import policy
from surveys.access.actors import actor_of
from surveys.console.chrome import LANGUAGE, show
from surveys.design import queries
from surveys.instruments import logic, ordering, registry, wording
from surveys.instruments.actions import LicenceMissing
from surveys.instruments.definition import Instrument
from surveys.instruments.keys import FACT_WORDS, STATUS_WORDS
from surveys.lib import clock
from surveys.lib.languages import pick


@dataclass(frozen=True)
class Completeness:
    """How much of an instrument's wording there is in one language."""

    language: str
    n_items: int
    n_anchors: int
    has_instructions: bool


@login_required
@require_safe
def instruments(request: HttpRequest) -> HttpResponse:
    """What studies can ask, and the keys that wait for wording."""
    found = [(one, pick(one.title, LANGUAGE)) for _, one in sorted(queries.instruments().items())]
    return show(
        request,
        "console/instruments.html",
        askable=[row for row in found if row[0].wording == "complete"],
        keys=[row for row in found if row[0].wording == "none"],
    )


@login_required
@require_safe
def instrument(request: HttpRequest, code: str, version: int) -> HttpResponse:
    """One version: its scores, how sure its key is, its languages."""
    return _page(request, _found(code, version))


@login_required
@require_POST
def word(request: HttpRequest, code: str, version: int) -> HttpResponseBase:
    """Add wording from a sheet; makes a new version and changes no other."""
    one = _found(code, version)
    if not policy.may_word(request.user):
        raise PermissionDenied
    order, licence = (request.POST.get(name, "").replace("\0", "") for name in ("order", "licence"))
    file = request.FILES.get("file")
    try:
        if file is None:
            raise wording.SheetError("sheet", [(1, "no file was chosen")])
        content = file.read(wording.LARGEST_SHEET + 1)
        row = pipeline.add_wording(
            ref=one.ref,
            sheet=wording.read(content, Path(file.name or "sheet.csv").name),
            order=order,
            licence=licence,
            by=actor_of(request.user),
            now=clock.now(),
        )
    except (wording.SheetError, LicenceMissing) as error:
        return _page(request, one, problems=str(error), licence=licence, order=order, status=422)
    messages.success(request, f"{row.ref} has the wording. Name it in a wave of your study file.")
    return redirect("console:instrument", row.code, row.version)


def _found(code: str, version: int) -> Instrument:
    try:
        return registry.known(f"{code}@{version}")
    except registry.UnknownInstrument as error:
        raise Http404(str(error)) from None


def _page(
    request: HttpRequest,
    one: Instrument,
    *,
    problems: str = "",
    licence: str = "",
    order: str = "",
    status: int = 200,
) -> HttpResponse:
    origin = one.origin
    return show(
        request,
        "console/instrument.html",
        status=status,
        instrument=one,
        title=pick(one.title, LANGUAGE),
        scales=[(s, pick(s.title, LANGUAGE), pick(s.high, LANGUAGE)) for s in one.scales],
        facts=[(FACT_WORDS[f.of], f) for f in origin.facts] if origin else [],
        status_words=STATUS_WORDS[origin.status] if origin else "",
        completeness=list(_completeness(one)),
        n_options=sum(map(len, one.response_sets.values())),
        orders=_orders(one),
        shuffled=ordering.in_words(one),
        branches=list(logic.branches(one)),
        attentive=[(item, pick(item.text, LANGUAGE)) for item in one.items if item.expect],
        ends=[f"{name}={end}" for name, end in _ends(one)],
        may_word=policy.may_word(request.user),
        problems=problems,
        licence=licence,
        order=order,
    )


def _completeness(one: Instrument) -> Iterator[Completeness]:
    options = [option for group in one.response_sets.values() for option in group]
    for language in one.languages if one.wording == "complete" else ():
        yield Completeness(
            language,
            sum(language in item.text for item in one.items),
            sum(language in option.label for option in options),
            language in (one.instructions or {}),
        )


def _orders(one: Instrument) -> list[tuple[str, str]]:
    """Every order that goes under the same name, so that a person chooses and nothing is guessed."""
    found = (other.origin for other in queries.instruments().values())
    same = {o.order: o.order_says for o in found if o and one.origin and o.name == one.origin.name}
    return sorted(same.items())


def _ends(one: Instrument) -> Iterator[tuple[str, int]]:
    for name, options in one.response_sets.items():
        codes = [option.code for option in options if not option.missing]
        yield name, min(codes)
        yield name, max(codes)
