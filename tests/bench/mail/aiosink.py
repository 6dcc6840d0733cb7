"""The sink where Postfix is not installed: `python -m tests.bench.mail.aiosink PORT FILE`."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session


class Keeper:
    """Appends each mail to the file, opening it each time as smtp-sink does."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep one mail, then say so."""
        with self._file.open("ab") as file:
            file.write(envelope.original_content or b"")
        return "250 OK"


async def serve(port: int, file: Path) -> None:
    """Take mails until the process is ended."""
    loop = asyncio.get_running_loop()
    keeper = Keeper(file)
    server = await loop.create_server(
        lambda: SMTP(keeper, hostname="sink", loop=loop), "127.0.0.1", port
    )
    await server.serve_forever()


if __name__ == "__main__":
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
