"""Settings fail loudly: every wrong value is refused with the variable's name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from studyplatform import env

ROOT = Path(__file__).resolve().parents[3]


def test_a_database_url_with_a_socket_folder() -> None:
    found = env.database("postgresql://app@/app?host=%2Frun%2Fd%C3%B6r")
    assert (found["HOST"], found["NAME"], found["USER"]) == ("/run/dör", "app", "app")


def test_a_database_url_with_everything() -> None:
    found = env.database("postgresql://ada:p%40ss@db.example:5433/studies?sslmode=require")
    assert found["PASSWORD"] == "p@ss"
    assert (found["HOST"], found["PORT"]) == ("db.example", "5433")
    assert found["OPTIONS"]["sslmode"] == "require"


def test_nobody_waits_for_the_database_for_ever() -> None:
    options = env.database("postgresql://app@/app", statement_seconds=1.5)["OPTIONS"]["options"]
    assert "lock_timeout=10000" in options
    assert "statement_timeout=1500" in options
    own = env.database("postgresql://app@/app?options=-c%20lock_timeout%3D0")
    assert own["OPTIONS"]["options"] == "-c lock_timeout=0"


@pytest.mark.parametrize("url", ["mysql://a/b", "postgresql://host", "postgresql://h:x/db", "x"])
def test_a_wrong_database_url_is_refused(url: str) -> None:
    with pytest.raises(env.BadSetting, match="DATABASE_URL"):
        env.database(url)


def test_celery_wants_a_socket_named_otherwise() -> None:
    assert env.broker("redis://h:6379/3") == "redis://h:6379/3"
    assert env.broker("unix:///run/v.sock?db=2") == "redis+socket:///run/v.sock?virtual_host=2"
    with pytest.raises(env.BadSetting, match="REDIS_URL"):
        env.broker("amqp://h")


def test_a_mail_server_with_everything() -> None:
    found = env.smtp("smtp://office%40uni:se%3Acret@mail.uni.example?tls=starttls&timeout=7")
    assert found == env.Smtp("mail.uni.example", 587, "office@uni", "se:cret", "starttls", 7)
    assert "cret" not in repr(found)


@pytest.mark.parametrize(
    "url", ["mail", "smtp://", "smtp://h?tls=yes", "smtp://h?tsl=ssl", "smtp://h:x"]
)
def test_a_wrong_mail_url_is_refused(url: str) -> None:
    with pytest.raises(env.BadSetting, match="EMAIL_URL"):
        env.smtp(url)


@pytest.mark.parametrize("value", ["https://a.example/path", "a.example", "ftp://a", "https://"])
def test_a_wrong_origin_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PUBLIC_ORIGIN", value)
    with pytest.raises(env.BadSetting, match="PUBLIC_ORIGIN"):
        env.origin("PUBLIC_ORIGIN", "")


@pytest.mark.parametrize("value", ["0", "-1", "soon", "inf", "nan"])
def test_a_wrong_number_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TICK_SECONDS", value)
    with pytest.raises(env.BadSetting, match="TICK_SECONDS"):
        env.number("TICK_SECONDS", 30)


def test_a_flag_is_yes_or_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG", "on")
    assert env.flag("DEBUG") is True
    monkeypatch.setenv("DEBUG", "maybe")
    with pytest.raises(env.BadSetting, match="DEBUG"):
        env.flag("DEBUG")


def settings_with(tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a process says that reads the settings with these variables alone."""
    code = "from studyplatform import settings as s; print(s.MODE, s.SECRET_KEY, s.CLOCK_MAY_MOVE)"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


SECRETS = {"SECRET_KEY": "s" * 50, "FIELD_KEYS": "k:" + "A" * 44, "LINK_KEY": "l" * 40}


def test_a_database_of_ones_own_means_production_and_needs_secrets(tmp_path: Path) -> None:
    given = {"DATABASE_URL": "postgresql://a@h/d"}
    for missing in SECRETS:
        some = {name: value for name, value in SECRETS.items() if name != missing}
        done = settings_with(tmp_path, **given, **some)
        assert done.returncode != 0
        assert f"{missing} must be set" in done.stderr
    done = settings_with(tmp_path, **given, **SECRETS)
    assert done.stdout.split() == ["production", "s" * 50, "False"]


def test_development_runs_without_any_variable(tmp_path: Path) -> None:
    done = settings_with(tmp_path)
    assert done.stdout.startswith("development insecure")


def test_debug_is_refused_in_production(tmp_path: Path) -> None:
    done = settings_with(tmp_path, MODE="production", DEBUG="1", **SECRETS)
    assert "DEBUG" in done.stderr


def test_a_mode_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    assert "expected one of" in settings_with(tmp_path, MODE="prod").stderr
