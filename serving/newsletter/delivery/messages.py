"""A rendered mail as a message (RFC 5322), with what mail programs need to end it (RFC 8058)."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses
from hashlib import sha256

from recsys.errors import ConfigurationError
from serving.newsletter.rendering.renderer import Rendered

__all__ = ["Sender", "build_message", "read_sender"]


_LONGEST_HEADER = 900
"""A server takes lines of 998 characters. Only ids of hundreds of characters make longer links;
those people end their newsletter by the link in the mail."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom a newsletter is from."""

    address: Address
    reply_to: Address | None

    @property
    def email(self) -> str:
        """Return the bare address, for the envelope."""
        return self.address.addr_spec


def read_sender(mail_from: str, reply_to: str) -> Sender:
    """Return the sender that ``RECSYS_MAIL_FROM`` and ``RECSYS_MAIL_REPLY_TO`` name.

    Raises
    ------
    ConfigurationError
        For something that is not one address, with or without a name.
    """
    if not mail_from:
        raise ConfigurationError(
            "nobody is set as the sender of newsletters; set RECSYS_MAIL_FROM, for example to "
            "'News <news@example.com>'"
        )
    return Sender(
        _address(mail_from, "RECSYS_MAIL_FROM"),
        _address(reply_to, "RECSYS_MAIL_REPLY_TO") if reply_to else None,
    )


def build_message(rendered: Rendered, *, to: str, sender: Sender, at: datetime) -> EmailMessage:
    """Return the message to one person: HTML with a plain alternative.

    Its Message-ID is the same for the same issue and person, so that a mailbox which gets a mail
    twice can tell, and says nothing about either. Where people may unsubscribe, mail programs are
    told the address for one click: a POST, because they and their scanners fetch what is in a
    header with GET. Nobody's absence note answers.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = sender.address
    if sender.reply_to is not None:
        message["Reply-To"] = sender.reply_to
    message["To"] = Address(addr_spec=to)
    message["Subject"] = rendered.subject.text
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{_name(rendered)}@{sender.address.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["Content-Language"] = rendered.language
    if 0 < len(rendered.unsubscribe_url) <= _LONGEST_HEADER:
        message["List-Unsubscribe"] = f"<{rendered.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(rendered.text, cte="base64")
    message.add_alternative(rendered.html, subtype="html", cte="base64")
    return message


def _name(rendered: Rendered) -> str:
    # The link is opaque and belongs to this mail; a hash of ids could be tried out.
    return sha256(rendered.view_url.encode()).hexdigest()[:32]


def _address(text: str, setting: str) -> Address:
    (name, email), *others = getaddresses([text])
    if text.isprintable() and not others and email.count("@") == 1:
        with suppress(ValueError, IndexError):
            return Address(display_name=name, addr_spec=email)
    raise ConfigurationError(
        f"{setting} is not one address; expected news@example.com or News <news@example.com>"
    )
