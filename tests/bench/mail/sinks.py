"""A mail server that takes everything and keeps it in one file: Postfix's smtp-sink, else aiosmtpd.

The file is what is counted: a mail is there when the server has said so.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from studyplatform.console_lines import quiet
from studyplatform.embedded import account
from studyplatform.supervisor import Program, Supervisor

HOST = "127.0.0.1"
PLACES = ("/usr/sbin", "/usr/lib/postfix/sbin", "/usr/libexec/postfix")
_MESSAGE_ID = re.compile(rb"Message-ID: <m-([0-9a-f-]{36})@")


@dataclass(frozen=True)
class Sink:
    """A running server; `kind` is the program that it is."""

    kind: str
    port: int
    file: Path

    @property
    def url(self) -> str:
        """As EMAIL_URL wants it."""
        return f"smtp://{HOST}:{self.port}"

    @property
    def is_empty(self) -> bool:
        """Whether no mail has come since the last `empty`."""
        return not self.file.exists() or not self.file.stat().st_size

    def counted(self) -> Counter[str]:
        """How often each message came, by its id."""
        content = b"" if self.is_empty else self.file.read_bytes()
        return Counter(each.decode() for each in _MESSAGE_ID.findall(content))

    def last_came_at(self) -> float:
        """When the last mail was written, in seconds since the epoch."""
        return self.file.stat().st_mtime

    def empty(self) -> None:
        """Forget all mails; the servers open the file anew for each."""
        self.file.unlink(missing_ok=True)


@contextlib.contextmanager
def sink(folder: Path) -> Iterator[Sink]:
    """Run one for the length of a benchmark."""
    who = account.choose()  # smtp-sink refuses to be root
    folder.mkdir()
    who.give(folder, 0o755)
    file, port = folder / "mails", _free_port()
    program = _smtp_sink()
    if program:
        user = ("-u", "nobody") if os.getuid() == 0 else ()
        command = [program, *user, "-D", str(file), f"inet:{HOST}:{port}", "128"]
    else:
        command = [sys.executable, "-m", "tests.bench.mail.aiosink", str(port), str(file)]
    with Supervisor([Program("sink", command, ready=lambda: _answers(port))], quiet):
        yield Sink("smtp-sink" if program else "aiosmtpd", port, file)


def _smtp_sink() -> str | None:
    """The fast one, when Postfix is installed; BENCH_SINK=aiosmtpd does without."""
    if os.environ.get("BENCH_SINK") == "aiosmtpd":
        return None
    return shutil.which("smtp-sink", path=os.pathsep.join((os.environ.get("PATH", ""), *PLACES)))


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1) as probe:
            return probe.recv(3) == b"220"
    except OSError:
        return False
