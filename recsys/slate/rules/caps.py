"""Caps: nobody and nothing has more than their share of a slate."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from recsys.slate.draft import WHOLE_SLATE, Cap, Draft

__all__ = ["Caps"]


@dataclass(frozen=True, slots=True)
class Caps:
    """At most so many of one author, campaign, topic or format in any ten slots in a row.

    Of almost equal contents a slate has one. The other caps give way where nothing else is left:
    a company in which one office writes everything still wants a feed.
    """

    name: ClassVar[str] = "caps"
    author: int = 3
    campaign: int = 3
    topic: int = 5
    """By a content's first topic."""
    format: int = 8
    window: int = 10
    """What is on the screen at once, about."""

    def apply(self, draft: Draft) -> None:
        """Add them to the draft."""
        topic = draft.sources.state.catalogue.contents.topics[draft.contents, 0]
        groups = draft.sources.duplicates.of(draft.contents)
        draft.caps += [
            Cap("duplicate", groups, 1, WHOLE_SLATE, is_strict=True),
            Cap("author", draft.column("author").view(np.int32), self.author, self.window),
            Cap("campaign", draft.column("campaign").view(np.int32), self.campaign, self.window),
            Cap("topic", topic, self.topic, self.window),
        ]
        draft.most_of_format = (self.format, self.window)
