"""A company's own vectors from a file: what is read, and what is refused by name."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys.errors import DatasetError
from recsys.text.precomputed import PrecomputedVectors

_IDS = ["a", "9007199254740993", "お知らせ"]
_VECTORS = [[3.0, 4.0], [0.0, 0.0], [0.0, -2.0]]
_EXPECTED = np.array([[0.6, 0.8], [0, 0], [0, -1], [0, 0]])


def _npz(path: Path, content_id: Any, vector: Any) -> Path:
    np.savez(path / "vectors.npz", content_id=content_id, vector=vector)
    return path / "vectors.npz"


def _parquet(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path / "vectors.parquet")
    return path / "vectors.parquet"


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
def test_npz(tmp_path: Path, dtype: Any) -> None:
    read = PrecomputedVectors.read(_npz(tmp_path, np.array(_IDS), np.array(_VECTORS, dtype)))
    np.testing.assert_allclose(read.vectors([*_IDS, "b"]), _EXPECTED, rtol=1e-6)


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.float32()), pa.list_(pa.float64(), 2), pa.large_list(pa.float32())]
)
def test_parquet(tmp_path: Path, kind: pa.DataType) -> None:
    path = _parquet(tmp_path, content_id=_IDS, vector=pa.array(_VECTORS, kind), language=["x"] * 3)
    read = PrecomputedVectors.read(path)
    np.testing.assert_allclose(read.vectors([*_IDS, "b"]), _EXPECTED, rtol=1e-6)


def test_a_file_without_rows_knows_nothing(tmp_path: Path) -> None:
    empty = pa.array([], pa.list_(pa.float32()))
    path = _parquet(tmp_path, content_id=pa.array([], pa.string()), vector=empty)
    assert PrecomputedVectors.read(path).vectors(["a"]).shape == (1, 0)


@pytest.mark.parametrize(
    ("ids", "vectors", "message"),
    [
        (["a", "a"], [[1.0], [2.0]], "content 'a' has two vectors"),
        (["a", "b"], [[1.0], [np.nan]], "vector of content 'b' holds a number that is not finite"),
        (["a"], [[np.inf]], "not finite"),
        (["a"], [[1.0], [2.0]], r"1 content ids came with vectors of shape \(2, 1\)"),
        (["a"], [1.0], r"shape \(1,\)"),
        (np.array([9007199254740993]), [[1.0]], "content_id is int64"),
        (np.array(["a"], np.object_), [[1.0]], "expected an .npz file"),
    ],
)
def test_bad_arrays_are_refused(tmp_path: Path, ids: Any, vectors: Any, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        PrecomputedVectors.read(_npz(tmp_path, ids, np.array(vectors)))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"content_id": ["a", "b"], "vector": [[1.0], [1.0, 2.0]]}, r"vectors have \[1, 2\]"),
        ({"content_id": ["a", "b"], "vector": [[1.0], None]}, "1 are missing"),
        ({"content_id": ["a", None], "vector": [[1.0], [2.0]]}, "1 missing"),
        ({"content_id": ["a", "b"], "vector": [[1.0], [None]]}, "content 'b' .* not finite"),
        ({"content_id": [1], "vector": [[1.0]]}, "content_id is int64"),
        ({"content_id": ["a"], "vector": ["1.0"]}, "expected an .npz file"),
        ({"content_id": ["a"], "vector": [["x"]]}, "expected an .npz file"),
        ({"content_id": ["a"]}, "expected an .npz file"),
    ],
)
def test_bad_tables_are_refused(tmp_path: Path, columns: Any, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        PrecomputedVectors.read(_parquet(tmp_path, **columns))


@pytest.mark.parametrize("name", ["none.npz", "none.parquet", "v.csv", "text.npz", "text.parquet"])
def test_other_files_are_refused(tmp_path: Path, name: str) -> None:
    if not name.startswith("none"):
        (tmp_path / name).write_text("no vectors")
    with pytest.raises(DatasetError, match=r"expected an .npz file with the arrays content_id"):
        PrecomputedVectors.read(tmp_path / name)
