"""Outcomes at a real mail server that misbehaves: what is certain, and what is not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Thread
from uuid import UUID

import pytest

from surveys.messaging.envelope import Sender, build
from surveys.messaging.rendering import Rendered
from surveys.messaging.transports import GateClosed, Kind, Mail, ServerAway
from surveys.messaging.transports.smtp import Server, SmtpTransport
from tests.smtp import ScriptedServer, scripted_server

SENDER = Sender.of("Studies <studies@host.example>", "https://host.example")


@pytest.fixture(params=[(), ("PIPELINING",)], ids=["step by step", "at once"])
def server(request: pytest.FixtureRequest) -> Iterator[ScriptedServer]:
    with scripted_server(*request.param) as running:
        yield running


@pytest.fixture
def transport(server: ScriptedServer, request: pytest.FixtureRequest) -> Iterator[SmtpTransport]:
    patience = 0.6 if "hang" in request.node.name else 10.0
    transport = SmtpTransport(_address(server, patience))
    yield transport
    transport.close()


def _address(server: ScriptedServer, patience: float = 10.0) -> Server:
    return Server(server.host, server.port, timeout=patience, final_timeout=patience)


def _mail(to: str = "ada@mail.example", n: int = 1) -> Mail:
    return build(
        Rendered("Hello", "A line\n.a line with a dot\n", "<p>A line</p>"),
        message=UUID(int=n),
        sender=SENDER,
        to=to,
        reply_to="office@study.example",
        headers={},
        now=datetime(2027, 3, 1, tzinfo=UTC),
    )


class Gate:
    """Counts how often it was passed."""

    def __init__(self) -> None:
        self.n = 0

    def __call__(self) -> None:
        self.n += 1


@pytest.mark.parametrize(
    ("fault", "kind", "n_accepted", "n_gates"),
    [
        ("ada", Kind.SENT, 1, 1),
        *((f"mail-{code}", Kind.TEMPORARY, 0, 0) for code in (421, 450, 451, 452)),
        *((f"rcpt-{code}", Kind.TEMPORARY, 0, 0) for code in (421, 450, 451, 452)),
        *((f"rcpt-{code}", Kind.PERMANENT, 0, 0) for code in (550, 552, 554)),
        *((f"data-{code}", Kind.TEMPORARY, 0, 0) for code in (421, 451)),
        ("data-554", Kind.PERMANENT, 0, 0),
        *((f"end-{code}", Kind.TEMPORARY, 0, 1) for code in (421, 451, 452)),
        *((f"end-{code}", Kind.PERMANENT, 0, 1) for code in (552, 554)),
        ("mail-drop", Kind.TEMPORARY, 0, 0),
        ("rcpt-hang", Kind.TEMPORARY, 0, 0),
        ("rcpt-drop", Kind.TEMPORARY, 0, 0),
        ("data-hang", Kind.TEMPORARY, 0, 0),
        ("body-drop", Kind.UNKNOWN, 0, 1),
        ("end-hang", Kind.UNKNOWN, 1, 1),
        ("end-drop", Kind.UNKNOWN, 1, 1),
    ],
)
def test_every_ending_is_told_apart(
    server: ScriptedServer,
    transport: SmtpTransport,
    fault: str,
    kind: Kind,
    n_accepted: int,
    n_gates: int,
) -> None:
    server.script.append(fault)
    gate = Gate()
    outcome = transport.send(_mail(), gate)
    assert (outcome.kind, len(server.accepted), gate.n) == (kind, n_accepted, n_gates)
    assert outcome.reply

    # whatever went wrong, the next mail goes out
    assert transport.send(_mail("bob@mail.example", 2), gate).kind == Kind.SENT


def test_a_fault_can_hang_on_the_recipient(
    server: ScriptedServer, transport: SmtpTransport
) -> None:
    assert transport.send(_mail("rcpt-550@mail.example"), Gate()).kind == Kind.PERMANENT
    assert transport.send(_mail("ada@mail.example"), Gate()).kind == Kind.SENT
    assert [mail.to for mail in server.accepted] == ["ada@mail.example"]


def test_a_refused_sender_is_not_the_addressees_fault(
    server: ScriptedServer, transport: SmtpTransport
) -> None:
    server.always.add("mail-550")
    assert transport.send(_mail(), Gate()).kind == Kind.TEMPORARY


@pytest.mark.parametrize("fault", ["ehlo-hang", "ehlo-drop", "ehlo-554", "ehlo-421"])
def test_without_a_session_the_server_is_away(
    server: ScriptedServer, transport: SmtpTransport, fault: str
) -> None:
    server.always.add(fault)
    gate = Gate()
    with pytest.raises(ServerAway):
        transport.send(_mail(), gate)
    assert (gate.n, server.accepted) == (0, [])


def test_a_refused_connection_is_a_server_away() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ServerAway, match="connect"):
        SmtpTransport(Server("127.0.0.1", port, timeout=0.3)).send(_mail(), Gate())


@pytest.mark.parametrize("fault", ["quit-hang", "quit-421", "quit-drop"])
def test_trouble_at_the_goodbye_changes_nothing(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr("surveys.messaging.transports.smtp.QUIT_TIMEOUT", 0.1)
    server.always.add(fault)
    transport = SmtpTransport(_address(server))
    assert transport.send(_mail(), Gate()).kind == Kind.SENT
    transport.close()
    assert len(server.accepted) == 1


def test_a_batch_shares_one_session(server: ScriptedServer, transport: SmtpTransport) -> None:
    for n in range(5):
        transport.send(_mail(n=n), Gate())
    assert (server.n_sessions, len(server.accepted)) == (1, 5)


def test_a_closed_gate_stops_the_mail_and_leaves_the_transport_usable(
    server: ScriptedServer, transport: SmtpTransport
) -> None:
    def shut() -> None:
        raise GateClosed

    with pytest.raises(GateClosed):
        transport.send(_mail(), shut)
    assert server.accepted == []
    assert transport.send(_mail(n=2), Gate()).kind == Kind.SENT


def test_a_session_that_died_between_batches_is_replaced(
    server: ScriptedServer, transport: SmtpTransport
) -> None:
    server.script.extend(["ada", "rcpt-421"])
    outcomes = [transport.send(_mail(n=n), Gate()).kind for n in range(3)]
    assert outcomes == [Kind.SENT, Kind.TEMPORARY, Kind.SENT]
    assert server.n_sessions == 2


def test_whoever_wants_the_body_of_a_refused_mail_gets_no_byte_of_it() -> None:
    with scripted_server("PIPELINING") as server:
        transport = SmtpTransport(_address(server))
        server.always |= {"rcpt-550", "data-354"}
        gate = Gate()
        assert (transport.send(_mail(), gate).kind, gate.n) == (Kind.PERMANENT, 0)

        server.always.clear()
        assert transport.send(_mail(n=2), gate).kind == Kind.SENT
        assert (server.n_sessions, [mail.message_id for mail in server.accepted]) == (
            2,
            [f"<m-{UUID(int=2)}@host.example>"],
        )
        transport.close()


@pytest.mark.parametrize(("offers", "kind"), [("PIPELINING", Kind.SENT), ("8BITMIME", None)])
def test_all_before_the_body_is_one_round_trip_where_that_is_offered(
    offers: str, kind: Kind | None
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=_answer_late, args=(listening, offers), daemon=True).start()
        host, port = listening.getsockname()
        transport = SmtpTransport(Server(host, port, timeout=1, final_timeout=1))
        outcome = transport.send(_mail(), Gate())
        transport.close()
    assert outcome.kind == (kind or Kind.TEMPORARY)


def _answer_late(listening: socket.socket, offers: str) -> None:
    """A server that says nothing to MAIL and RCPT before it has DATA."""
    connection, _ = listening.accept()
    with connection, connection.makefile("rb") as lines:
        connection.sendall(b"220 late\r\n")
        lines.readline()
        connection.sendall(f"250-late\r\n250 {offers}\r\n".encode())
        for line in lines:
            if line == b"DATA\r\n":
                connection.sendall(b"250 OK\r\n250 OK\r\n354 go on\r\n")
            if line == b".\r\n":
                connection.sendall(b"250 OK\r\n")
                return


def test_dots_at_line_starts_arrive_as_written(
    server: ScriptedServer, transport: SmtpTransport
) -> None:
    transport.send(_mail(), Gate())
    body = server.accepted[0].email.get_body(("plain",))
    assert body is not None
    assert ".a line with a dot" in body.get_content().splitlines()


def test_an_address_cannot_bring_its_own_commands(
    server: ScriptedServer, transport: SmtpTransport
) -> None:
    smuggler = Mail("a@host.example", "b@mail.example>\r\nRCPT TO:<c@mail.example", b"Hi")
    with pytest.raises(ValueError, match="newline"):
        transport.send(smuggler, Gate())
    assert server.accepted == []


def test_encryption_is_demanded_when_configured(server: ScriptedServer) -> None:
    address = Server(server.host, server.port, tls="starttls", timeout=0.3)
    with pytest.raises(ServerAway, match="STARTTLS"):
        SmtpTransport(address).send(_mail(), Gate())
