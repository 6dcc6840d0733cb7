"""Who stands on the stage of the console's tests: one study, its people, and staff in every role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from analytics.models import Export
from surveys.access.models import Membership, User
from surveys.access.roles import Role
from surveys.design.models import Study
from surveys.design.queries import current
from surveys.design.registry import protocol_of
from surveys.design.studyfile import write
from surveys.lib import clock
from surveys.participants.models import Participant
from surveys.safety.models import Alert
from surveys.scheduling.models import Message
from surveys.scheduling.states import MessageState, OccasionState
from tests.world import NOW, make_message, make_occasion, make_person, make_study

PASSWORD = "calm-river-stone-12"


@dataclass(frozen=True)
class Stage:
    """A published study with one person, one sent invitation and one queued export."""

    study: Study
    person: Participant
    message: Message
    export: Export

    def url(self, rest: str = "") -> str:
        """An address below the study's own."""
        return f"/console/studies/{self.study.code}/{rest}"


def make_stage(code: str = "calm-year", **changes: Any) -> Stage:
    """The study with its rows, at the platform's present; `changes` are keys of the protocol."""
    study, now = make_study(code, **changes), clock.now()
    person = make_person(study, name="Ada Secret", email="ada@secret.example")
    occasion = make_occasion(
        person, opens_at=now - timedelta(days=2), closes_at=now + timedelta(days=12)
    )
    message = make_message(
        occasion,
        state=MessageState.SENT,
        due_at=now - timedelta(days=2),
        sent_at=now - timedelta(days=2),
    )
    make_occasion(person, "m3", state=OccasionState.PLANNED, opens_at=None, closes_at=None)
    export = Export.objects.create(study=study, formats=["csv"], requested_at=now)
    return Stage(study, person, message, export)


def make_staff(
    role: Role | None, study: Study | None, *, email: str = "", password: str | None = None
) -> User:
    """Somebody with a role in the study; their address follows the role.

    Without a password, because hashing one takes longer than most tests.
    """
    address = email or f"{role or 'nobody'}@study.example"
    user = User.objects.create_user(address, password, name=f"The {role or 'nobody'}")
    if role and study:
        Membership.objects.create(user=user, study=study, role=role, since=NOW)
    return user


def uploaded(name: str, data: bytes) -> dict[str, SimpleUploadedFile]:
    """A form with one chosen file."""
    return {"file": SimpleUploadedFile(name, data)}


def client_of(user: User) -> Client:
    """A browser in which this person is logged in."""
    client = Client()
    client.force_login(user)
    return client


def study_file(study: Study, **replaced: str) -> bytes:
    """The study's file as it could be downloaded, with some of its words replaced."""
    text = write(protocol_of(current(study)))
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    return text.encode()


def fingerprint() -> dict[str, str]:
    """One hash a table over all its rows, whatever the columns."""
    with connection.cursor() as cursor:
        hashes = {}
        for table in connection.introspection.table_names(cursor):
            name = connection.ops.quote_name(table)
            cursor.execute(
                f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {name} t"  # noqa: S608
            )
            hashes[table] = str(cursor.fetchone()[0])
    return hashes


CALM_RULE = {
    "code": "uneasy",
    "instrument": "calm",
    "when": "answers.calm1 >= 2 || scores.calm > 1",
    "alert": ["coordinator"],
    "escalate_after": "PT2H",
    "escalate_to": ["owner"],
}


def make_alert(stage: Stage, code: str = "A-TEST", **changes: Any) -> Alert:
    """An alert of the stage's person, raised an hour ago; `changes` are its columns."""
    occasion = stage.person.occasions.get(wave="baseline")
    now = clock.now()
    values: dict[str, Any] = {
        "code": code,
        "study": stage.study,
        "protocol": occasion.protocol,
        "rule": "uneasy",
        "occasion": occasion,
        "instrument": "calm@1",
        "found": {"answers": {"calm1": 2.0}, "scores": {"calm": 1.5}},
        "raised_at": now - timedelta(hours=1),
        "escalates_at": now + timedelta(hours=1),
    }
    return Alert.objects.create(**values | changes)
