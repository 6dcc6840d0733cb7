"""Alerts are raised once, told without a word about the person, and escalate until somebody acts."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test import Client
from pytest_django import Settings

from studyplatform.env import Smtp
from surveys import pipeline
from surveys.access.models import User
from surveys.access.roles import Role
from surveys.audit.actors import Actor, ActorKind
from surveys.audit.models import Event
from surveys.lib.states import IllegalMove
from surveys.messaging.models import Notification
from surveys.responding.models import Submission
from surveys.safety import queries
from surveys.safety.cases import NoteMissing
from surveys.safety.models import Alert
from surveys.scheduling.models import Occasion
from tests.integration.messaging.conftest import server as server
from tests.integration.safety.stage import RULE, answer, make_concern, make_member
from tests.smtp import ScriptedServer
from tests.world import NOW, make_occasion

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)
BY = Actor(ActorKind.STAFF, "S-TESTER")


@pytest.fixture
def occasion() -> Occasion:
    occasion = make_concern()
    make_member(occasion.participant.study, Role.COORDINATOR)
    make_member(occasion.participant.study, Role.OWNER)
    return occasion


def recipients() -> list[str]:
    """The roles to whose addresses mails were posted, in order."""
    names = dict(User.objects.values_list("code", "email"))
    rows = Notification.objects.order_by("posted_at", "id")
    return [names[row.recipient].split("@")[0] for row in rows]


def test_a_draft_of_concern_raises_an_alert(occasion: Occasion) -> None:
    saved = answer(occasion, 1)
    alert = Alert.objects.get()
    assert saved.raised
    assert Submission.objects.get().state == "draft"
    assert (alert.state, alert.raised_at, alert.escalates_at) == ("open", NOW, NOW + HOUR)
    assert alert.found == {"answers": {"closeness": 1.0}, "scores": {}}
    assert recipients() == ["coordinator"]
    event = Event.objects.get(event="alert.raised")
    assert (event.subject, event.study) == (alert.code, "calm-year")
    assert occasion.participant.code not in str(event.data)


@pytest.mark.parametrize("closeness", [3, 7, -9, ""])
def test_other_answers_raise_none(occasion: Occasion, closeness: int | str) -> None:
    assert not answer(occasion, closeness).raised
    assert not Alert.objects.exists()


def test_it_counts_also_on_the_way_back_and_beside_a_faulty_answer() -> None:
    for n, (forward, age) in enumerate([(False, "44"), (True, "many")]):
        occasion = make_concern(study=f"study-{n}")
        posted = {"closeness": "1", "age": age}
        saved = pipeline.save_page(
            occasion=occasion.id,
            instrument="every-kind@1",
            page=1,
            posted=posted,
            forward=forward,
            now=NOW,
        )
        assert saved.raised


def test_an_answer_that_comes_again_or_changes_raises_no_second(occasion: Occasion) -> None:
    answer(occasion, 1)
    assert not answer(occasion, 1, now=NOW + HOUR).raised
    assert not answer(occasion, 5, now=NOW + 2 * HOUR).raised
    assert not answer(occasion, 2, now=NOW + 3 * HOUR).raised
    alert = Alert.objects.get()
    assert alert.found["answers"] == {"closeness": 1.0}
    assert Notification.objects.count() == 1


def test_another_occasion_raises_its_own(occasion: Occasion) -> None:
    answer(occasion, 1)
    other = make_occasion(occasion.participant, "m3")
    assert answer(other, 1).raised
    assert Alert.objects.count() == 2


def test_parallel_saves_raise_one(occasion: Occasion) -> None:
    barrier, found = Barrier(8), []

    def save() -> None:
        barrier.wait()
        try:
            found.append(answer(occasion, 1).raised)
        finally:
            connection.close()

    threads = [Thread(target=save) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [False] * 7 + [True]
    assert Alert.objects.count() == Notification.objects.count() == 1


def test_the_database_refuses_a_second_even_without_the_lock(occasion: Occasion) -> None:
    answer(occasion, 1)
    alert = Alert.objects.get()
    alert.pk, alert.code = None, "A-OTHER"
    with pytest.raises(IntegrityError), transaction.atomic():
        alert.save(force_insert=True)


def test_a_save_that_fails_leaves_no_alert_and_no_mail(occasion: Occasion) -> None:
    with transaction.atomic():
        answer(occasion, 1)
        transaction.set_rollback(True)
    assert not Alert.objects.exists()
    assert not Notification.objects.exists()
    assert not Submission.objects.exists()


def test_a_mail_says_nothing_about_anybody(
    occasion: Occasion, server: ScriptedServer, settings: Settings
) -> None:
    answer(occasion, 1)
    pipeline.notify(now=NOW)
    alert = Alert.objects.get()
    (mail,) = server.accepted
    assert mail.to == "coordinator@uni.example"
    assert mail.email["Subject"] == f"Safety alert {alert.code} in calm-year needs you"
    parts = [part for part in mail.email.walk() if not part.is_multipart()]
    said = "".join(bytes(part.get_payload(decode=True)).decode() for part in parts)
    assert f"https://host.example/console/studies/calm-year/alerts/{alert.code}/" in said
    assert "2027-03-01 09:00 UTC" in said
    hidden = (occasion.participant.code, "closeness", "Close?", "distant", "every-kind", "baseline")
    assert not [word for word in hidden if word in said + mail.email.as_string()]
    assert "The coordinator" not in said


def test_nobody_acknowledges_it(occasion: Occasion, server: ScriptedServer) -> None:
    answer(occasion, 1)
    for hours, told in [
        (0.9, ["coordinator"]),
        (1, ["coordinator", "owner"]),
        (1.5, ["coordinator", "owner"]),
        (2, ["coordinator", "owner", "coordinator", "owner"]),
        (2, ["coordinator", "owner", "coordinator", "owner"]),
        (50, ["coordinator", "owner", "coordinator", "owner", "coordinator", "owner"]),
    ]:
        pipeline.notify(now=NOW + hours * HOUR)
        assert sorted(recipients()[1:]) == sorted(told[1:])
    alert = Alert.objects.get()
    assert (alert.state, alert.n_escalations) == ("escalated", 3)
    assert [step.step for step in alert.steps.all()] == ["raised", *["escalated"] * 3]
    assert queries.counts(alert.study, now=NOW).n_overdue == 1
    late = server.accepted[1]
    assert late.email["Subject"].endswith("not acknowledged (1)")
    pipeline.acknowledge(alert=alert, by=BY, now=NOW + 51 * HOUR)
    pipeline.notify(now=NOW + 99 * HOUR)
    assert len(server.accepted) == 6
    assert Event.objects.filter(event="alert.escalated").count() == 3


def test_a_rule_without_a_clock_does_not_escalate(server: ScriptedServer) -> None:
    occasion = make_concern({**RULE, "escalate_after": None, "escalate_to": []})
    answer(occasion, 1)
    pipeline.notify(now=NOW + 999 * HOUR)
    assert Alert.objects.get().state == "open"


def test_the_case_is_worked_on_and_closed(occasion: Occasion) -> None:
    answer(occasion, 1)
    alert = Alert.objects.get()
    with pytest.raises(IllegalMove):
        pipeline.close_alert(alert=alert, words="done", by=BY, now=NOW)
    pipeline.acknowledge(alert=alert, by=BY, now=NOW + HOUR)
    with pytest.raises(IllegalMove):
        pipeline.acknowledge(alert=alert, by=BY, now=NOW + HOUR)
    pipeline.note_on_alert(alert=alert, words=" called ", by=BY, now=NOW + HOUR)
    for words in ("", " \0 ", "x" * 5001):
        with pytest.raises(NoteMissing):
            pipeline.close_alert(alert=alert, words=words, by=BY, now=NOW)
    pipeline.close_alert(alert=alert, words="is safe", by=BY, now=NOW + 2 * HOUR)
    alert.refresh_from_db()
    assert (alert.state, alert.acknowledged_by, alert.closed_at) == (
        "closed",
        BY.name,
        NOW + 2 * HOUR,
    )
    assert [step.note for step in alert.steps.all()] == ["", "", "called", "is safe"]
    told = Event.objects.filter(event__startswith="alert.").values_list("event", flat=True)
    assert list(told) == ["alert.raised", "alert.acknowledged", "alert.noted", "alert.closed"]
    assert not Event.objects.filter(data__icontains="called").exists()


def test_who_is_told_when_the_named_are_not_there() -> None:
    occasion = make_concern()
    study = occasion.participant.study
    assert queries.unmanned(study) == ["coordinator", "owner"]
    User.objects.create_superuser("root@uni.example")
    gone = make_member(study, Role.COORDINATOR, "gone")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    make_member(study, Role.DATA_MANAGER)
    answer(occasion, 1)
    assert recipients() == ["root"]
    make_member(study, Role.RESEARCHER)
    answer(make_occasion(occasion.participant, "m3"), 1)
    assert recipients() == ["root", "researcher"]


def test_staff_are_named_by_address() -> None:
    occasion = make_concern({**RULE, "alert": ["Ada@uni.example"]})
    make_member(occasion.participant.study, Role.RESEARCHER, "ada")
    make_member(occasion.participant.study, Role.COORDINATOR)
    answer(occasion, 1)
    assert recipients() == ["ada"]


def test_a_drill_goes_the_whole_way_and_is_counted_nowhere(
    occasion: Occasion, server: ScriptedServer
) -> None:
    study = occasion.participant.study
    alert = pipeline.drill(study=study, rule="distant", by=BY, now=NOW)
    pipeline.notify(now=NOW)
    pipeline.notify(now=NOW + HOUR)
    assert [mail.to.split("@")[0] for mail in server.accepted] == ["coordinator", "owner"]
    assert all(mail.email["Subject"].startswith("Drill ") for mail in server.accepted)
    pipeline.acknowledge(alert=alert, by=BY, now=NOW + 2 * HOUR)
    counted = queries.counts(study, now=NOW)
    assert (counted.n_all, counted.n_waiting, counted.n_overdue, counted.n_drills) == (0, 0, 0, 1)
    with pytest.raises(LookupError):
        pipeline.drill(study=study, rule="other", by=BY, now=NOW)


def test_mails_that_do_not_go_out_are_told_loudly(occasion: Occasion, settings: Settings) -> None:
    settings.SMTP = Smtp("127.0.0.1", 1, timeout=1)
    answer(occasion, 1)
    pipeline.notify(now=NOW)
    study = occasion.participant.study
    assert not queries.stuck(study).exists()
    assert notices() == []
    Notification.objects.update(posted_at=F("posted_at") - timedelta(minutes=11))
    assert queries.stuck(study).count() == 1
    assert notices() == [
        "1 mail about a safety alert could not be sent within 10 minutes; staff may not know of it"
    ]
    pipeline.acknowledge(alert=Alert.objects.get(), by=BY, now=NOW)
    assert notices() == []


def test_help_is_new_at_first_and_then_within_reach(occasion: Occasion) -> None:
    assert queries.help_for(occasion, "en") == queries.Help()
    answer(occasion, 1)
    occasion.refresh_from_db()
    assert queries.help_for(occasion, "de") == queries.Help("Im Notfall wählen Sie 112.", True)
    answer(occasion, 1, now=NOW + HOUR)
    occasion.refresh_from_db()
    assert queries.help_for(occasion, "en") == queries.Help("In an emergency call 112.", False)


def notices() -> list[str]:
    answer: Any = Client().get("/readyz").json()
    return [line for line in answer["notices"] if "alert" in line]


def test_erased_answers_are_erased_here_too(occasion: Occasion) -> None:
    answer(occasion, 1)
    person = occasion.participant
    by = Actor.participant(person.code)
    pipeline.withdraw(participant=person, scope="erase_data", reason="", by=by, now=NOW)
    alert = Alert.objects.get()
    assert (alert.found, alert.state) == ({}, "open")


def test_a_page_that_saves_itself_counts(occasion: Occasion) -> None:
    pipeline.save_page(
        occasion=occasion.id,
        instrument="every-kind@1",
        page=1,
        posted={"closeness": "1", "touched": "closeness:1.5"},
        forward=False,
        now=NOW,
        by_itself=True,
    )
    assert Alert.objects.exists()
