"""Mails with their links: what the server and the commands have in common."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from recsys.errors import ConfigurationError
from recsys.settings import Settings
from recsys.store.delivery_log import DeliveryLog
from recsys.store.newsletter_store import NewsletterStore
from recsys.store.port import Store
from serving.newsletter.links import Claim, Links
from serving.newsletter.mail import Mail, MailItem
from serving.newsletter.plan_models import PlanBody
from serving.newsletter.rendering.edition import Edition
from serving.newsletter.rendering.renderer import Rendered, Renderer
from serving.newsletter.rendering.stories import Stories, web_address
from serving.newsletter.rendering.subjects import SubjectKind

__all__ = ["Mailing", "pack_mail", "unpack_mail"]


@dataclass(frozen=True, slots=True)
class Mailing:
    """Renders mails, and knows those that went out; safe for concurrent use.

    Raises
    ------
    ConfigurationError
        When it is made with settings that name no time zone.
    """

    settings: Settings
    store: Store
    newsletters: NewsletterStore
    deliveries: DeliveryLog
    links: Links

    def __post_init__(self) -> None:
        """Check what would otherwise fail with the first mail."""
        _zone(self.settings)

    def edition(self, body: PlanBody, at: datetime) -> Edition:
        """Return how a planned issue is presented at ``at``."""
        titles = {section.id: section.title for section in body.sections if section.title}
        return Edition(at, body.name, titles, _zone(self.settings))

    def renderer(self, edition: Edition, subject: SubjectKind | None = None) -> Renderer:
        """Return a renderer; it looks every story up once, so make a new one for each run."""
        stories = Stories(self.store, self.settings.portal_url, edition.at)
        return Renderer(stories, self.links, edition, subject)

    def went_out(self, claim: Claim, at: datetime) -> Rendered | None:
        """Return a mail as it went out, without what is over at ``at``.

        None if it did not go out, or is not kept any more.
        """
        kept = self.deliveries.mail(claim.issue_id, claim.employee_id)
        if kept is None:
            return None
        mail = unpack_mail(kept.mail)
        plan = self.newsletters.find(mail.issue_id, mail.revision)
        body = PlanBody.model_validate_json(plan.document) if plan else None
        edition = Edition(kept.at, zone=_zone(self.settings))
        if body is not None:
            edition = self.edition(body, kept.at)
        stories = Stories(self.store, self.settings.portal_url, at)
        return Renderer(stories, self.links, edition).render(mail)

    def target(self, claim: Claim, at: datetime) -> str:
        """Return where a story is at ``at``; empty if it is not, or no longer, to be read.

        The address is the catalogue's own, never one that a link brought along; for a rendition
        without one it is what ``story_url`` makes of its ids.
        """
        stories = Stories(self.store, self.settings.portal_url, at)
        story = stories.find(claim.content_id, claim.rendition_id)
        if story is None:
            return ""
        address = self.settings.story_url
        for mark in ("content_id", "rendition_id"):
            address = address.replace(f"{{{mark}}}", quote(getattr(claim, mark), safe=""))
        return story.url or web_address(address, "")


def pack_mail(mail: Mail) -> str:
    """Return a mail as JSON, to be kept with its delivery."""
    return orjson.dumps(asdict(mail)).decode()


def unpack_mail(text: str) -> Mail:
    """Return the mail that :func:`pack_mail` made a text of."""
    held: dict[str, Any] = orjson.loads(text)
    held["sections"] = tuple(
        (name, tuple(MailItem(**item | {"reasons": tuple(item["reasons"])}) for item in items))
        for name, items in held["sections"]
    )
    held["not_before"] = held["not_before"] and datetime.fromisoformat(held["not_before"])
    return Mail(**held)


def _zone(settings: Settings) -> ZoneInfo:
    try:
        return ZoneInfo(settings.mail_timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            f"RECSYS_MAIL_TIMEZONE is {settings.mail_timezone!r}, no time zone has that name; "
            "expected one like Asia/Tokyo"
        ) from None
