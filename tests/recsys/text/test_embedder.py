"""The contract of every embedder, inherited by each adapter."""

from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from recsys.text.analysis import Analyser
from recsys.text.embedder import Embedder, unit_rows
from recsys.text.precomputed import PrecomputedVectors
from recsys.text.vectors import TextModel

_TEXTS = (
    "robots at the plant", "new robots for the office", "safety of robots at the plant",
    "工場の安全について", "工場の安全と健康", "新しい工場の話", "safety at the 工場",
)  # fmt: skip


class EmbedderContract(ABC):
    known: tuple[str, ...] = _TEXTS

    @pytest.fixture
    @abstractmethod
    def embedder(self) -> Embedder:
        """Return an adapter that knows something of every key in ``known``."""

    def test_vectors_are_float32_of_length_one(self, embedder: Embedder) -> None:
        vectors = embedder.vectors(self.known)
        assert embedder.reads in {"texts", "content_ids"}
        assert vectors.dtype == np.float32
        assert vectors.shape == (len(self.known), embedder.size)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)

    def test_the_unknown_is_zero(self, embedder: Embedder) -> None:
        assert not embedder.vectors(["", "zzz", "\0"]).any()

    def test_no_keys_give_no_rows(self, embedder: Embedder) -> None:
        assert embedder.vectors([]).shape == (0, embedder.size)

    def test_a_row_depends_on_its_key_only(self, embedder: Embedder) -> None:
        keys = [*self.known, "safety robots 健康", "", *self.known[::-1]]
        together = embedder.vectors(keys)
        alone = np.concatenate([embedder.vectors([key]) for key in keys])
        np.testing.assert_array_equal(together, alone)

    def test_any_string_is_a_key(self, embedder: Embedder) -> None:
        @given(st.lists(st.text(st.characters()), max_size=4))
        def check(keys: list[str]) -> None:
            lengths = np.linalg.norm(embedder.vectors(keys), axis=1)
            assert np.all((np.abs(lengths - 1) < 1e-5) | (lengths == 0))

        check()

    def test_callers_own_what_they_get(self, embedder: Embedder) -> None:
        expected = embedder.vectors(self.known)
        embedder.vectors(self.known)[:] = 7
        np.testing.assert_array_equal(embedder.vectors(self.known), expected)

    def test_threads_do_not_disturb_each_other(self, embedder: Embedder) -> None:
        keys = [f"{key} {n}" for n in range(5) for key in self.known] + list(self.known)
        expected = embedder.vectors(keys)
        with ThreadPoolExecutor(4) as pool:
            for vectors in pool.map(embedder.vectors, [keys] * 20):
                np.testing.assert_array_equal(vectors, expected)


def _fit(analyser: Analyser) -> TextModel:
    return TextModel.fit(_TEXTS, size=4, seed=0, analyser=analyser)


class TestTextModelBySudachi(EmbedderContract):
    @pytest.fixture
    def embedder(self) -> Embedder:
        return _fit("sudachi")


class TestTextModelByPairs(EmbedderContract):
    @pytest.fixture
    def embedder(self) -> Embedder:
        return _fit("pairs")


class TestPrecomputedVectors(EmbedderContract):
    known = tuple(f"content-{n}" for n in range(6))

    @pytest.fixture
    def embedder(self) -> Embedder:
        rng = np.random.default_rng(0)
        return PrecomputedVectors(self.known, rng.normal(size=(len(self.known), 5)))


_FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2), elements=_FINITE))
def test_unit_rows_have_length_one_unless_zero(matrix: npt.NDArray[np.float64]) -> None:
    lengths = np.linalg.norm(unit_rows(matrix), axis=1)
    np.testing.assert_allclose(lengths, matrix.any(axis=1), rtol=1e-5)


def test_unit_rows_by_hand() -> None:
    rows = unit_rows(np.array([[3.0, -4.0], [0.0, 0.0], [1e300, 1e300]]))
    expected = np.array([[0.6, -0.8], [0, 0], [0.5**0.5, 0.5**0.5]])
    np.testing.assert_allclose(rows, expected, rtol=1e-6)
