"""Reading plans: counts per wave and consent, one person's occasions, and what happens next.

Read by the console, the API and the demo's clock.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet

from surveys.design.models import Study
from surveys.design.registry import protocol_of
from surveys.participants.models import Participant
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.states import MessageKind, MessageState, OccasionState

UNFINISHED = (OccasionState.PLANNED, OccasionState.OPEN, OccasionState.STARTED)


@dataclass(frozen=True)
class WaveCounts:
    """One wave's occasions by state, and how many of them got an invitation and a reminder."""

    wave: str
    planned: int = 0
    open: int = 0
    started: int = 0
    completed: int = 0
    expired: int = 0
    cancelled: int = 0
    excluded: int = 0
    invited: int = 0
    reminded: int = 0


def wave_counts(study: Study) -> list[WaveCounts]:
    """The counts of every wave of the study, in the order of its newest protocol."""
    occasions = Occasion.objects.filter(participant__study=study)
    by_state: dict[str, dict[str, int]] = defaultdict(dict)
    for wave, state, n in occasions.values_list("wave", "state").annotate(n=Count("pk")):
        by_state[wave][state] = n
    sent = Message.objects.filter(state=MessageState.SENT, occasion__participant__study=study)
    written = {
        (wave, kind): n
        for wave, kind, n in sent.values_list("occasion__wave", "kind").annotate(
            n=Count("occasion", distinct=True)
        )
    }
    return [
        WaveCounts(
            wave,
            **by_state.get(wave, {}),
            invited=written.get((wave, MessageKind.INVITATION), 0),
            reminded=written.get((wave, MessageKind.REMINDER), 0),
        )
        for wave in _in_order(study, by_state.keys())
    ]


@dataclass(frozen=True)
class ConsentCounts:
    """To which version of the consent text those who take part agreed last, and how many owe one."""

    by_version: dict[int, int]  # 0 where no consent is on record
    n_pending: int


def consent_counts(study: Study) -> ConsentCounts:
    """The counts of a study."""
    people = study.participants.filter(status=Participant.Status.ENROLLED)
    last = people.annotate(agreed=Max("consents__version")).values_list("agreed", flat=True)
    counted = Counter(version or 0 for version in last)
    return ConsentCounts(dict(sorted(counted.items())), waiting_for_consent(study).count())


def waiting_for_consent(study: Study) -> QuerySet[Participant]:
    """Who is to be asked more and has to agree to a new consent text first."""
    to_come = Occasion.objects.filter(participant=OuterRef("pk"), state__in=UNFINISHED)
    owing = study.participants.filter(
        status=Participant.Status.ENROLLED, consent_pending_since__isnull=False
    )
    return owing.filter(Exists(to_come))


def occasions_of(participant: Participant) -> QuerySet[Occasion]:
    """One person's occasions with their messages, as they come; undated ones last."""
    rows = Occasion.objects.filter(participant=participant)
    rows = rows.select_related("participant", "protocol").prefetch_related("messages")
    return rows.order_by("opens_at", "wave", "nth")


def next_moment(*, now: datetime, study: Study | None = None) -> datetime | None:
    """The first moment after `now` at which a window opens or closes or a message is due.

    What is due already is not looked at: it is for the next sweep and the next delivery. None
    when nothing more is planned.
    """
    occasions, messages = Occasion.objects.all(), Message.objects.all()
    if study is not None:
        occasions = occasions.filter(participant__study=study)
        messages = messages.filter(occasion__participant__study=study)
    planned = occasions.filter(state=OccasionState.PLANNED)
    running = occasions.filter(state__in=(OccasionState.OPEN, OccasionState.STARTED))
    # An occasion whose condition is undecided is due and still planned; its close is to come.
    undecided = planned.filter(opens_at__lte=now, closes_at__gt=now)
    candidates = [
        planned.filter(opens_at__gt=now).aggregate(at=Min("opens_at"))["at"],
        running.filter(closes_at__gt=now).aggregate(at=Min("closes_at"))["at"],
        undecided.aggregate(at=Min("closes_at"))["at"],
        messages.filter(state=MessageState.DUE, due_at__gt=now).aggregate(at=Min("due_at"))["at"],
    ]
    return min((at for at in candidates if at is not None), default=None)


def _in_order(study: Study, waves: Collection[str]) -> list[str]:
    """The newest protocol's waves first, in its order, then those that only older ones have."""
    newest = study.protocols.order_by("-version").first()
    known = [wave.code for wave in protocol_of(newest).waves] if newest else []
    return known + sorted(set(waves) - set(known))
