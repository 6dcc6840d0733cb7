"""Texts through a real HTTP gateway that answers, refuses, breaks off and stays silent."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from uuid import UUID

import pytest

from surveys.messaging.transports import GateClosed, Kind, ServerAway
from surveys.messaging.transports.text import (
    Gateway,
    HttpTextTransport,
    TextMessage,
    TextTransport,
)
from tests.text_gateway import TextGateway, text_gateway

TEXT = TextMessage(UUID(int=7), "+491701234567", "Ihr Fragebogen: https://host.example/s/ab/ ☂")


@pytest.fixture
def gateway() -> Iterator[TextGateway]:
    with text_gateway() as running:
        yield running


def transport(url: str, timeout: float = 10) -> TextTransport:
    return HttpTextTransport(Gateway(url, "let-me-in", "Study", timeout))


def opened() -> None:
    """A gate that lets everything through."""


def test_a_text_arrives_as_written_and_bears_our_token(gateway: TextGateway) -> None:
    gate: list[int] = []
    outcome = transport(gateway.url).send(TEXT, lambda: gate.append(len(gateway.received)))
    assert (outcome.kind, gate) == (Kind.SENT, [0])  # asked once, and before the body
    ((headers, body),) = gateway.received
    assert body == {
        "to": TEXT.to, "from": "Study", "text": TEXT.words, "reference": str(TEXT.id),
    }  # fmt: skip
    assert headers["Authorization"] == "Bearer let-me-in"
    assert headers["Idempotency-Key"] == str(TEXT.id)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("200", Kind.SENT),
        ("202", Kind.SENT),
        ("cut", Kind.SENT),
        ("302", Kind.TEMPORARY),
        ("401", Kind.TEMPORARY),
        ("402", Kind.TEMPORARY),
        ("429", Kind.TEMPORARY),
        ("503", Kind.TEMPORARY),
        ("400", Kind.PERMANENT),
        ("422", Kind.PERMANENT),
        ("500", Kind.UNKNOWN),
        ("502", Kind.UNKNOWN),
        ("drop", Kind.UNKNOWN),
        ("hang", Kind.UNKNOWN),
        ("garbage", Kind.UNKNOWN),
    ],
)
def test_every_ending_is_told_apart(gateway: TextGateway, fault: str, kind: Kind) -> None:
    gateway.fault = fault
    outcome = transport(gateway.url, timeout=0.5).send(TEXT, opened)
    assert outcome.kind is kind
    assert len(gateway.received) == 1  # never tried again by itself


def test_a_reply_is_kept_without_the_number(gateway: TextGateway) -> None:
    gateway.fault = "422"
    assert transport(gateway.url).send(TEXT, opened).reply == "422 about ‹number›"


def test_a_closed_gate_stops_the_text(gateway: TextGateway) -> None:
    def closed() -> None:
        raise GateClosed("not any more")

    with pytest.raises(GateClosed):
        transport(gateway.url).send(TEXT, closed)
    assert gateway.received == []


def test_without_a_connection_the_gateway_is_away_and_the_gate_stays_shut() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(ServerAway):
            transport(url).send(TEXT, lambda: pytest.fail("the gate was asked"))


def test_a_gateway_without_encryption_is_away(gateway: TextGateway) -> None:
    with pytest.raises(ServerAway):
        transport(gateway.url.replace("http:", "https:"), timeout=2).send(TEXT, opened)
    assert gateway.received == []


@pytest.mark.parametrize("url", ["http://gateway.example/", "ftp://gateway.example/", "https:///x"])
def test_a_token_does_not_travel_in_the_clear(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        transport(url)


@pytest.mark.parametrize("to", ["", "0170 1234567", "+49", "+4917012345678901", "+49170\n1234567"])
def test_a_number_is_written_with_its_country(to: str) -> None:
    with pytest.raises(ValueError, match="country"):
        TextMessage(UUID(int=1), to, "x")


def test_neither_number_nor_token_shows_itself() -> None:
    assert "4917" not in repr(TEXT)
    assert "let-me-in" not in repr(Gateway("https://gateway.example/", "let-me-in", "Study"))
