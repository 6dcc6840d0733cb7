"""Celery is a doorbell: what tasks, their publishers and their settings must keep to."""

from __future__ import annotations

import ast
import inspect
from datetime import timedelta
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from django.conf import settings
from django.utils.module_loading import autodiscover_modules
from ruamel.yaml import YAML

from studyplatform import processes
from studyplatform.celery import app
from tests.architecture.test_modules import modules, name, tree

ROOT = Path(__file__).resolve().parents[2]
DOORBELL = "surveys/lib/doorbell.py"
PUBLISHES = {"apply_async", "delay", "send_task", "apply_async_on_commit", "delay_on_commit"}
LATER = {"eta", "countdown", "retry_backoff", "autoretry_for", "max_retries", "default_retry_delay"}


def our_tasks() -> dict[str, Any]:
    autodiscover_modules("tasks")
    return {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}


def calls(path: Path) -> list[tuple[str, set[str]]]:
    """Each call of the module: the last name called, and its keyword arguments."""
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            called = node.func.id if isinstance(node.func, ast.Name) else called
            found.append((called, {keyword.arg or "" for keyword in node.keywords}))
    return found


def test_only_the_doorbell_publishes() -> None:
    found = {name(path) for path in modules() for called, _ in calls(path) if called in PUBLISHES}
    assert found == {DOORBELL}


def test_nothing_is_put_off_in_the_broker() -> None:
    """A task with an ETA runs again and again once that lies beyond the visibility time-out."""
    for path in modules():
        for called, keywords in calls(path):
            is_celerys = called in PUBLISHES | {"shared_task", "task", "retry", "signature", "s"}
            assert not (is_celerys and keywords & LATER), name(path)
        retries = [
            node
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "retry"
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in {"self", "task"}
        ]
        assert not retries, name(path)


def test_tasks_are_given_ids_and_nothing_else() -> None:
    for task, it in our_tasks().items():
        hints = get_type_hints(inspect.unwrap(it.run))
        hints.pop("return")
        assert set(hints.values()) <= {str}, task
        assert all(argument.endswith("_id") for argument in hints), task


def test_every_task_has_one_of_our_queues() -> None:
    queues = {queue.name for queue in settings.CELERY_TASK_QUEUES}
    routed = {
        task: app.amqp.router.route({}, task)["queue"].name  # as a publisher would
        for task in our_tasks()
    }
    assert queues == {"planning", "sending", "exports"} == set(routed.values())
    assert routed["surveys.tasks.sweep"] == "planning"
    assert routed["surveys.tasks.deliver"] == "sending"
    assert routed["analytics.tasks.build_export"] == "exports"
    assert app.conf.task_default_queue in queues
    assert app.conf.task_create_missing_queues is False


def test_beat_is_static_rings_tasks_without_arguments_and_keeps_to_intervals() -> None:
    assert app.conf.beat_scheduler == "studyplatform.ticking:Scheduler"
    assert settings.CELERY_TIMEZONE == "UTC"
    schedule: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
    for entry in schedule.values():
        assert entry["task"] in our_tasks()
        assert isinstance(entry["schedule"], timedelta)  # no crontab meets a change of clocks
        assert not entry.get("args")
        assert not entry.get("kwargs")
        assert "options" not in entry  # no expiry: a worker with a wrong clock hears nothing then


def test_every_beaten_job_leaves_a_heartbeat() -> None:
    beaten = {
        node.args[0].value
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (node.func.attr, getattr(node.func.value, "id", "")) == ("beat", "heartbeat")
        and isinstance(node.args[0], ast.Constant)
    }
    assert beaten == set(settings.CELERY_BEAT_SCHEDULE)


def test_tasks_survive_their_worker_and_are_json() -> None:
    conf = app.conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert conf.task_publish_retry is False
    assert conf.accept_content == ["json"]
    assert (conf.task_serializer, conf.event_serializer) == ("json", "json")
    assert conf.broker_connection_retry_on_startup
    for option in ("socket_timeout", "socket_connect_timeout", "health_check_interval"):
        assert 0 < conf.broker_transport_options[option] <= 10


def test_the_visibility_time_out_stands_in_one_place() -> None:
    """Brokers take the shortest that any client names; a result backend would name another."""
    assert app.conf.broker_transport_options["visibility_timeout"] == settings.VISIBILITY_SECONDS
    assert app.conf.result_backend is None
    assert not app.conf.result_backend_transport_options
    places = [name(path) for path in modules() if '"visibility_timeout":' in path.read_text()]
    assert places == ["studyplatform/settings.py"]


WORKERS = ("planner", "sender", "exporter")


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_may_finish_its_mail_before_it_is_killed(worker: str) -> None:
    (program,) = [
        each for each in processes.all_of({"VAR_DIR": ""}, port=8000) if each.name == worker
    ]
    composed = YAML(typ="safe").load(ROOT / "docker" / "compose.yaml")["services"][worker]
    assert app.conf.worker_soft_shutdown_timeout < program.stop_seconds
    assert program.stop_seconds >= 2 * 30
    assert int(composed["stop_grace_period"].rstrip("s")) > program.stop_seconds
    assert "REMAP_SIGTERM" not in {**program.env, **composed["environment"]}
    ours = " ".join(program.argv).replace(f" --hostname {worker}@%h", "")
    assert ours.partition(" celery ")[2] in composed["command"]
