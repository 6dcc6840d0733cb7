"""The container files agree with each other and with the settings; `make image` runs the steps."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pytest_django import Settings
from ruamel.yaml import YAML

from studyplatform import processes

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"


def compose() -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(DOCKER / "compose.yaml")
    return found


def example() -> set[str]:
    return set(re.findall(r"^([A-Z_]+)=", (DOCKER / "secrets.env.example").read_text(), re.M))


def test_every_process_of_the_platform_is_a_service() -> None:
    services = compose()["services"]
    named = {program.name for program in processes.all_of({"VAR_DIR": ""}, port=8000)}
    assert {"postgres", "valkey", "migrate", *named} == set(services)
    ours = [service for service in services.values() if "build" in service]
    assert len(ours) == 6
    assert all(service["cap_drop"] == ["ALL"] and service["read_only"] for service in ours)


def test_every_queue_has_a_worker_in_either_place(settings: Settings) -> None:
    programs = processes.all_of({"VAR_DIR": ""}, port=8000)
    commands = [" ".join(program.argv) for program in programs]
    composed = [service.get("command", "") for service in compose()["services"].values()]
    names = {queue.name for queue in settings.CELERY_TASK_QUEUES}
    assert {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()} <= names
    for place in (commands, composed):
        assert set(re.findall(r"--queues (\w+)", "\n".join(place))) == names


def test_the_example_holds_every_variable_that_compose_demands() -> None:
    demanded = set(re.findall(r"\$\{([A-Z_]+):\?\}", (DOCKER / "compose.yaml").read_text()))
    assert demanded == example()


def test_what_the_services_get_are_settings_that_exist() -> None:
    settings = "".join(
        (ROOT / "studyplatform" / f).read_text() for f in ("settings.py", "webserver.py")
    )
    given = {name for service in compose()["services"].values() if "build" in service
             for name in service["environment"]}  # fmt: skip
    assert {name for name in given if f'"{name}"' not in settings} == set()


def test_the_image_is_built_by_the_script_and_runs_as_nobody_special() -> None:
    dockerfile = (DOCKER / "Dockerfile").read_text()
    assert "docker/build.sh" in dockerfile
    assert re.search(r"^USER 10001$", dockerfile, re.M)
    assert "HEALTHCHECK" in dockerfile
    bases = re.findall(r"^FROM (\S+)", dockerfile, re.M)
    assert len(set(bases)) == 1
    assert re.search(r":\d+\.\d+\.\d+-", bases[0]), "the base has no exact tag"
