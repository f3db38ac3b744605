"""What the links of a mail lead to, put together once per server process."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import pandas as pd

from recsys.settings import Settings
from recsys.store.delivery_log import DeliveryLog
from recsys.store.port import Store
from serving.newsletter.clicks import Clicks
from serving.newsletter.links import Claim, Links
from serving.newsletter.mails import Mails
from serving.newsletter.rendering.edition import Edition
from serving.newsletter.rendering.renderer import Rendered, Renderer
from serving.newsletter.rendering.stories import Stories, web_address

__all__ = ["Mailing", "story_address"]


@dataclass(frozen=True, slots=True)
class Mailing:
    """Links, clicks and mails of one server process; safe for concurrent use."""

    store: Store
    mails: Mails
    links: Links
    deliveries: DeliveryLog
    clicks: Clicks
    settings: Settings

    @property
    def portal_url(self) -> str:
        """Return the portal's address, empty if it was not set."""
        return self.settings.portal_url

    def target(self, claim: Claim, at: datetime) -> str:
        """Return where a story is at ``at``; empty if it is not, or no longer, to be read.

        The address is the catalogue's own, never one that a link brought along.
        """
        rows = self.store.find("contents", claim.content_id)
        if rows.empty or rows["status"].iloc[0] in ("draft", "withdrawn"):
            return ""
        expires_at = rows["expires_at"].iloc[0]
        if pd.notna(expires_at) and expires_at <= at:
            return ""
        return story_address(Stories(self.store, self.portal_url), self.settings.story_url, claim)

    def page(self, claim: Claim) -> Rendered | None:
        """Return somebody's mail, rendered as it is now; None if it is not kept any more."""
        edition = self.mails.edition(claim.issue_id)
        mail = self.mails.find(claim.issue_id, claim.employee_id)
        if edition is None or mail is None:
            return None
        return self.renderer(edition).render(mail)

    def renderer(self, edition: Edition) -> Renderer:
        """Return a renderer for one request: it looks every story up anew."""
        return Renderer(Stories(self.store, self.portal_url), self.links, edition)


def story_address(stories: Stories, story_url: str, claim: Claim) -> str:
    """Return the address of a rendition, else the one that ``story_url`` gives it, else nothing."""
    story = stories.find(claim.content_id, claim.rendition_id)
    if story is None:
        return ""
    if story.url:
        return story.url
    ids = {"{content_id}": claim.content_id, "{rendition_id}": claim.rendition_id}
    for mark, value in ids.items():
        story_url = story_url.replace(mark, quote(value, safe=""))
    return web_address(story_url, "")
