"""Encryption and login at a real server, with a certificate made for the test."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from surveys.messaging.transports import Kind, Mail, ServerAway
from surveys.messaging.transports.smtp import Server, SmtpTransport
from tests.smtp import ScriptedServer, scripted_server

MAIL = Mail("a@host.example", "b@mail.example", b"Subject: Hi\r\n\r\nHi\r\n")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate and its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    today = datetime(2026, 1, 1, tzinfo=UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today)
        .not_valid_after(today + timedelta(days=36500))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "test.pem"
    file.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


def _authenticate(
    server: object, session: object, envelope: object, mechanism: str, data: LoginPassword
) -> AuthResult:
    is_right = (data.login, data.password) == (b"studies", b"right")
    return AuthResult(success=is_right, handled=False)


@pytest.fixture
def server(certificate: Path) -> Iterator[ScriptedServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with scripted_server(
        tls_context=context,
        require_starttls=True,
        authenticator=_authenticate,
        auth_required=True,
    ) as running:
        yield running


def send(server: ScriptedServer, *, password: str) -> Kind:
    address = Server(server.host, server.port, "studies", password, "starttls", timeout=10)
    transport = SmtpTransport(address)
    try:
        return transport.send(MAIL, lambda: None).kind
    finally:
        transport.close()


def test_a_trusted_server_gets_login_and_mail(
    server: ScriptedServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert send(server, password="right") == Kind.SENT
    assert len(server.accepted) == 1


def test_an_untrusted_server_gets_neither(server: ScriptedServer) -> None:
    with pytest.raises(ServerAway, match="certificate"):
        send(server, password="right")
    assert server.accepted == []


def test_a_wrong_password_fails_nobodys_message(
    server: ScriptedServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(ServerAway, match="535"):
        send(server, password="wrong")


def test_a_password_never_shows_itself() -> None:
    assert "secret" not in repr(Server("host", 25, "studies", "secret"))
