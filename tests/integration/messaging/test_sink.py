"""The demo's mail sink as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.processes

MAIL = "From: a@mail.example\r\nTo: b@mail.example\r\nSubject: {subject}\r\nMessage-ID: {id}\r\n\r\nHi\r\n"


class SinkProcess:
    """One running sink."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "studyplatform.demo.sink", "--port", "0"]
        self.process = subprocess.Popen(
            [*command, "--dir", str(folder)], stdout=subprocess.PIPE, text=True, env=os.environ
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().split(",")[0].rpartition(":")[2])

    def take(self, *ids: str, subject: str = "Hello") -> None:
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname="test") as client:
            for each in ids:
                mail = MAIL.format(id=each, subject=subject)
                client.sendmail("a@mail.example", ["b@mail.example"], mail)

    def index(self) -> list[dict[str, Any]]:
        text = (self.folder / "index.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(5)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SinkProcess]:
    running = SinkProcess(tmp_path / "mail")
    yield running
    if running.process.returncode is None:
        running.stop()


def test_every_mail_becomes_a_file_and_a_line(sink: SinkProcess) -> None:
    sink.take("<m-1@host>", "<m-2@host>", subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?=")
    lines = sink.index()
    assert [line["file"] for line in lines] == ["m-1@host.eml", "m-2@host.eml"]
    assert [line["rcpt"] for line in lines] == [["b@mail.example"]] * 2
    assert lines[0]["message_id"] == "<m-1@host>"
    assert lines[0]["subject"] == "Grüße"
    assert (sink.folder / "m-1@host.eml").read_bytes().endswith(b"Hi\r\n")


def test_a_mail_that_comes_twice_stays_visible_also_after_a_restart(sink: SinkProcess) -> None:
    sink.take("<m-1@host>", "<m-1@host>")
    assert sink.stop() == 0
    again = SinkProcess(sink.folder)
    again.take("<m-1@host>")
    again.stop()
    files = [line["file"] for line in again.index()]
    assert files == ["m-1@host.eml", "m-1@host~2.eml", "m-1@host~3.eml"]
    assert all((sink.folder / file).exists() for file in files)


def test_a_name_cannot_leave_the_folder(sink: SinkProcess) -> None:
    sink.take("<../../m@host>", "")
    assert {path.parent for path in sink.folder.rglob("*.eml")} == {sink.folder}
    assert len(sink.index()) == 2


def test_it_stops_cleanly_with_a_session_open(sink: SinkProcess) -> None:
    with smtplib.SMTP("127.0.0.1", sink.port, local_hostname="test"):
        began = time.monotonic()
        assert sink.stop() == 0
        assert time.monotonic() - began < 3
