"""The small company of :mod:`tests.serving.newsletter.letters`."""

from tests.serving.newsletter.letters import database, news, renderer, store

__all__ = ["database", "news", "renderer", "store"]
