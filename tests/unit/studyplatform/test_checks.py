"""Settings that do not fit together are found before anything starts."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from studyplatform import checks
from studyplatform.env import Smtp


@pytest.mark.parametrize(("timeout", "found"), [(20, []), (25, []), (30, ["studyplatform.E003"])])
def test_the_patience_with_a_mail_server_fits_into_a_delivery(
    settings: Settings, timeout: float, found: list[str]
) -> None:
    settings.SMTP = Smtp("mail.example", 25, timeout=timeout)
    assert [error.id for error in checks.a_slow_mail_server_fits_into_a_delivery(None)] == found


@pytest.mark.parametrize(("margin", "is_found"), [(60, False), (130, True)])
def test_no_task_outlasts_the_brokers_patience(
    monkeypatch: pytest.MonkeyPatch, margin: int, is_found: bool
) -> None:
    monkeypatch.setattr(checks, "MARGIN_SECONDS", margin)
    errors = checks.visibility_outlasts_every_task(None)
    assert any("surveys.tasks.deliver" in error.msg for error in errors) == is_found
