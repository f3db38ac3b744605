"""Messages as they go over the wire."""

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from recsys.errors import ConfigurationError
from recsys.settings import Settings
from serving.newsletter.delivery.mail_server import _UNFOLDED, way_of
from serving.newsletter.delivery.messages import build_message, read_sender
from serving.newsletter.rendering.renderer import Rendered, Renderer
from serving.newsletter.rendering.subjects import Subject
from tests.serving.newsletter.letters import NOW, WHOLE, mail

SENDER = read_sender("社内ニュース <news@example.com>", "comms@example.com")


def rendered(renderer: Renderer, **more: object) -> Rendered:
    made = renderer.render(replace(mail(*WHOLE), **more))  # type: ignore[arg-type]
    assert made is not None
    return made


def sent(made: Rendered) -> tuple[bytes, EmailMessage]:
    message = build_message(made, to="hanako@example.com", sender=SENDER, at=NOW)
    wire = message.as_bytes(policy=_UNFOLDED)
    parsed = message_from_bytes(wire, policy=default)
    assert isinstance(parsed, EmailMessage)
    return wire, parsed


def test_a_message_has_what_mail_programs_need(renderer: Renderer) -> None:
    made = rendered(renderer)
    wire, message = sent(made)
    assert message["From"] == "社内ニュース <news@example.com>"
    assert (message["To"], message["Reply-To"]) == ("hanako@example.com", "comms@example.com")
    assert message["Subject"] == "【必読】情報セキュリティ研修"
    assert message["Date"].datetime == NOW
    assert message["Auto-Submitted"] == "auto-generated"
    parts = [part.get_content_type() for part in message.iter_parts()]
    assert parts == ["text/plain", "text/html"]
    assert wire.isascii()
    assert max(map(len, wire.split(b"\r\n"))) <= 998
    assert b"e-1" not in wire.split(b"\r\n\r\n")[0]


def test_one_click_is_a_post_to_a_signed_address(renderer: Renderer) -> None:
    made = rendered(renderer)
    wire, message = sent(made)
    assert f"\r\nList-Unsubscribe: <{made.unsubscribe_url}>\r\n".encode() in wire
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in wire
    notice = renderer.render(mail(WHOLE[0]))
    assert notice is not None
    _, message = sent(notice)
    assert message["List-Unsubscribe"] is message["List-Unsubscribe-Post"] is None


def test_a_long_address_is_left_in_one_piece(renderer: Renderer) -> None:
    made = rendered(renderer, employee_id="e" * 300, issue_id="w27" + "i" * 200)
    wire, _ = sent(made)
    assert f"List-Unsubscribe: <{made.unsubscribe_url}>\r\n".encode() in wire
    too_long = rendered(renderer, employee_id="e" * 400, issue_id="i" * 400)
    wire, _ = sent(too_long)
    assert b"List-Unsubscribe" not in wire


def test_the_same_mail_has_the_same_message_id(renderer: Renderer) -> None:
    first, again = sent(rendered(renderer))[1], sent(rendered(renderer))[1]
    other = sent(rendered(renderer, employee_id="e-2"))[1]
    assert first["Message-ID"] == again["Message-ID"] != other["Message-ID"]


@pytest.mark.parametrize("text", ["x\r\nBcc: all@example.com", "x\nBcc: all@example.com"])
def test_a_subject_cannot_carry_a_header(renderer: Renderer, text: str) -> None:
    made = replace(rendered(renderer), subject=Subject("issue", text))
    with pytest.raises(ValueError, match="linefeed"):
        build_message(made, to="hanako@example.com", sender=SENDER, at=NOW)


@pytest.mark.parametrize(
    "text",
    ["nobody", "a@example.com\r\nBcc: b@example.com", "a@b@example.com", "@", "<>",
     "a@example.com, b@example.com"],
)  # fmt: skip
def test_a_sender_is_one_address(text: str) -> None:
    with pytest.raises(ConfigurationError, match="RECSYS_MAIL_FROM is not one address"):
        read_sender(text, "")


def test_without_a_sender_nothing_is_sent() -> None:
    with pytest.raises(ConfigurationError, match="set RECSYS_MAIL_FROM"):
        read_sender("", "")


def test_a_password_never_crosses_a_network_in_clear() -> None:
    settings = Settings(smtp_user="news", smtp_security="none", smtp_host="mail.example.com")
    with pytest.raises(ConfigurationError, match="in clear"):
        way_of(settings)
    assert way_of(settings.model_copy(update={"smtp_host": "127.0.0.1"})).user == "news"
    assert way_of(settings.model_copy(update={"smtp_security": "tls"})).user == "news"
