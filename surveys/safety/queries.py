"""What the faces ask about alerts: counts, what is overdue, mails that are stuck, help to show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now

from surveys.design.models import Study
from surveys.design.registry import protocol_of
from surveys.design.safety import CRISIS
from surveys.lib.languages import pick
from surveys.messaging.models import Notification
from surveys.safety.models import Alert
from surveys.safety.recipients import absent
from surveys.safety.states import UNDONE, WAITING
from surveys.scheduling.models import Occasion

LATE = timedelta(minutes=10)  # real time that a mail about an alert may take to go out
FRESH = timedelta(minutes=10)  # between the answer and the last save, while help stays unfolded
REMEMBERED = timedelta(days=3)  # for which a refused mail is told


@dataclass(frozen=True)
class Counts:
    """Of one study, without drills, but for `n_drills`: those that are not closed."""

    n_all: int
    n_waiting: int
    n_overdue: int
    n_acknowledged: int
    n_drills: int


def counts(study: Study, *, now: datetime) -> Counts:
    """How the study's alerts stand."""
    real = Q(is_drill=False)
    waiting = real & Q(state__in=WAITING)
    overdue = Q(state="escalated") | Q(escalates_at__lte=now)
    found = Alert.objects.filter(study=study).aggregate(
        n_all=Count("pk", filter=real),
        n_waiting=Count("pk", filter=waiting),
        n_overdue=Count("pk", filter=waiting & overdue),
        n_acknowledged=Count("pk", filter=real & Q(state="acknowledged")),
        n_drills=Count("pk", filter=Q(is_drill=True, state__in=UNDONE)),
    )
    return Counts(**found)


def n_waiting(study: Study) -> int:
    """How many alerts, drills too, wait for somebody to acknowledge them."""
    return Alert.objects.filter(study=study, state__in=WAITING).count()


def is_overdue(alert: Alert, now: datetime) -> bool:
    """Whether nobody has acknowledged it in the time that its rule gives."""
    if alert.state not in WAITING:
        return False
    return alert.n_escalations > 0 or (alert.escalates_at is not None and alert.escalates_at <= now)


def mails_of(alert: Alert) -> QuerySet[Notification]:
    """The mails about one alert, in order."""
    return Notification.objects.filter(about=alert.code).order_by("posted_at", "pk")


def stuck(study: Study | None = None) -> QuerySet[Notification]:
    """Mails about alerts that nobody has taken yet, which do not go out or were refused."""
    waiting = Alert.objects.filter(state__in=WAITING)
    if study is not None:
        waiting = waiting.filter(study=study)
    is_late = Q(state="due", posted_at__lt=Now() - LATE)
    is_refused = Q(state="failed", posted_at__gt=Now() - REMEMBERED)
    rows = Notification.objects.filter(is_late | is_refused, is_urgent=True)
    return rows.filter(about__in=waiting.values("code"))


def notices() -> Iterator[str]:
    """A sentence for operators when staff cannot be told of an alert."""
    if n := stuck().count():
        minutes = LATE.total_seconds() / 60
        what = "1 mail about a safety alert" if n == 1 else f"{n} mails about safety alerts"
        yield f"{what} could not be sent within {minutes:.0f} minutes; staff may not know of it"


def unmanned(study: Study) -> list[str]:
    """The names in the study's rules that stand for nobody, by the version in force."""
    version = study.protocols.order_by("-version").first()
    rules = protocol_of(version).safety if version else ()
    names = dict.fromkeys(n for rule in rules for n in (*rule.alert, *rule.escalate_to))
    return absent(study, names) if names else []


@dataclass(frozen=True)
class Help:
    """What to show to a participant; no words when nothing asks for it."""

    words: str = ""
    is_new: bool = False  # the answers that ask for it came with the last save, or just before


def help_for(occasion: Occasion, language: str) -> Help:
    """The help that this occasion's answers ask to show."""
    protocol = protocol_of(occasion.protocol)
    if not protocol.safety:
        return Help()
    raised = dict(Alert.objects.filter(occasion=occasion).values_list("rule", "raised_at"))
    if not raised:
        return Help()
    saved_at = occasion.last_saved_at
    texts = [
        protocol.contact.crisis if rule.show == CRISIS else rule.show
        for rule in protocol.safety
        if rule.code in raised
    ]
    words = (pick(t, language, protocol.languages) for t in texts if not isinstance(t, str))
    is_new = saved_at is None or saved_at - max(raised.values()) <= FRESH
    return Help("\n\n".join(dict.fromkeys(words)), is_new)
