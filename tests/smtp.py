"""A real SMTP server in a thread that misbehaves on command, and remembers what it accepted.

A fault is written `<stage>-<what>`: the stages are `ehlo`, `mail`, `rcpt`, `data` (the command),
`body` (in the middle of it), `end` (after all of it) and `quit`; what is a reply code, `hang`,
`slow`, `drop`, or `wait`, which goes on as usual once the test sets `go_on`. It strikes when it is
the local part of the recipient, or next in `script` (one entry a mail), or in `always`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

SLOW_SECONDS = 0.5
STAGES = ("ehlo", "mail", "rcpt", "data", "body", "end", "quit")

logging.getLogger("mail.log").setLevel(logging.WARNING)  # its thread may outlast a test's output


class _Dropped(Exception):
    """The connection was cut on purpose."""


@dataclass
class Accepted:
    """One mail that the server took, also when it never said so."""

    to: str
    raw: bytes

    @property
    def email(self) -> EmailMessage:
        """The mail, parsed."""
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def message_id(self) -> str:
        """Its Message-ID."""
        return str(self.email["Message-ID"])


@dataclass
class Script:
    """What goes wrong, and what came through."""

    always: set[str] = field(default_factory=set)
    script: deque[str] = field(default_factory=deque)
    accepted: list[Accepted] = field(default_factory=list)
    n_sessions: int = 0
    hanging: threading.Event = field(default_factory=threading.Event)
    offers: tuple[str, ...] = ()  # extensions besides aiosmtpd's own
    go_on: threading.Event = field(default_factory=threading.Event)
    n_waiting: int = 0
    pace: float = 0.0  # seconds that each mail takes

    def fault(self, stage: str, planned: str, to: str = "") -> str:
        """What strikes at this stage, or nothing."""
        names = (*self.always, planned, to.split("@", maxsplit=1)[0])
        return next((n.partition("-")[2] for n in names if n.startswith(stage + "-")), "")


class _Handler:
    """The faults at MAIL, RCPT, after the body and at QUIT."""

    def __init__(self, script: Script) -> None:
        self.script = script

    async def handle_EHLO(
        self, server: _Server, session: Session, envelope: Envelope, host: str, replies: list[str]
    ) -> list[str]:
        session.host_name = host
        who, *rest = replies
        return [who, *(f"250-{name}" for name in self.script.offers), *rest]

    async def handle_MAIL(
        self, server: _Server, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        server.planned = self.script.script.popleft() if self.script.script else ""
        reply = await server.strike("mail")
        if reply is None:
            envelope.mail_from = address
        return reply or "250 OK"

    async def handle_RCPT(
        self, server: _Server, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        reply = await server.strike("rcpt", address)
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"

    async def handle_DATA(self, server: _Server, session: Session, envelope: Envelope) -> str:
        (to,) = envelope.rcpt_tos
        fault = self.script.fault("end", server.planned, to)
        if self.script.pace:
            await asyncio.sleep(self.script.pace)
        if not fault.isdigit():
            raw = envelope.original_content or b""
            self.script.accepted.append(Accepted(to, raw))
        return await server.strike("end", to) or "250 OK: queued"

    async def handle_QUIT(self, server: _Server, session: Session, envelope: Envelope) -> str:
        return await server.strike("quit") or "221 Bye"


class _Server(SMTP):
    """The faults that the handler's hooks cannot make."""

    planned = ""

    async def strike(self, stage: str, to: str = "") -> str | None:
        """Do what the script says; a reply instead of the usual one, or None."""
        fault = self.event_handler.script.fault(stage, self.planned, to)
        if fault == "hang":
            self.event_handler.script.hanging.set()
            await asyncio.sleep(3600)
        if fault == "drop":
            self.cut()
        if fault == "slow":
            await asyncio.sleep(SLOW_SECONDS)
            return None
        if fault == "wait":
            await self.wait()
            return None
        return f"{fault} told to say so to <{to}>" if fault else None

    async def wait(self) -> None:
        """Say nothing until the test lets everybody go on."""
        script = self.event_handler.script
        script.n_waiting += 1
        script.hanging.set()
        while not script.go_on.is_set():
            await asyncio.sleep(0.02)

    def cut(self) -> None:
        """Reset the connection without a word."""
        if self.transport is not None:
            self.transport.abort()  # type: ignore[attr-defined]  # it is a socket's transport
        raise _Dropped

    async def smtp_EHLO(self, hostname: str) -> None:
        self.event_handler.script.n_sessions += 1
        reply = await self.strike("ehlo")
        if reply:
            await self.push(reply)
        else:
            await super().smtp_EHLO(hostname)

    async def smtp_HELO(self, hostname: str) -> None:
        reply = await self.strike("ehlo")
        if reply:
            await self.push(reply)
        else:
            await super().smtp_HELO(hostname)

    async def smtp_DATA(self, arg: str) -> None:
        envelope = self.envelope
        to = envelope.rcpt_tos[0] if envelope and envelope.rcpt_tos else ""
        reply = await self.strike("data", to)
        if reply:
            await self.push(reply)
        elif self.event_handler.script.fault("body", self.planned, to) == "drop":
            await self.push("354 go on")
            await self._reader.read(200)
            self.cut()
        else:
            await super().smtp_DATA(arg)

    async def handle_exception(self, error: Exception) -> str:
        if isinstance(error, _Dropped):
            raise asyncio.CancelledError
        raise error


class _Controller(Controller):
    """Listens on a free port of the loopback."""

    def __init__(self, script: Script, **options: Any) -> None:
        self.script = script
        super().__init__(_Handler(script), hostname="127.0.0.1", port=0, **options)

    def factory(self) -> SMTP:
        return _Server(self.handler, **self.SMTP_kwargs)

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd leaves it bare


@dataclass
class ScriptedServer(Script):
    """A running server; `host` and `port` are where to reach it."""

    host: str = "127.0.0.1"
    port: int = 0


@contextmanager
def scripted_server(*offers: str, **options: Any) -> Iterator[ScriptedServer]:
    """Run one for the length of a test; it `offers` these extensions, `options` are aiosmtpd's."""
    server = ScriptedServer(offers=offers)
    controller = _Controller(server, **options)
    controller.start()
    server.port = controller.port
    server.n_sessions = 0
    try:
        yield server
    finally:
        controller.stop()
