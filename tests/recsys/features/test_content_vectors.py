"""Vectors by content index: looked up by what the embedder reads, kept until refreshed."""

import numpy as np
import numpy.typing as npt
import pytest

from recsys.catalogue.contents import ContentTable
from recsys.dataset.validation import frame_of, validate
from recsys.features.content_vectors import ContentVectors
from recsys.schema import TABLES
from recsys.text.embedder import Embedder
from recsys.text.precomputed import PrecomputedVectors
from recsys.text.vectors import TextModel

_TITLES = {"a": "new robots", "b": "工場の安全", "c": "safe robots", "d": "工場の見学", "e": "news"}


def _upsert(contents: ContentTable, titles: dict[str, str]) -> npt.NDArray[np.int32]:
    rows = [
        {"content_id": content_id, "title": title, "published_at": "2026-01-01T00:00Z"}
        for content_id, title in titles.items()
    ]
    return contents.upsert(validate(TABLES["contents"], frame_of(rows)).frame)


@pytest.fixture
def contents() -> ContentTable:
    table = ContentTable()
    _upsert(table, _TITLES)
    return table


@pytest.fixture
def text_model() -> TextModel:
    return TextModel.fit(list(_TITLES.values()), size=2, seed=0)


def test_texts_or_ids_as_the_embedder_reads(contents: ContentTable, text_model: TextModel) -> None:
    own = PrecomputedVectors(["d", "a"], np.eye(2))
    rows = np.array([3, 0, 1], np.int32)
    np.testing.assert_array_equal(ContentVectors(own, contents).of(rows), [[1, 0], [0, 1], [0, 0]])
    by_text = text_model.vectors([_TITLES[name] for name in "dab"])
    assert by_text.any()
    np.testing.assert_array_equal(ContentVectors(text_model, contents).of(rows), by_text)


def test_a_content_is_zero_until_refreshed(contents: ContentTable, text_model: TextModel) -> None:
    vectors = ContentVectors(text_model, contents)
    rows = _upsert(contents, {"f": "robots", "a": "安全"})
    before = text_model.vectors(["", _TITLES["a"]])
    np.testing.assert_array_equal(vectors.of(rows), before)
    vectors.refresh(rows)
    np.testing.assert_array_equal(vectors.of(rows), text_model.vectors(["robots", "安全"]))
    np.testing.assert_array_equal(
        vectors.of(np.array([1], np.int32)), text_model.vectors(["工場の安全"])
    )


def test_an_index_without_a_content_is_zero(text_model: TextModel) -> None:
    contents = ContentTable()
    contents.ids.add("unknown")
    vectors = ContentVectors(text_model, contents)
    assert not vectors.of(np.array([0], np.int32)).any()
    assert vectors.of(np.zeros(0, np.int32)).shape == (0, text_model.size)


@pytest.mark.parametrize("size", [0, 3])
def test_a_company_without_contents(size: int) -> None:
    model: Embedder = PrecomputedVectors([], np.zeros((0, size)))
    vectors = ContentVectors(model, ContentTable())
    vectors.refresh(np.zeros(0, np.int32))
    assert vectors.of(np.array([0, 4], np.int32)).shape == (2, size)
