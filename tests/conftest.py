"""Fixtures for every test: a real database whose audit trail may be emptied between tests."""

from __future__ import annotations

import pytest
from django.db import connection


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> None:
    """Let transactional tests truncate the audit trail; everything else stays as shipped."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("ALTER TABLE surveys_event DISABLE TRIGGER event_is_not_emptied")
