"""The sign-up pages as they are shown: first time, or again with what was typed and what is wrong."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.utils.functional import Promise

from surveys.design import zones as iana
from surveys.design.joining import SCREENER
from surveys.instruments.piping import plain
from surveys.lib.dates import own_name
from surveys.lib.languages import pick
from surveys.participants.joining import Invitation
from surveys.portal.responses import render
from surveys.portal.statements import Faults, html, statements, text_of

if TYPE_CHECKING:
    from surveys.portal.joining import Visit

REGIONS = (
    "Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
)  # fmt: skip


@dataclass(frozen=True)
class Question:
    """One question of the screener; `options` are code, words and whether it is chosen."""

    code: str
    text: str
    value: str
    options: tuple[tuple[str, str, bool], ...]
    problem: Promise | str

    @property
    def name(self) -> str:
        """The field's name."""
        return f"{SCREENER}.{self.code}"


@cache
def zones() -> tuple[str, ...]:
    """The zones that can be chosen: places, not abbreviations, and UTC."""
    return (*sorted(z for z in iana.known() if z.partition("/")[0] in REGIONS), "UTC")


def needs_group(to: Invitation) -> bool:
    """Whether nobody can join without a group's code."""
    strata = to.protocol.allocation.strata if to.protocol.allocation else ()
    return bool(to.joining.groups) and any(name not in strata_asked(to) for name in strata)


def strata_asked(to: Invitation) -> set[str]:
    """The screener's items whose answers are kept, because people are allocated or counted by them."""
    wanted = set(to.protocol.allocation.strata if to.protocol.allocation else ())
    wanted.update(name for quota in to.joining.quotas for name in quota.strata)
    return {item.code for item in to.joining.screener if item.kind == "single"} & wanted


def about(visit: Visit, faults: Faults | None = None) -> HttpResponse:
    """What the study is, and the button that begins."""
    joining = visit.to.joining
    text = (
        pick(joining.text, visit.state.language, visit.to.protocol.languages)
        if joining.text
        else ""
    )
    return _page(
        visit,
        "join.html",
        faults,
        text=html(text, visit.state.language),
        has_groups=bool(joining.groups),
        needs_group=needs_group(visit.to),
        group=visit.posted.get("group", visit.request.GET.get("group", ""))[:40],
    )


def screener(visit: Visit, faults: Faults | None = None) -> HttpResponse:
    """A few questions on one page."""
    language, languages = visit.state.language, visit.to.protocol.languages
    posted = visit.posted if faults else {}
    questions = []
    for item in visit.to.joining.screener:
        value = posted.get(f"{SCREENER}.{item.code}", "")[:200]
        options = tuple(
            (option.code, pick(option.label, language, languages), option.code == value)
            for option in item.options
        )
        text = plain(pick(item.text, language, languages))
        problem = (faults or {}).get(item.code, "")
        questions.append(Question(item.code, text, value, options, problem))
    return _page(visit, "join_screener.html", faults, questions=questions)


def consent(
    visit: Visit, faults: Faults | None = None, ticked: Collection[int] = ()
) -> HttpResponse:
    """The consent text and its sentences."""
    protocol, language = visit.to.protocol, visit.state.language
    return _page(
        visit,
        "join_consent.html",
        faults,
        text=text_of(protocol, language),
        statements=statements(protocol, language, faults or {}, ticked),
        version=protocol.consent.version,
    )


def details(visit: Visit, faults: Faults | None = None) -> HttpResponse:
    """The address, and the language and time zone that were detected."""
    posted = visit.posted if faults else {}
    protocol = visit.to.protocol
    return _page(
        visit,
        "join_details.html",
        faults,
        email=posted.get("email", "")[:254],
        languages=[(code, own_name(code)) for code in protocol.languages],
        language=posted.get("language", visit.state.language),
        zones=zones(),
        timezone=posted.get("timezone", protocol.timezone),
        is_first=not posted,
        confirms=visit.to.joining.confirm,
    )


def _page(visit: Visit, template: str, faults: Faults | None, **context: Any) -> HttpResponse:
    return render(
        visit.request,
        template,
        visit.frame,
        status=422 if faults else 200,
        state=visit.state.sealed(),
        faults=faults or {},
        **context,
    )
