"""The demo's mail server: keeps every mail that it accepts as a file.

`python -m studyplatform.demo.sink --port 1025 --dir var/mail` runs until SIGTERM or SIGINT. Each
mail is an .eml file named by its Message-ID; a repeated one gets a suffix, so doubles stay
visible. `index.jsonl` has one line a mail, in the order of receipt. Nothing is passed on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import re
import signal
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import IO

from aiosmtpd.smtp import SMTP, Envelope, Session

HEADERS = BytesHeaderParser(policy=policy.default)
REAL_TIME = datetime.now  # noqa: TID251 - a server of its own, outside study time


class Sink:
    """Writes accepted mails to a folder; one process at a time per folder."""

    def __init__(self, folder: Path, refused: Sequence[str] = ()) -> None:
        self._refused = frozenset(refused)
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._copies = Counter(re.sub(r"~\d+$", "", each.stem) for each in folder.glob("*.eml"))
        self._index: IO[str] = (folder / "index.jsonl").open("a", encoding="utf-8", buffering=1)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take everybody but those who are refused, as a mail server does with a dead address."""
        if address in self._refused:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep one mail, then say so."""
        raw = envelope.original_content or b""
        headers = HEADERS.parsebytes(raw)
        message_id = str(headers["Message-ID"] or "").strip()
        file = self._file_name(message_id)
        (self._folder / file).write_bytes(raw)
        line = {
            "received_at": REAL_TIME(UTC).isoformat(),
            "rcpt": list(envelope.rcpt_tos),
            "message_id": message_id,
            "subject": str(headers["Subject"] or ""),
            "file": file,
        }
        self._index.write(json.dumps(line, ensure_ascii=False) + "\n")
        return "250 OK: kept"

    def close(self) -> None:
        """Finish the index."""
        self._index.close()

    def _file_name(self, message_id: str) -> str:
        stem = re.sub(r"[^A-Za-z0-9@._-]", "_", message_id.strip("<>"))[:150] or "without-id"
        self._copies[stem] += 1
        n = self._copies[stem]
        return f"{stem}.eml" if n == 1 else f"{stem}~{n}.eml"


async def serve(folder: Path, host: str, port: int, refused: Sequence[str] = ()) -> None:
    """Accept mails until the process is told to stop."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stopped.set)
    sink = Sink(folder, refused)
    server = await loop.create_server(
        lambda: SMTP(sink, hostname="sink", loop=loop, timeout=3600), host, port
    )
    bound = server.sockets[0].getsockname()[1]
    print(f"mail sink on {host}:{bound}, keeping mails in {folder}", flush=True)
    await stopped.wait()
    server.close()
    sink.close()


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m studyplatform.demo.sink")
    parser.add_argument("--port", type=int, required=True, help="0 picks a free one")
    parser.add_argument("--dir", type=Path, required=True, help="where the mails are kept")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--refuse", action="append", default=[], help="an address that is dead")
    options = parser.parse_args(argv)
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    asyncio.run(serve(options.dir, options.host, options.port, options.refuse))


if __name__ == "__main__":
    main()
