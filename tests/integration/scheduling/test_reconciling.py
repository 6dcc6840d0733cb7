"""The hourly check: what differs is found, told, and made right where something explains it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models.functions import Now
from structlog.testing import capture_logs

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.design.models import Study
from surveys.lib import locks
from surveys.participants.models import Participant
from surveys.scheduling import origin, reconciling
from surveys.scheduling.actions import open_due, replan
from surveys.scheduling.facts import no_results
from surveys.scheduling.models import Message, Occasion, Reconciliation
from surveys.scheduling.reconciling import Reconciled, latest, reconcile_due
from surveys.scheduling.states import Explanation
from tests.functional.console.cast import fingerprint
from tests.integration.scheduling.test_races import at_once
from tests.world import DAY, NOW, make_participant, make_study, wave_document

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
HOUR = timedelta(hours=1)


def a_study(n: int = 3, code: str = "calm-year") -> Study:
    study = make_study(code)
    people = [make_participant(study, f"P{k:03}", enrolled_at=NOW - DAY) for k in range(n)]
    replan(people, by=BY, now=NOW - DAY)
    open_due(now=NOW)
    return study


def checked(study: Study, **changes: Any) -> None:
    """The study was checked two hours ago by this zone database and this code, all well."""
    values: dict[str, Any] = {
        "study": study,
        "began_at": Now() - 2 * HOUR,
        "ended_at": Now() - 2 * HOUR,
        "zone_database": origin.zone_database(),
        "release": origin.release(),
    }
    Reconciliation.objects.create(**values | changes)


def shifted(by: timedelta = HOUR, **which: Any) -> None:
    """Planned occasions as another zone database would have computed them."""
    for occasion in Occasion.objects.filter(state="planned", **which):
        assert occasion.opens_at
        assert occasion.closes_at
        Occasion.objects.filter(pk=occasion.pk).update(
            opens_at=occasion.opens_at + by, closes_at=occasion.closes_at + by
        )
        for message in occasion.messages.all():
            message.due_at += by
            message.save(update_fields=["due_at"])


def plan() -> list[Any]:
    return [
        *Occasion.objects.order_by("pk").values(),
        *Message.objects.order_by("pk").values(),
    ]


def test_plans_that_are_right_are_left_and_nothing_is_told() -> None:
    study = a_study()
    before = plan()
    with capture_logs() as logs:
        assert reconcile_due(now=NOW + HOUR) == Reconciled(3)
    check = latest(study)
    assert check is not None
    assert (check.n_people, check.n_drifted, check.drift) == (3, 0, [])
    assert check.explained_by == Explanation.FIRST
    assert plan() == before
    assert not logs
    assert not Event.objects.filter(event="plans.reconciled").exists()


def test_t18_a_new_zone_database_moves_what_is_to_come_and_the_list_says_so() -> None:
    study = a_study(3)
    checked(study, zone_database="2019a")
    right = plan()
    shifted(participant__code__in=["P000", "P002"])
    with capture_logs() as logs:
        reconcile_due(now=NOW + HOUR)
    check = latest(study)
    assert check is not None
    assert (check.n_people, check.n_drifted, check.n_repaired) == (3, 2, 2)
    assert check.explained_by == Explanation.ZONES
    assert [person["code"] for person in check.drift] == ["P000", "P002"]
    (told,) = check.drift[0]["differences"]
    m3 = Occasion.objects.get(wave="m3", participant__code="P000")
    assert m3.opens_at is not None
    assert (told["wave"], told["what"], told["after"]) == ("m3", "moved", m3.opens_at.isoformat())
    assert datetime.fromisoformat(told["before"]) - m3.opens_at == HOUR
    assert plan() == right, "moved back to the right moment, and the open baseline untouched"
    assert logs[0]["event"] == "plans_drifted"
    assert logs[0]["log_level"] == "warning"
    changed = Event.objects.filter(event="plan.changed").values_list("subject", "actor", "data")
    assert set(map(str, changed)) == {
        str((code, "reconcile", {"moved": 1})) for code in ("P000", "P002")
    }
    # The next hour finds nothing.
    Reconciliation.objects.update(began_at=Now() - 2 * HOUR)
    reconcile_due(now=NOW + 2 * HOUR)
    check = latest(study)
    assert check is not None
    assert (check.n_drifted, check.explained_by) == (0, "")


def test_another_release_explains_drift_too() -> None:
    study = a_study(1)
    checked(study, release="older")
    shifted()
    reconcile_due(now=NOW + HOUR)
    check = latest(study)
    assert check is not None
    assert (check.explained_by, check.n_repaired) == (Explanation.RELEASE, 1)


def test_drift_that_nothing_explains_is_told_and_left_until_somebody_asks() -> None:
    study = a_study(2)
    checked(study)
    shifted()
    Occasion.objects.filter(wave="m3", participant__code="P001").update(
        state="cancelled", cause="not_in_version"
    )
    before = plan()
    reconcile_due(now=NOW + HOUR)
    check = latest(study)
    assert check is not None
    assert (check.n_drifted, check.n_repaired, check.explained_by) == (2, 0, "")
    assert [person["counts"] for person in check.drift] == [{"moved": 1}, {"revived": 1}]
    assert plan() == before
    repaired = pipeline.reconcile_study(study=study, repair=True, by=BY, now=NOW + HOUR)
    assert (repaired.n_drifted, repaired.n_repaired) == (2, 2)
    again = pipeline.reconcile_study(study=study, repair=True, by=BY, now=NOW + HOUR)
    assert again.n_drifted == 0
    assert plan() != before


def test_a_study_is_checked_once_an_hour_and_not_while_paused() -> None:
    study = a_study(1)
    a_study(1, "paused")
    Study.objects.filter(code="paused").update(is_paused=True)
    assert reconcile_due(now=NOW) == Reconciled(1)
    assert reconcile_due(now=NOW) == Reconciled(0)
    Reconciliation.objects.update(began_at=Now() - HOUR)
    assert reconcile_due(now=NOW) == Reconciled(1)
    assert set(Reconciliation.objects.values_list("study__code", flat=True)) == {study.code}


def test_a_check_goes_on_where_it_was_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciling, "CHUNK", 2)
    study = a_study(5)
    shifted()
    with transaction.atomic():
        check = reconciling._due()
        assert check is not None
        assert reconciling._go_on(check, now=NOW, by=BY, results=no_results) == 2
    assert reconcile_due(now=NOW) == Reconciled(3)
    check = Reconciliation.objects.get()
    assert (check.n_people, check.n_drifted, check.n_repaired) == (5, 5, 5)
    assert check.ended_at is not None
    assert [person["code"] for person in check.drift] == [f"P{k:03}" for k in range(5)]
    assert study == check.study


def test_a_run_ends_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    a_study(1)
    monkeypatch.setattr(reconciling, "RUN_SECONDS", -1.0)
    assert reconcile_due(now=NOW) == Reconciled(0, is_cut=True)


def test_only_so_many_examples_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciling, "EXAMPLES", 2)
    study = a_study(4)
    shifted()
    reconcile_due(now=NOW)
    check = latest(study)
    assert check is not None
    assert (check.n_drifted, len(check.drift)) == (4, 2)


def test_somebody_who_cannot_be_planned_is_told_of_and_stops_nobody() -> None:
    study = a_study(3)
    Participant.objects.filter(code="P001").update(timezone="Europe/Atlantis")
    shifted()
    reconcile_due(now=NOW)
    check = latest(study)
    assert check is not None
    assert (check.n_drifted, check.n_repaired) == (3, 2)
    assert check.drift[1]["error"] == "ValueError"


def test_a_mere_explanation_is_no_drift() -> None:
    study = a_study(1)
    checked(study)
    m3 = Occasion.objects.get(wave="m3")
    m3.local["rule"] = "in the words of an older release"
    m3.save()
    reconcile_due(now=NOW)
    check = latest(study)
    assert check is not None
    assert check.n_drifted == 0


@pytest.mark.parametrize("later", [HOUR, 3 * DAY, 20 * DAY, 80 * DAY, 200 * DAY])
def test_time_alone_makes_no_drift(later: timedelta) -> None:
    study = make_study(
        waves=[
            wave_document("baseline", "P0D"),
            wave_document("m3", "P3M", only_if="baseline.completed"),
            wave_document("m6", "P6M"),
        ]
    )
    people = [
        make_participant(study, zone, timezone=zone, enrolled_at=NOW - DAY)
        for zone in ("Europe/Berlin", "Pacific/Auckland", "America/New_York")
    ]
    replan(people, by=BY, now=NOW - DAY)
    checked(study)
    pipeline.sweep(now=NOW + later)
    reconcile_due(now=NOW + later)
    check = latest(study)
    assert check is not None
    assert check.drift == []


def test_the_command_says_what_differs_and_repairs_unless_told_not_to(
    capsys: pytest.CaptureFixture[str],
) -> None:
    a_study(2)
    shifted(participant__code="P001")
    before = plan()
    with pytest.raises(CommandError, match="1 plans differ and were left so"):
        call_command("reconcile", "--dry-run")
    assert plan() == before
    said = capsys.readouterr().out
    assert said == "P001: 1 moved\ncalm-year: 2 plans compared, 1 differed, 0 made right\n"
    call_command("reconcile", "--study", "calm-year")
    assert "1 differed, 1 made right" in capsys.readouterr().out
    call_command("reconcile")
    assert "0 differed" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no study 'nothing'"):
        call_command("reconcile", "--study", "nothing")


def test_checks_that_found_nothing_are_forgotten_after_a_month() -> None:
    study = a_study(1)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    checked(study, began_at=long_ago, ended_at=long_ago)
    checked(study, began_at=long_ago, ended_at=long_ago, n_drifted=1)
    reconcile_due(now=NOW)
    old = Reconciliation.objects.filter(ended_at=long_ago)
    assert list(old.values_list("n_drifted", flat=True)) == [1]


def overlapping(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Two beats ring at the same moment; what both runs returned or raised."""
    go_on: Callable[..., int] = reconciling._go_on

    def slow(*arguments: Any, **more: Any) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.5)")
        return go_on(*arguments, **more)

    monkeypatch.setattr(reconciling, "_go_on", slow)
    return at_once(*[lambda: reconcile_due(now=NOW)] * 2)


@pytest.mark.django_db(transaction=True)
def test_two_beats_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    a_study(2)
    results = overlapping(monkeypatch)
    assert sorted(run.n_people for run in results) == [0, 2]
    assert Reconciliation.objects.get().n_people == 2


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_two_beats_collide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "try_hold", lambda _: True)
    a_study(2)
    results = overlapping(monkeypatch)
    n_people = sum(getattr(run, "n_people", 0) for run in results)
    assert any(isinstance(run, Exception) for run in results) or n_people > 2


def test_a_dry_check_changes_no_plan() -> None:
    study = a_study(2)
    shifted()
    kept = {"surveys_reconciliation", "surveys_event"}
    before = {table: rows for table, rows in fingerprint().items() if table not in kept}
    pipeline.reconcile_study(study=study, repair=False, by=BY, now=NOW)
    after = {table: rows for table, rows in fingerprint().items() if table not in kept}
    assert after == before
