"""A database that is older than what was sent from it sends nothing until a person says so (B12).

The backups here are real: the database is copied, dropped and made again from the copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import redis
from django.db import connection, transaction
from psycopg import sql as names
from pytest_django import Settings

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.lib import sql
from surveys.messaging import claims, holding, origin
from surveys.messaging.delivery import deliver_due
from surveys.messaging.memory import Mark, Memory
from surveys.messaging.models import DatabaseOrigin, SendingHold
from surveys.scheduling.models import Message
from tests.database import url_of_tests
from tests.smtp import ScriptedServer
from tests.world import DAY, NOW

pytestmark = pytest.mark.django_db(transaction=True)

Invite = Callable[..., Message]
BY = Actor.system("test")
LATER = NOW + timedelta(hours=2)


@contextmanager
def backup() -> Iterator[Callable[[], None]]:
    """Copies the test database now; the value puts the copy in its place."""
    database = names.Identifier(connection.settings_dict["NAME"])
    copy = names.Identifier(f"backup_{uuid4().hex}")

    def run(*statements: names.Composed) -> None:
        connection.close()
        with psycopg.connect(url_of_tests(), dbname="postgres", autocommit=True) as admin:
            for statement in statements:
                admin.execute(statement)

    def restore() -> None:
        run(
            names.SQL("DROP DATABASE {} WITH (FORCE)").format(database),
            names.SQL("CREATE DATABASE {} TEMPLATE {}").format(database, copy),
        )

    # a browser test before this one may have left a session of its own, and a copy needs to be alone
    ended = names.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}")
    run(
        ended.format(names.Literal(connection.settings_dict["NAME"])),
        names.SQL("CREATE DATABASE {} TEMPLATE {}").format(copy, database),
    )
    try:
        yield restore
    finally:
        run(names.SQL("DROP DATABASE {}").format(copy))


def held() -> str:
    row = SendingHold.objects.first()
    return row.reason if row else ""


def states() -> dict[str, str]:
    rows = Message.objects.values_list("occasion__participant__code", "state", "why_not")
    return {code: f"{state} {why}".strip() for code, state, why in rows}


def forget_in_valkey(settings: Settings) -> None:
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.delete(f"sent:{origin.standing().key}")
    client.close()


def forget_in_file(settings: Settings) -> None:
    (Path(settings.VAR_DIR) / "sent" / f"{origin.standing().key}.json").unlink()


def stand_elsewhere() -> None:
    DatabaseOrigin.objects.update(place="another server/5")


def test_after_a_restore_nothing_is_sent_and_a_person_decides(
    server: ScriptedServer, invite: Invite
) -> None:
    invite("AAAA-0001")
    deliver_due(now=NOW)
    for n in (2, 3, 4):
        invite(f"AAAA-000{n}")
    late = Message.objects.filter(occasion__participant__code="AAAA-0004")
    late.update(due_at=NOW + timedelta(hours=1))
    with backup() as restore:
        deliver_due(now=NOW)
        assert len(server.accepted) == 3
        restore()

    assert deliver_due(now=LATER).n_ended == 0
    assert deliver_due(now=LATER).n_ended == 0
    assert len(server.accepted) == 3
    hold = SendingHold.objects.get()
    assert hold.reason.startswith("The database is older than the mails")
    assert hold.sent_until == NOW
    assert Event.objects.filter(event="sending.held").count() == 1

    assert pipeline.release(doubt_until=hold.sent_until, by=BY, now=LATER) == 2
    deliver_due(now=LATER)
    assert states() == {
        "AAAA-0001": "sent",
        "AAAA-0002": "unknown restored",
        "AAAA-0003": "unknown restored",
        "AAAA-0004": "sent",
    }
    assert len(server.accepted) == 4
    assert held() == ""


def test_a_person_may_also_have_everything_sent(server: ScriptedServer, invite: Invite) -> None:
    for n in (1, 2):
        invite(f"AAAA-000{n}")
    deliver_due(now=NOW - DAY)  # the database gets its key, and sends nothing yet
    with backup() as restore:
        deliver_due(now=NOW)
        restore()
    deliver_due(now=NOW)
    assert len(server.accepted) == 2
    pipeline.release(doubt_until=None, by=BY, now=NOW)
    deliver_due(now=NOW)
    assert len(server.accepted) == 4
    deliver_due(now=NOW)
    assert held() == ""


def test_control_without_any_memory_the_mails_go_out_again(
    server: ScriptedServer, settings: Settings, invite: Invite
) -> None:
    invite()
    deliver_due(now=NOW - DAY)  # the database gets its key, and sends nothing yet
    with backup() as restore:
        deliver_due(now=NOW)
        restore()
    forget_in_file(settings)
    forget_in_valkey(settings)
    origin.settle()
    deliver_due(now=NOW)
    assert len(server.accepted) == 2


@pytest.mark.parametrize("forget", [forget_in_valkey, forget_in_file])
def test_one_memory_is_enough(
    server: ScriptedServer,
    settings: Settings,
    invite: Invite,
    forget: Callable[[Settings], None],
) -> None:
    invite()
    deliver_due(now=NOW - DAY)  # the database gets its key, and sends nothing yet
    with backup() as restore:
        deliver_due(now=NOW)
        restore()
    forget(settings)
    deliver_due(now=NOW)
    assert held().startswith("The database is older")


def test_a_backup_on_a_new_machine_that_remembers_nothing_is_held_as_well(
    server: ScriptedServer, settings: Settings, invite: Invite
) -> None:
    invite()
    deliver_due(now=NOW)
    forget_in_valkey(settings)
    forget_in_file(settings)
    stand_elsewhere()
    invite("AAAA-0002")
    deliver_due(now=NOW)
    assert held().startswith("The database stands on another server")
    assert len(server.accepted) == 1

    pipeline.release(doubt_until=None, by=BY, now=NOW)
    deliver_due(now=NOW)
    assert (held(), len(server.accepted)) == ("", 2)


def test_a_server_that_was_upgraded_is_no_reason_while_the_memory_agrees(
    server: ScriptedServer, settings: Settings, invite: Invite
) -> None:
    invite()
    deliver_due(now=NOW)
    stand_elsewhere()
    deliver_due(now=NOW)
    assert held() == ""
    assert not origin.standing().has_moved


def test_ordinary_life_holds_nothing(
    server: ScriptedServer, settings: Settings, invite: Invite
) -> None:
    """Gaps in the numbers, claims given back or rolled back, one memory lost after the other."""
    for n in range(6):
        invite(f"AAAA-000{n}")
    taken = claims.claim(now=NOW, limit=4, cap=6)
    with Memory(origin.standing().key) as memory:
        memory.note(Mark(claimed=max(taken.attempts.values())))
    claims.release(taken.letters, taken.token)  # the numbers that were noted have no rows now
    with transaction.atomic():
        sql.rows("SELECT nextval(pg_get_serial_sequence('surveys_deliveryattempt', 'id'))")
        transaction.set_rollback(True)
    for damage in (forget_in_valkey, forget_in_file, lambda _: None):
        assert deliver_due(now=NOW, limit=2).n_ended == 2
        damage(settings)
    deliver_due(now=NOW)
    assert (held(), len(server.accepted)) == ("", 6)


def test_what_another_worker_sends_meanwhile_is_no_reason(
    server: ScriptedServer, invite: Invite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It notes a newer mail between our looks at the database and at the memory."""
    invite("AAAA-0001")
    deliver_due(now=NOW)
    invite("AAAA-0002")
    recall = Memory.recall

    def after_another(memory: Memory) -> Mark:
        monkeypatch.setattr(Memory, "recall", recall)
        deliver_due(now=NOW)
        return memory.recall()

    monkeypatch.setattr(Memory, "recall", after_another)
    deliver_due(now=NOW)
    assert len(server.accepted) == 2
    assert held() == ""


def test_a_hold_for_another_reason_leaves_older_backups_known(
    server: ScriptedServer, invite: Invite
) -> None:
    invite("AAAA-0001")
    deliver_due(now=NOW - DAY)  # the database gets its key, and sends nothing yet
    with backup() as restore:
        pipeline.hold(reason="The mail server moves.", by=BY, now=NOW)
        deliver_due(now=NOW)
        pipeline.release(doubt_until=None, by=BY, now=NOW)
        deliver_due(now=NOW)
        assert len(server.accepted) == 1
        restore()
    deliver_due(now=LATER)
    assert held().startswith("The database is older")
    assert len(server.accepted) == 1


def test_who_held_before_the_restore_was_noticed_learns_of_it(
    server: ScriptedServer, invite: Invite
) -> None:
    invite("AAAA-0001")
    deliver_due(now=NOW - DAY)  # the database gets its key, and sends nothing yet
    with backup() as restore:
        deliver_due(now=NOW)
        restore()
    pipeline.hold(reason="A backup is put back.", by=BY, now=NOW)
    deliver_due(now=LATER)
    found = SendingHold.objects.get()
    assert found.reason.startswith("The database is older")
    assert (found.sent_until, found.since) == (NOW, NOW)
    assert pipeline.release(doubt_until=found.sent_until, by=BY, now=LATER) == 1
    deliver_due(now=LATER)
    assert held() == ""
    assert len(server.accepted) == 1


def test_mails_go_out_although_nothing_can_be_remembered(
    server: ScriptedServer,
    settings: Settings,
    invite: Invite,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    settings.VAR_DIR = tmp_path / "file"
    settings.VAR_DIR.touch()
    invite()
    assert deliver_due(now=NOW).n_ended == 1
    told = [r.getMessage() for r in caplog.records if "cannot be remembered" in r.getMessage()]
    assert [words.split(":")[0] for words in told] == [
        "what was sent cannot be remembered in Valkey",
        "what was sent cannot be remembered in a file",
    ]


def test_a_mark_only_grows_whoever_notes_it() -> None:
    key = uuid4()
    with Memory(key) as one, Memory(key) as other:
        one.note(Mark(claimed=20, started=9, seconds=5.0))
        other.note(Mark(claimed=10, started=11, seconds=4.0))
        assert one.recall() == other.recall() == Mark(20, 11, 5.0)
    with Memory(uuid4()) as another:
        assert another.recall() == Mark()


def test_a_person_can_hold_everything_once_and_release_it_once(
    server: ScriptedServer, invite: Invite
) -> None:
    invite()
    for reason in ("a test of the mail server", "another"):
        pipeline.hold(reason=reason, by=BY, now=NOW)
    assert held() == "a test of the mail server"
    assert claims.n_ready(now=NOW) == 0
    assert [(row.study, row.n_due, row.n_doubtful) for row in waiting()] == [("calm-year", 1, 0)]
    deliver_due(now=NOW)
    assert server.accepted == []
    pipeline.release(doubt_until=None, by=BY, now=NOW)
    with pytest.raises(holding.NotHeld):
        pipeline.release(doubt_until=None, by=BY, now=NOW)
    assert [e.event for e in Event.objects.order_by("pk")] == ["sending.held", "sending.released"]


def waiting() -> list[holding.Waiting]:
    return holding.waiting(now=NOW, doubt_until=None)
