"""Many people who are to be written to at this moment, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from surveys.design.models import Study
from surveys.instruments.definition import Instrument
from surveys.instruments.models import InstrumentVersion
from surveys.lib import clock
from surveys.lib.documents import content_hash
from surveys.participants.identity.actions import NewPerson, remember_all
from surveys.participants.models import Participant
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.states import MessageKind, MessageState, OccasionState
from tests import world

HOUR = timedelta(hours=1)


def study(**changes: Any) -> Study:
    """The small world's study, made once."""
    return Study.objects.filter(code="calm-year").first() or world.make_study(**changes)


def enrol(n: int, *, email: str = "{code}@mail.example", **changes: Any) -> list[Participant]:
    """`n` more people of the study with names and addresses."""
    of = study()
    first = of.participants.count()
    codes = [f"AAAA-{number:04}" for number in range(first, first + n)]
    version = of.protocols.latest("version")
    values: dict[str, Any] = {
        "study": of, "protocol": version, "language": "en", "timezone": "Europe/Berlin",
        "enrolled_at": clock.now() - 48 * HOUR,
    }  # fmt: skip
    made = Participant.objects.bulk_create(
        [Participant(**{**values, **changes, "code": code}) for code in codes]
    )
    remember_all(NewPerson(one, email.format(code=one.code.lower()), "Ada") for one in made)
    return made


def open_occasions(people: Sequence[Participant], **changes: Any) -> list[Occasion]:
    """One open window each, an hour old and two weeks long."""
    now = clock.now()
    values: dict[str, Any] = {
        "wave": "baseline", "state": OccasionState.OPEN,
        "opens_at": now - HOUR, "closes_at": now + 14 * 24 * HOUR,
    }  # fmt: skip
    return Occasion.objects.bulk_create(
        [
            Occasion(participant=one, protocol_id=one.protocol_id, **{**values, **changes})
            for one in people
        ]
    )


def messages(
    occasions: Sequence[Occasion], *, due_at: datetime | None = None, **changes: Any
) -> list[Message]:
    """An invitation for each, due half an hour ago."""
    due = due_at or clock.now() - HOUR / 2
    values: dict[str, Any] = {"kind": MessageKind.INVITATION, "due_at": due} | changes
    return Message.objects.bulk_create([Message(occasion=each, **values) for each in occasions])


def invite(n: int, **person: Any) -> list[Message]:
    """`n` people with an invitation that is due."""
    return messages(open_occasions(enrol(n, **person)))


def is_settled() -> bool:
    """Whether no message is on its way, or about to be."""
    moving = Message.objects.filter(state__in=(MessageState.DUE, MessageState.SENDING))
    return not moving.filter(due_at__lte=clock.now()).exists()


def waiting() -> set[UUID]:
    """Messages that are still to be sent, now or later."""
    return set(Message.objects.filter(state=MessageState.DUE).values_list("pk", flat=True))


def ahead() -> set[UUID]:
    """Messages that are due later."""
    due = Message.objects.filter(state=MessageState.DUE, due_at__gt=clock.now())
    return set(due.values_list("pk", flat=True))


def n_in(*states: MessageState) -> int:
    """How many messages stand there."""
    return Message.objects.filter(state__in=states).count()


def remember(instrument: Instrument) -> None:
    """Make the instrument known to the platform."""
    document = instrument.model_dump(mode="json")
    InstrumentVersion.objects.create(
        code=instrument.instrument,
        version=instrument.version,
        content_hash=content_hash(document),
        document=document,
        added_at=clock.now(),
    )
