"""A plain loop over one open connection: `python -m tests.bench.mail.plain PORT FILE START STEP HOW`.

Says "ready", waits for a line, sends every STEP-th mail of the file, and says how long that took.
HOW is "messages" for the standard library's message objects, built before, or "bytes" for mails
that only need to be pushed into the socket.
"""

from __future__ import annotations

import smtplib
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.mail.letters import Letter, read


def main(port: int, file: Path, start: int, step: int, how: str) -> None:
    """Send mails one after the other, and keep no books."""
    letters = read(file, start, step)
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.ehlo()
        sends = [(_of_message if how == "messages" else _of_bytes)(server, one) for one in letters]
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        began = time.perf_counter()
        for send in sends:
            send()
        sys.stdout.write(f"{time.perf_counter() - began}\n")


def _of_message(server: smtplib.SMTP, letter: Letter) -> Callable[[], object]:
    message = letter.parts.built()
    return lambda: server.send_message(message)


def _of_bytes(server: smtplib.SMTP, letter: Letter) -> Callable[[], object]:
    content = letter.content.encode()
    return lambda: server.sendmail(letter.sender, [letter.to], content)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
