"""A plain loop over one open connection: `python -m tests.bench.mail.plain PORT FILE START STEP`.

Says "ready", waits for a line, sends every STEP-th mail of the file, and says how long that took.
"""

from __future__ import annotations

import json
import smtplib
import sys
import time
from pathlib import Path


def main(port: int, file: Path, start: int, step: int) -> None:
    """Send finished mails one after the other, and keep no books."""
    mails = [
        (sender, to, content.encode())
        for sender, to, content in map(json.loads, file.read_text().splitlines()[start::step])
    ]
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.ehlo()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        began = time.perf_counter()
        for sender, to, content in mails:
            server.sendmail(sender, [to], content)
        sys.stdout.write(f"{time.perf_counter() - began}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
