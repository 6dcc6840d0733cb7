"""A study whose messages are due, and a mail server that can misbehave."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from studyplatform.env import Smtp
from surveys.design.models import Study
from surveys.scheduling.models import Message
from tests import world
from tests.smtp import ScriptedServer, scripted_server


@pytest.fixture
def server(settings: Settings) -> Iterator[ScriptedServer]:
    """The mail server of the settings."""
    settings.MAIL_FROM = "Studies <studies@host.example>"
    settings.PUBLIC_ORIGIN = "https://host.example"
    with scripted_server() as running:
        settings.SMTP = Smtp(running.host, running.port, timeout=10)
        yield running


@pytest.fixture
def impatient(server: ScriptedServer, settings: Settings) -> None:
    """For servers that hang: less than half a second a step, three times that for the last."""
    settings.SMTP = Smtp(server.host, server.port, timeout=0.4)


@pytest.fixture
def study() -> Study:
    """The small world's study."""
    return world.make_study()


@pytest.fixture
def invite(study: Study) -> Callable[..., Message]:
    """Makes a person with an open occasion and an invitation that is due."""

    def make(code: str = "AAAA-0001", **person: str) -> Message:
        participant = world.make_person(study, code, **person)
        return world.make_message(world.make_occasion(participant))

    return make
