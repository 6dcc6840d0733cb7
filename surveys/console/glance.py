"""One study at a glance: how far every wave is, what waits, and what needs a look. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Count, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.safestring import SafeString

from surveys.console.chrome import LANGUAGE
from surveys.console.words import wave_title
from surveys.design import timeline
from surveys.design.models import ProtocolVersion, Study
from surveys.design.protocol import Protocol
from surveys.design.registry import protocol_of
from surveys.instruments import registry
from surveys.instruments.definition import Instrument
from surveys.lib.models import Heartbeat
from surveys.messaging import breaker, holding, outbox, suppressions
from surveys.participants import joining, sign_up_counts
from surveys.participants.joining import NotOpen
from surveys.participants.models import Participant
from surveys.participants.sign_up_counts import Counts
from surveys.scheduling import queries as scheduling
from surveys.scheduling import reconciling
from surveys.scheduling.models import Reconciliation
from surveys.scheduling.queries import ConsentCounts, WaveCounts
from surveys.scheduling.states import MessageState

WORRIES = (
    (MessageState.UNKNOWN, "may or may not have arrived: the connection broke"),
    (MessageState.FAILED, "could not be delivered"),
    (MessageState.BOUNCED, "came back after the mail server had taken it"),
    (MessageState.MISSED, "came too late: the time to answer was over"),
)


@dataclass(frozen=True)
class WaveRow:
    """One wave of the table; `answered` is a share in percent, None while no window is over."""

    title: str
    counts: WaveCounts
    answered: int | None


@dataclass(frozen=True)
class Worry:
    """Something that a person should look at, and where."""

    words: str
    url: str = ""


@dataclass(frozen=True)
class SignUps:
    """The public link of a study, and what it led to so far."""

    url: str
    is_open: bool
    counts: Counts
    n_waiting: int


@dataclass(frozen=True)
class Glance:
    """All that the study's page shows."""

    protocol: Protocol
    instruments: list[Instrument]
    picture: SafeString
    waves: list[WaveRow]
    n_enrolled: int
    n_withdrawn: int
    n_unsubscribed: int
    consents: ConsentCounts
    arms: list[tuple[str, int]]
    sign_ups: SignUps | None  # None when nobody can join by themselves
    next_moment: datetime | None
    worries: list[Worry]
    has_draft: bool
    last_check: Reconciliation | None


def glance(study: Study, version: ProtocolVersion, *, now: datetime) -> Glance:
    """The study as it stands; `now` is study time."""
    protocol = protocol_of(version)
    people = Participant.objects.filter(study=study).aggregate(
        enrolled=Count("pk"),
        withdrawn=Count("pk", filter=Q(status="withdrawn")),
        unsubscribed=Count("unsubscribed_at", filter=Q(status="enrolled")),
    )
    return Glance(
        protocol=protocol,
        instruments=instruments_of(protocol),
        picture=SafeString(timeline.svg(protocol, LANGUAGE)),
        waves=[_row(protocol, counts) for counts in scheduling.wave_counts(study)],
        n_enrolled=people["enrolled"],
        n_withdrawn=people["withdrawn"],
        n_unsubscribed=people["unsubscribed"],
        consents=scheduling.consent_counts(study),
        arms=_arms(study),
        sign_ups=_sign_ups(study, now) if protocol.joining else None,
        next_moment=scheduling.next_moment(now=now, study=study),
        worries=list(_worries(study)) if people["enrolled"] else [],
        has_draft=study.draft is not None and study.draft != version.document,
        last_check=reconciling.latest(study),
    )


def instruments_of(protocol: Protocol) -> list[Instrument]:
    """The instruments that a protocol names, in its order, each once."""
    refs = dict.fromkeys(ref for wave in protocol.waves for ref in wave.instruments)
    return registry.instruments(list(refs))


def _row(protocol: Protocol, counts: WaveCounts) -> WaveRow:
    wave = protocol.by_code.get(counts.wave)
    ended = counts.completed + counts.expired
    return WaveRow(
        title=wave_title(wave, LANGUAGE) if wave else f"{counts.wave} (earlier version)",
        counts=counts,
        answered=round(100 * counts.completed / ended) if ended else None,
    )


def _arms(study: Study) -> list[tuple[str, int]]:
    counted = study.participants.exclude(arm="").values_list("arm").annotate(n=Count("pk"))
    return list(counted.order_by("arm"))


def _sign_ups(study: Study, now: datetime) -> SignUps:
    try:
        joining.open_study(study.code, now=now)
        is_open = True
    except NotOpen:
        is_open = False
    url = f"{settings.PUBLIC_ORIGIN}{reverse('portal:join', args=[study.code])}"
    counts = sum(sign_up_counts.by_day(study).values(), Counts())
    return SignUps(url, is_open, counts, joining.n_waiting(study))


def _worries(study: Study) -> Iterator[Worry]:
    hold = holding.current()
    if hold is not None:
        yield Worry(f"No mail is sent on this platform. {hold.reason}")
    for sentence in breaker.silent_servers():
        yield Worry(sentence)
    silent = timedelta(seconds=settings.JOBS["deliver"].silent)
    if not Heartbeat.objects.filter(job="deliver", beaten_at__gt=Now() - silent).exists():
        yield Worry(
            "Nothing is being sent: no worker has reported lately. Tell your administrator."
        )
    check = reconciling.latest(study)
    if check and (n_left := check.n_drifted - check.n_repaired):
        plans = "1 plan differs" if n_left == 1 else f"{n_left} plans differ"
        yield Worry(
            f"{plans} from what the protocol asks for", reverse("console:plans", args=[study.code])
        )
    counts = outbox.counts(study)
    url = reverse("console:outbox", args=[study.code])
    for state, words in WORRIES:
        if n := counts[state]:
            what = "1 message" if n == 1 else f"{n} messages"
            yield Worry(f"{what} {words}", f"{url}?{urlencode({'state': state})}")
    if n := suppressions.n_complaints(study):
        yield Worry(
            "1 person called a mail unwanted" if n == 1 else f"{n} people called mails unwanted"
        )
