"""What must hold after any disaster, asked of the database and of the mails that arrived.

Each function returns its complaints, and none when all is well. The numbers are those of the
fault catalogue: I1 to I8.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.db.models import Count, Q

from surveys.audit.models import Event
from surveys.lib import clock
from surveys.messaging import claims
from surveys.messaging.models import DeliveryAttempt
from surveys.participants.models import Allocation, Participant
from surveys.participants.randomisation import Blocks
from surveys.responding.models import Submission
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.states import MessageState, OccasionState
from tests.faults.table import copies_of
from tests.smtp import Accepted

VISIBLE = (MessageState.SENT, MessageState.UNKNOWN, MessageState.BOUNCED)


def i1_one_mail_a_message(
    accepted: Sequence[Accepted], resent: Mapping[UUID, int]
) -> Iterator[str]:
    """No message has more mails than one and its audited resends, and each mail has its message."""
    states = dict(Message.objects.values_list("pk", "state"))
    for pk, n in copies_of(accepted).items():
        if n > 1 + resent.get(pk, 0):
            yield f"I1: {n} mails for message {pk}"
        if states.get(pk) not in VISIBLE:
            yield f"I1: a mail for message {pk}, which is {states.get(pk, 'not there')}"


def i2_silence(silenced: Mapping[int, datetime]) -> Iterator[str]:
    """No body went out to anybody after they had withdrawn or stopped the mails."""
    for who, since in silenced.items():
        late = DeliveryAttempt.objects.filter(
            message__occasion__participant=who, body_started_at__gt=since
        )
        if late.exists():
            yield f"I2: a body went out to participant {who} after they had said no"


def i3_answers_are_kept(
    thanked: Mapping[UUID, int], tried: Mapping[UUID, Collection[int]]
) -> Iterator[str]:
    """Who was thanked finds the answer kept once, and nothing is kept that nobody gave."""
    kept: dict[UUID, list[object]] = {}
    for occasion, answers in Submission.objects.values_list("occasion", "answers"):
        kept.setdefault(occasion, []).append(answers.get("mood"))
    for occasion in thanked:
        if len(kept.get(occasion, [])) != 1:
            yield f"I3: thanked, and {len(kept.get(occasion, []))} submissions for {occasion}"
    for occasion, moods in kept.items():
        if len(moods) != 1 or moods[0] not in {*tried.get(occasion, ()), None}:
            yield f"I3: {moods} kept for {occasion}, where {tried.get(occasion)} was given"
    final = Submission.objects.filter(state=Submission.State.FINAL).values_list("occasion")
    completed = Q(state=OccasionState.COMPLETED)
    if n := Occasion.objects.filter(completed).exclude(pk__in=final).count():
        yield f"I3: {n} occasions are completed without a final submission"
    if n := Occasion.objects.filter(~completed, pk__in=final).count():
        yield f"I3: {n} final submissions of occasions that are not completed"


def i4_no_claim_is_stale() -> Iterator[str]:
    """Nobody holds a message any more."""
    if n := Message.objects.filter(state=MessageState.SENDING).count():
        yield f"I4: {n} messages are still claimed"
    pending = DeliveryAttempt.objects.filter(outcome="pending").exclude(message__state="sending")
    if n := pending.count():
        yield f"I4: {n} attempts never ended"


def i5_arms(emails: Sequence[str], blocks: Sequence[int], arms: Sequence[str]) -> Iterator[str]:
    """Everybody is enrolled once, and the arms are those of the concealed list without a gap."""
    if Participant.objects.count() != len(emails):
        yield f"I5: {Participant.objects.count()} people are enrolled, not {len(emails)}"
    for study, stratum in Allocation.objects.values_list("study__seed", "stratum").distinct():
        places = list(
            Allocation.objects.filter(stratum=stratum)
            .order_by("position")
            .values_list("position", "arm")
        )
        drawn = Blocks([(arm, 1) for arm in arms], blocks, study, stratum).from_place(0)
        if places != list(enumerate(islice(drawn, len(places)))):
            yield f"I5: the places of {stratum} are not those of the list"


def i6_audit() -> Iterator[str]:
    """Each thing that happened was noted once."""
    noted = Counter(Event.objects.values_list("event", flat=True))
    withdrawn = Participant.objects.filter(status=Participant.Status.WITHDRAWN).count()
    happened = {
        "participant.enrolled": Participant.objects.count(),
        "participant.withdrawn": withdrawn,
        "occasion.completed": Occasion.objects.filter(state=OccasionState.COMPLETED).count(),
    }
    for event, n in happened.items():
        if noted[event] != n:
            yield f"I6: {event} was noted {noted[event]} times and happened {n} times"


def i7_everything_ends() -> Iterator[str]:
    """No due message is forgotten, and no key of the plan is there twice."""
    if n := claims.n_ready(now=clock.now()):
        yield f"I7: {n} messages are due and could go"
    keys = Message.objects.values("occasion", "kind", "nth").annotate(n=Count("pk"))
    if n := keys.filter(n__gt=1).count():
        yield f"I7: {n} messages are planned twice"


def i8_statuses(statuses: Collection[int]) -> Iterator[str]:
    """Nobody saw an error of ours."""
    for status in sorted(statuses):
        if status >= 500 and status != 503:
            yield f"I8: a page answered {status}"
