"""Drawing one page of a questionnaire, fresh or again with what was typed. `pages` calls it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import translation

from surveys.portal.frame import Frame
from surveys.portal.passes import seal
from surveys.portal.questions import questions, saved, typed
from surveys.portal.responses import render
from surveys.portal.sections import heading
from surveys.portal.voice import Voice
from surveys.responding.answers import CONFIRMED_SKIPS, Problem
from surveys.responding.pace import minutes_left
from surveys.responding.places import Place, is_reached, ordinal, page_before
from surveys.responding.standing import Standing
from surveys.responding.telling import told

UNANSWERED = {Problem.UNANSWERED}


def current(stands: Standing, wanted: Place | None) -> Place | None:
    """The page this browser is on, unless it lies ahead of what is saved or is handed in."""
    frontier = stands.place
    if frontier is None or wanted is None or wanted.instrument != frontier.instrument:
        return frontier
    return wanted if is_reached(stands.instruments, stands.filled, wanted) else frontier


def show_page(
    request: HttpRequest,
    frame: Frame,
    stands: Standing,
    place: Place,
    *,
    now: datetime,
    posted: Mapping[str, str] | None = None,
    problems: Mapping[str, Problem] | None = None,
) -> HttpResponse:
    """The page at `place`; with `posted` it comes back with what was typed and its problems."""
    instrument = stands.of(place)
    items = instrument.pages[place.page - 1]
    answers = stands.filled[place.instrument].answers if place.instrument in stands.filled else {}
    problems = problems or {}
    values = saved(answers, frame.language) if posted is None else typed(items, posted)
    skipped = {item.code for item in items if item.code in answers and answers[item.code] is None}
    skipped |= set((posted or {}).get(CONFIRMED_SKIPS, "").split())
    skipped |= {code for code, problem in problems.items() if problem is Problem.UNANSWERED}
    voice = Voice(frame.language, instrument.languages, told(stands.asking, instrument))
    with translation.override(frame.spoken):
        drawn = questions(instrument, items, values, problems, voice)
    number, total = ordinal(stands.instruments, place)
    return render(
        request,
        "page.html",
        frame,
        status=422 if problems else 200,
        instrument=instrument,
        instructions=voice.say(instrument.instructions or {}),
        section=heading(instrument, items, drawn, voice),
        questions=drawn,
        faulty=[question for question in drawn if question.problem],
        only_unanswered=set(problems.values()) == UNANSWERED,
        skipped=" ".join(item.code for item in items if item.code in skipped),
        place=place,
        has_back=page_before(instrument, place.page) is not None,
        number=number,
        total=total,
        minutes=minutes_left(stands.instruments, place),
        seal=seal(stands.occasion, now),
    )
