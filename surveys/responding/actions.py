"""Saving pages: the one door to a participant's answers. `pipeline.save_page` calls it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.instruments.definition import Instrument
from surveys.instruments.ordering import options_shown
from surveys.lib.writing import Writing
from surveys.responding.answers import PageAnswers, Problem, merged, parse_page
from surveys.responding.branching import SET_ASIDE, Asking
from surveys.responding.models import Submission
from surveys.responding.paradata import Visit, is_late, merge, visit_of
from surveys.responding.places import Place, first_unsaved, page_after, page_before
from surveys.responding.standing import Standing, standing
from surveys.scheduling import actions as scheduling
from surveys.scheduling.models import Occasion
from surveys.scheduling.states import OccasionState

_KEEP = Writing(Submission)


class LinkRenewed(ValueError):
    """The personal link by which the page was opened leads nowhere any more."""


class AlreadyFinal(ValueError):
    """The instrument was handed in before, with other answers; those stay."""


@dataclass(frozen=True)
class PageSaved:
    """What saving a page led to.

    `place` is the page to show next, None when all is done. Forward with `problems` it is the
    same page again; back, the values with problems are left out. `raised` is the pipeline's: the
    answers have just raised a safety alert, so help is shown next.
    """

    occasion: Occasion
    completed: bool
    place: Place | None
    problems: dict[str, Problem] = field(default_factory=dict)
    raised: bool = False


def save_page(
    *,
    occasion: UUID,
    instrument: str,
    page: int,
    posted: Mapping[str, str],
    forward: bool,
    now: datetime,
    by_itself: bool = False,
) -> PageSaved:
    """Keep one page; forward from the last page of an instrument makes it final.

    What is valid is kept even when another item needs attention; going back insists on nothing.
    A page posted twice is stored once. A page that saves itself stays where it is: only the items
    that were `touched` count, and nothing when a newer save of the same showing was there before.
    Called within a transaction, which is the pipeline's. `posted` may carry what the caller vouches
    for, `shown` (an ISO instant) and the `generation` of the link by which the page was opened, and
    `seconds`, `touched`, `turn`, `device`, `layout` and `language` for the paradata.

    Raises LinkRenewed, NoSuchPage, AlreadyFinal, and scheduling's OccasionNotOpen, OccasionClosed
    and ConsentPending.
    """
    row = scheduling.hold(occasion)  # until the end: pages are saved one after the other
    if posted.get("generation") not in {None, str(row.link_generation)}:
        raise LinkRenewed("the link by which the page was opened has been renewed")
    if row.state != OccasionState.COMPLETED:  # its pages may come again
        scheduling.check_answerable(row, now)
    stands = standing(row)
    place = Place(instrument, page)
    definition = stands.of(place)
    items = definition.pages[page - 1]
    visit = visit_of(
        posted,
        page=page,
        items=[item.code for item in items],
        options=options_shown(definition, items),
        language=stands.protocol.spoken(posted.get("language", ""), row.participant.language),
        now=now,
        by_itself=by_itself,
    )
    if by_itself:
        items = tuple(item for item in items if item.code in visit.touched)
    parsed = parse_page(definition, items, posted, insist=forward)
    draft = stands.submissions.get(instrument)
    if draft is not None and draft.state == Submission.State.FINAL:
        return _again(row, stands, draft, parsed)
    moves_on = forward and not parsed.problems
    if draft is not None and is_late(draft.paradata, visit):
        return PageSaved(row, False, place, parsed.problems)
    is_back = not (forward or by_itself)
    if not (moves_on or parsed.has_content or draft is not None):
        return _stays(row, definition, place, parsed, is_back=is_back)
    submission = draft or _new(stands, instrument, visit)
    shown = _fill(submission, parsed, visit, stands.asking, moves_on=moves_on)
    following = page_after(shown, page) or first_unsaved(shown, submission.answers)
    if not moves_on or following is not None:
        scheduling.record_saved(occasion=row, now=now, along=[_KEEP.of(submission)])
        if moves_on and following is not None:
            return PageSaved(row, False, Place(instrument, following))
        return _stays(row, definition, place, parsed, is_back=is_back)
    return _hand_in(stands, submission, now)


def _stays(
    row: Occasion, definition: Instrument, place: Place, parsed: PageAnswers, *, is_back: bool
) -> PageSaved:
    """The same page again with its problems, or the one before."""
    page = (is_back and page_before(definition, place.page)) or place.page
    return PageSaved(row, False, Place(place.instrument, page), parsed.problems)


def _again(row: Occasion, stands: Standing, final: Submission, parsed: PageAnswers) -> PageSaved:
    """The answer to a page that comes once more after its instrument was handed in."""
    if parsed.problems or merged(final.answers, parsed, completed=True) != final.answers:
        raise AlreadyFinal(f"'{final.instrument.ref}' was handed in before")
    return PageSaved(row, False, stands.place)


def _new(stands: Standing, instrument: str, visit: Visit) -> Submission:
    return Submission(
        occasion=stands.occasion,
        instrument=stands.versions[instrument],
        started_at=visit.shown_at or visit.saved_at,
    )


def _fill(
    submission: Submission, parsed: PageAnswers, visit: Visit, asking: Asking, *, moves_on: bool
) -> Instrument:
    """Put the page into the draft; returns the instrument as it is shown from now on."""
    before, aside = submission.answers, submission.paradata.get(SET_ASIDE, {})
    ref = submission.instrument.ref
    settled = asking.settled(ref, merged(before, parsed, completed=moves_on), aside)
    submission.answers = settled.answers
    paradata = merge(
        submission.paradata,
        visit,
        started_at=submission.started_at,
        before=before,
        after=submission.answers,
    )
    submission.paradata = settled.noted_in(paradata)
    submission.saved_at = visit.saved_at
    return asking.shown_by(ref, settled)


def _hand_in(stands: Standing, submission: Submission, now: datetime) -> PageSaved:
    """Make an instrument final; with the last one the occasion is completed."""
    submission.paradata.pop(SET_ASIDE, None)  # it is no answer any more
    submission.state = Submission.State.FINAL
    submission.finished_at = submission.saved_at
    row, stands = stands.occasion, stands.with_saved(submission)
    place = stands.place
    saved = [submission] if place else [submission, *_passed_over(stands, now)]
    changes = [_KEEP.of(each) for each in saved]
    if place is None:
        code = row.participant.code
        completed = log.recording(
            "occasion.completed",
            by=Actor.participant(code),
            at=now,
            study=row.participant.study.code,
            subject=code,
            wave=row.wave,
            nth=row.nth,
        )
        changes.append(completed)
    scheduling.record_saved(occasion=row, now=now, completes=place is None, along=changes)
    return PageSaved(row, place is None, place)


def _passed_over(stands: Standing, now: datetime) -> list[Submission]:
    """Instruments of which this person is asked nothing are handed in empty, so that it is known."""
    return [
        Submission(
            occasion=stands.occasion,
            instrument=stands.versions[instrument.ref],
            state=Submission.State.FINAL,
            paradata=stands.asking.settled(instrument.ref, {}, {}).noted_in({}),
            started_at=now,
            saved_at=now,
            finished_at=now,
        )
        for instrument in stands.instruments
        if instrument.ref not in stands.submissions
    ]
