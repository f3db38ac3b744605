"""Content recommendation and targeting for the intranet: a live ranking learned from engagement."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recsys.answers import FeedRequest
    from recsys.engine import Engine

__all__ = ["Engine", "FeedRequest"]


def __getattr__(name: str) -> Any:  # noqa: ANN401  # the type depends on the name
    """Import the public names on first use, so that commands that need neither start fast."""
    if name == "Engine":
        from recsys.engine import Engine

        return Engine
    if name == "FeedRequest":
        from recsys.answers import FeedRequest

        return FeedRequest
    raise AttributeError(f"module 'recsys' has no attribute {name!r}")
