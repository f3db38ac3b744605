"""A real mail server on this machine, which may be told to misbehave."""

import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from threading import Lock
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from serving.newsletter.delivery.mail_server import Way

Answer = Callable[[str, int], str | None]
"""From a recipient and how often they were tried: what to say instead of taking the mail."""


@dataclass
class Inbox:
    """What the server took, and how it was used."""

    answer: Answer = lambda _, __: None
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    tries: Counter[str] = field(default_factory=Counter)
    connections: set[int] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)
    hang_up_after: int | None = None
    """Mails after which the server breaks the connection without answering."""

    @property
    def recipients(self) -> list[str]:
        return sorted(to for to, _ in self.taken)

    async def handle_RCPT(  # noqa: N802  (the library's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        with self.lock:
            self.tries[address] += 1
            said = self.answer(address, self.tries[address])
        if said is not None:
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  (the library's name)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        with self.lock:
            self.connections.add(id(session))
            self.taken.append((envelope.rcpt_tos[0], message))
            if self.hang_up_after is not None and len(self.taken) >= self.hang_up_after:
                self.hang_up_after = None
                server.transport.abort()  # type: ignore[union-attr]
        return "250 taken"


@contextmanager
def mail_server(inbox: Inbox, **options: Any) -> Iterator[Way]:
    """Run a server on a free port and give the way to it."""
    with socket.socket() as probe:  # the library wants to be told a port
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield Way("127.0.0.1", port, "none", "", SecretStr(""))
    finally:
        controller.stop()


@dataclass(frozen=True)
class Certificate:
    """One that a server shows, and what trusts it."""

    of_server: ssl.SSLContext
    of_client: ssl.SSLContext


def certificate(folder: Path) -> Certificate:
    """Make a certificate for 127.0.0.1 that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = folder / "server.pem"
    pem.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )  # fmt: skip
    of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    of_server.load_cert_chain(pem)
    return Certificate(of_server, ssl.create_default_context(cafile=str(pem)))


def knows(user: bytes, password: bytes) -> Callable[..., AuthResult]:
    """Return a check of logins."""

    def check(
        server: SMTP, session: Session, envelope: Envelope, how: str, given: Any
    ) -> AuthResult:
        return AuthResult(success=(given.login, given.password) == (user, password), handled=False)

    return check
