"""A mail to look at that is nobody's."""

from datetime import datetime

from recsys.answers import PublicRequest, SlateItem
from recsys.engine import Engine
from serving.newsletter.mail import Mail, MailItem
from serving.texts import Language

__all__ = ["NOBODY", "synthetic_mail"]

NOBODY = ""
"""The employee id of the synthetic recipient. It belongs to nobody: ids are never empty."""

_ITEMS = 8
_SECTIONS = ("mandatory", "pinned", "personal")


def synthetic_mail(engine: Engine, at: datetime, language: Language, issue_id: str) -> Mail:
    """Return the mail of a recipient who does not exist: what is asked of everybody, and new.

    Made from the feed without a person, so nothing that anybody did decides, and no editor sees
    somebody's picks. Its links work and count nothing.
    """
    slate = engine.public_feed(PublicRequest(at, _ITEMS, "newsletter", language=language))
    return Mail(
        issue_id, 0, NOBODY, language,
        tuple((name, items) for name in _SECTIONS if (items := _of(name, slate.items))),
    )  # fmt: skip


def _of(section: str, slots: tuple[SlateItem, ...]) -> tuple[MailItem, ...]:
    return tuple(
        MailItem(
            slot.content_id, slot.rendition_id, slot.format, section, slot.position,
            slot.slot_type, slot.propensity, slot.rendition_propensity, slot.reasons,
        )
        for slot in slots
        if section == (slot.slot_type if slot.slot_type in _SECTIONS else "personal")
    )  # fmt: skip
