"""The formats among contents, against the slow way of asking content by content."""

import numpy as np
import pytest

from recsys.borders import checked_rows
from recsys.catalogue.renditions import RenditionTable
from recsys.ids import IdMap
from recsys.schema import FORMATS


def _table(contents: IdMap, *rows: tuple[str, str, str]) -> RenditionTable:
    table = RenditionTable()
    frame, rejects = checked_rows(
        "renditions",
        [{"rendition_id": r, "content_id": c, "format": f} for r, c, f in rows],
    )
    assert not rejects
    table.upsert(frame, contents, IdMap())
    return table


@pytest.mark.parametrize("chosen", [[], [0], [1], [2], [0, 2], [0, 1, 2], [3]])
def test_live_formats(chosen: list[int]) -> None:
    contents = IdMap(["film", "both", "plain", "also plain"])
    table = _table(
        contents, ("r1", "film", "video"), ("r2", "both", "video"), ("r3", "both", "audio")
    )
    slow = {rendition.format for content in chosen for rendition in table.of(content)}
    found = table.live_formats(np.array(chosen, np.int32))
    assert found == [name for name in FORMATS if name in slow]


def test_one_format_in_two_languages_is_known_without_a_rendition() -> None:
    contents = IdMap(["film", "both"])
    table = _table(
        contents, ("ja", "film", "video"), ("en", "film", "video"),
        ("r2", "both", "video"), ("r3", "both", "audio"),
    )  # fmt: skip
    unknown = np.full(2, -1, np.int32)
    formats = table.formats(unknown, np.array([0, 1], np.int32))
    assert formats.tolist() == [FORMATS.index("video"), -1]
