"""SMTP that knows how far it came, so that "not sent" and "perhaps sent" are never mixed up.

The standard client raises the same exception when the connection breaks before the body and
after it. This one keeps the phase of the dialogue, and the outcome follows from phase and reply.
Where the server offers it (RFC 2920), all before the body is one round trip and not three.
"""

from __future__ import annotations

import contextlib
import select
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

from django.conf import settings

from surveys.lib.crashpoints import Point, reached
from surveys.messaging.transports import Kind, Mail, Outcome, ServerAway

SESSION_IS_CLOSING = 421
QUIT_TIMEOUT = 2.0
# connect, greeting, EHLO, STARTTLS, its handshake, EHLO, three of AUTH; MAIL, RCPT, DATA
STEPS_TO_THE_BODY = 12


class Phase(IntEnum):
    """How far the dialogue about one mail came."""

    CONNECT = 0
    EHLO = 1
    MAIL = 2
    RCPT = 3
    DATA = 4
    BODY_STARTED = 5
    REPLIED = 6


@dataclass(frozen=True)
class Server:
    """Where the mail server is and how to talk to it; time-outs in seconds."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: str = ""  # "", "starttls" or "ssl"
    helo: str = "localhost"  # the name that we greet with
    timeout: float = 20.0  # for each step but the last
    final_timeout: float = 60.0  # for the reply to the body, which servers may take long over

    @property
    def longest_body(self) -> float:
        """How long the body, its reply and a RSET may take together."""
        return 2 * self.timeout + self.final_timeout

    @property
    def longest_mail(self) -> float:
        """How long one mail may take when the server is slow at every step."""
        return STEPS_TO_THE_BODY * self.timeout + self.longest_body


def configured(helo: str) -> Server:
    """The server that the settings name; `helo` is the name that we greet with."""
    smtp = settings.SMTP
    return Server(
        smtp.host,
        smtp.port,
        smtp.user,
        smtp.password,
        smtp.tls,
        helo,
        timeout=smtp.timeout,
        final_timeout=3 * smtp.timeout,
    )


class Refused(Exception):
    """A reply that ends the mail."""

    def __init__(self, code: int, reply: bytes) -> None:
        super().__init__(code, reply)
        self.code = code
        self.words = f"{code} {reply.decode('utf-8', 'replace')}"


class _Step(NamedTuple):
    """One command on the way to the body, and the reply that lets it go on."""

    phase: Phase
    command: str
    expected: int


class _Dialogue(smtplib.SMTP):
    """One connection; `phase` says how far the current mail came."""

    phase = Phase.CONNECT

    def hand_over(
        self, mail: Mail, *, before_body: Callable[[], None], final_timeout: float
    ) -> str:
        """One mail, step by step; returns the server's last words."""
        steps = (
            _Step(Phase.MAIL, f"MAIL FROM:<{mail.sender}>", 250),
            _Step(Phase.RCPT, f"RCPT TO:<{mail.to}>", 250),
            _Step(Phase.DATA, "DATA", 354),
        )
        groups = [steps] if self.has_extn("pipelining") else [(step,) for step in steps]
        for group in groups:
            self._take(group)
        before_body()
        self.phase = Phase.BODY_STARTED
        self.send(_dot_stuffed(mail.content))
        reached(Point.AFTER_BODY)
        with self._patience(final_timeout):
            code, reply = self.getreply()
        if code >= 200:  # smtplib says -1 for what is no reply
            self.phase = Phase.REPLIED
        return self._expect(250, code, reply)

    @contextlib.contextmanager
    def _patience(self, seconds: float) -> Iterator[None]:
        sock = self.sock
        if sock is not None:
            sock.settimeout(seconds)
        yield
        if sock is not None:
            sock.settimeout(self.timeout)

    def _take(self, steps: Sequence[_Step]) -> None:
        """Ask everything, then read every answer, so that none is left over for the next mail."""
        commands = [step.command for step in steps]
        if any("\r" in command or "\n" in command for command in commands):
            raise ValueError("a command holds a newline")
        self.phase = steps[0].phase
        self.send("".join(f"{command}\r\n" for command in commands))
        for n, step in enumerate(steps, 1):
            self.phase = step.phase
            code, reply = self.getreply()
            if code // 100 != step.expected // 100:
                self._skip(len(steps) - n)
            self._expect(step.expected, code, reply)

    def _skip(self, n: int) -> None:
        """Read the answers behind a refusal; whoever wants a body in spite of it is hung up on."""
        try:
            codes = [self.getreply()[0] for _ in range(n)]
        except (smtplib.SMTPException, OSError):
            self.close()
            return
        if any(code // 100 == 3 for code in codes):
            self.close()

    @staticmethod
    def _expect(expected: int, code: int, reply: bytes) -> str:
        if code // 100 != expected // 100:
            raise Refused(code, reply)
        return f"{code} {reply.decode('utf-8', 'replace')}"


class _EncryptedDialogue(_Dialogue, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


class SmtpTransport:
    """One connection for a batch, opened at the first mail and again when it went bad."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._dialogue: _Dialogue | None = None

    def send(self, mail: Mail, before_body: Callable[[], None]) -> Outcome:
        """See `Transport.send`."""
        dialogue = self._session()
        try:
            words = dialogue.hand_over(
                mail,
                before_body=before_body,
                final_timeout=self._server.final_timeout,
            )
            return Outcome(Kind.SENT, words)
        except Refused as refused:
            self._make_ready(dialogue, refused.code)
            return Outcome(_kind_of(dialogue.phase, refused.code), refused.words)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            kind = Kind.UNKNOWN if dialogue.phase == Phase.BODY_STARTED else Kind.TEMPORARY
            return Outcome(kind, f"{dialogue.phase.name.lower()}: {error}")
        except BaseException:
            self._drop()  # the server waits for a body that must not come
            raise

    def close(self) -> None:
        """End the session; the mails are out, so little patience is due."""
        if self._dialogue is not None and self._dialogue.sock is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._dialogue.sock.settimeout(QUIT_TIMEOUT)
                self._dialogue.docmd("QUIT")
        self._drop()

    def _session(self) -> _Dialogue:
        if self._dialogue is not None:
            if self._dialogue.sock is not None and _is_quiet(self._dialogue.sock):
                return self._dialogue
            self._drop()
        self._dialogue = _opened(self._server)
        return self._dialogue

    def _make_ready(self, dialogue: _Dialogue, code: int) -> None:
        """Bring the session back to its start after a refusal, or give it up."""
        try:
            is_ready = code != SESSION_IS_CLOSING and dialogue.rset()[0] == 250
        except (smtplib.SMTPException, OSError):
            is_ready = False
        if not is_ready:
            self._drop()

    def _drop(self) -> None:
        dialogue, self._dialogue = self._dialogue, None
        if dialogue is not None:
            with contextlib.suppress(OSError):
                dialogue.close()


def _opened(server: Server) -> _Dialogue:
    """A greeted, encrypted and logged-in session; raises ServerAway."""
    options: dict[str, Any] = {"timeout": server.timeout, "local_hostname": server.helo}
    context = ssl.create_default_context() if server.tls else None
    try:
        if server.tls == "ssl":
            dialogue: _Dialogue = _EncryptedDialogue(
                server.host, server.port, context=context, **options
            )
        else:
            dialogue = _Dialogue(server.host, server.port, **options)
    except (smtplib.SMTPException, OSError) as error:
        raise ServerAway(f"connect: {error}") from error
    try:
        dialogue.phase = Phase.EHLO
        dialogue.ehlo_or_helo_if_needed()
        if server.tls == "starttls":
            dialogue.starttls(context=context)
            dialogue.ehlo_or_helo_if_needed()
        if server.user:
            dialogue.login(server.user, server.password)
    except (smtplib.SMTPException, OSError) as error:
        dialogue.close()
        raise ServerAway(f"greeting: {error}") from error
    return dialogue


def _kind_of(phase: Phase, code: int) -> Kind:
    """What a refusal means. A refusal of the sender is our fault, so the address may recover."""
    if 400 <= code < 500:
        return Kind.TEMPORARY
    if 500 <= code < 600:
        return Kind.PERMANENT if phase >= Phase.RCPT else Kind.TEMPORARY
    return Kind.UNKNOWN if phase >= Phase.BODY_STARTED else Kind.TEMPORARY


def _dot_stuffed(body: bytes) -> bytes:
    """The body as it goes over the wire, with the line that ends it."""
    end = b"" if body.endswith(b"\r\n") else b"\r\n"
    first = b"." if body.startswith(b".") else b""
    return first + body.replace(b"\n.", b"\n..") + end + b".\r\n"


def _is_quiet(sock: socket.socket) -> bool:
    """Whether an idle session still stands: a closed one, or one with a goodbye, can be read."""
    poll = select.poll()
    poll.register(sock, select.POLLIN | select.POLLHUP | select.POLLERR)
    return not poll.poll(0)
