"""One connection to the company's mail server."""

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from ipaddress import ip_address
from types import TracebackType
from typing import Literal, Self

from pydantic import SecretStr

from recsys.errors import ConfigurationError, RecsysError
from recsys.settings import Settings

__all__ = ["MailError", "MailServer", "MailServerError", "Way", "way_of"]

_TIMEOUT_SECONDS = 60.0
"""RFC 5321 lets servers take minutes, but none that serves a newsletter does."""


_UNFOLDED = SMTP.clone(max_line_length=998)
"""Headers in one line, of which a server takes 998 characters: a long address would not be folded
but be encoded, and then it is none."""


class MailServerError(RecsysError):
    """The mail server cannot be reached, or does not let us in: nothing was sent."""


class MailError(Exception):
    """One mail was not accepted.

    ``code`` is the server's, 0 if the connection broke. ``may_have_arrived``: the connection broke
    after the whole mail had been handed over, before the answer.
    """

    def __init__(self, code: int, *, may_have_arrived: bool = False) -> None:
        super().__init__(code)
        self.code, self.may_have_arrived = code, may_have_arrived

    @property
    def is_permanent(self) -> bool:
        """Whether the server said never (5xx)."""
        return 500 <= self.code <= 599


@dataclass(frozen=True, slots=True)
class Way:
    """How the mail server is reached."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    user: str
    password: SecretStr
    context: ssl.SSLContext | None = None
    """Which certificates are trusted; None for those the system trusts."""


def way_of(settings: Settings) -> Way:
    """Return the way that the settings describe.

    Raises
    ------
    ConfigurationError
        When a password would cross a network in clear.
    """
    if settings.smtp_user and settings.smtp_security == "none" and not _is_here(settings.smtp_host):
        raise ConfigurationError(
            "RECSYS_SMTP_SECURITY is none while RECSYS_SMTP_USER is set: the password would cross "
            "the network in clear; use starttls or tls, or no login"
        )
    return Way(
        settings.smtp_host, settings.smtp_port, settings.smtp_security, settings.smtp_user,
        settings.smtp_password,
    )  # fmt: skip


class MailServer:
    """A connection that is opened when needed and kept from mail to mail; for one thread.

    Its certificate is checked. A server that offers no STARTTLS although it should is an error: it
    would be what an attacker in between shows.
    """

    def __init__(self, way: Way) -> None:
        self._way = way
        self._open: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        """Return the connection; it is not open yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """Say goodbye."""
        self.close()

    def connect(self) -> None:
        """Open the connection if it is not.

        Raises
        ------
        MailServerError
            When the server cannot be reached or does not let us in; no address is in it.
        """
        if self._open is not None:
            return
        way = self._way
        where = f"the mail server {way.host}:{way.port}"
        try:
            self._open = self._connected()
        except smtplib.SMTPAuthenticationError as error:
            raise MailServerError(
                f"{where} does not accept the login (code {error.smtp_code}); check "
                "RECSYS_SMTP_USER and RECSYS_SMTP_PASSWORD"
            ) from None
        except (smtplib.SMTPException, OSError) as error:
            raise MailServerError(
                f"{where} cannot be used ({type(error).__name__}: {error}); check "
                "RECSYS_SMTP_HOST, RECSYS_SMTP_PORT and RECSYS_SMTP_SECURITY"
            ) from None

    def send(self, message: EmailMessage, *, sender: str, to: str) -> None:
        """Hand one mail over; when this returns, the server has taken charge of it.

        Raises
        ------
        MailError
            When it has not, or has not said so.
        MailServerError
            As :meth:`connect`.
        """
        self.connect()
        assert self._open is not None
        is_handed_over = False
        try:
            _ask(self._open.mail(sender))
            _ask(self._open.rcpt(to))
            is_handed_over = True
            _ask(self._open.data(message.as_bytes(policy=_UNFOLDED)))
        except smtplib.SMTPDataError as error:  # DATA itself was refused
            self._reset(error.smtp_code)
            raise MailError(error.smtp_code) from None
        except MailError as error:
            self._reset(error.code)
            raise
        except (smtplib.SMTPException, OSError):
            self.close()
            raise MailError(0, may_have_arrived=is_handed_over) from None

    def close(self) -> None:
        """Close the connection, politely if that is possible."""
        if self._open is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._open.quit()
            self._open.close()
            self._open = None

    def _connected(self) -> smtplib.SMTP:
        way = self._way
        context = way.context or ssl.create_default_context()
        if way.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                way.host, way.port, timeout=_TIMEOUT_SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(way.host, way.port, timeout=_TIMEOUT_SECONDS)
        try:
            if way.security == "starttls":
                server.starttls(context=context)
            server.ehlo_or_helo_if_needed()
            if way.user:
                server.login(way.user, way.password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server

    def _reset(self, code: int) -> None:
        """Be ready for the next mail; a server that says 421 has hung up."""
        if code == 421 or self._open is None:
            self.close()
            return
        try:
            self._open.rset()
        except (smtplib.SMTPException, OSError):
            self.close()


def _ask(answer: tuple[int, bytes]) -> None:
    """Raise unless the server agreed; its words are dropped, they repeat addresses."""
    code, _ = answer
    if not 200 <= code <= 299:
        raise MailError(code)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
