"""What a request names has to be there."""

from recsys.engine import Engine
from recsys.ids import UNKNOWN_INDEX
from serving.problems import ProblemError

__all__ = ["check_content", "no_content"]


def check_content(engine: Engine, content_id: str) -> int:
    """Return the index of a content; a problem (404) if there is none."""
    contents = engine.state.catalogue.contents
    content = contents.ids.index(content_id)
    if content == UNKNOWN_INDEX or not contents["known"][content]:
        raise no_content(content_id)
    return content


def no_content(content_id: str) -> ProblemError:
    """Return the problem (404) that a content is not there."""
    return ProblemError(404, f"there is no content {content_id!r}; put it first, or check the id")
