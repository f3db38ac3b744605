"""Catalogue rows in pages, over the wire."""

from pydantic import Field, create_model

from serving.rows import StoredContent, StoredRendition

__all__ = ["ContentPage", "RenditionList"]

# Made, not written, because what they hold is: a declared table, column by column.
ContentPage = create_model(
    "ContentPage",
    __doc__="Contents in the order of their ids; `next_cursor` is null on the last page.",
    items=(list[StoredContent], ...),  # type: ignore[valid-type]  # a model made of a table
    next_cursor=(str | None, ...),
)
RenditionList = create_model(
    "RenditionList",
    __doc__="The renditions of one content in the order of their ids; none: it is an article.",
    content_id=(str, ...),
    items=(
        list[StoredRendition],  # type: ignore[valid-type]  # as above
        Field(description="At most 500: a story has a handful."),
    ),
)
