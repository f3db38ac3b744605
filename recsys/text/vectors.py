"""Short dense vectors of texts: weighted term counts, then truncated SVD (latent semantics)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.decomposition import TruncatedSVD

from recsys.text.analysis import Analyser, analysis, best_analyser
from recsys.text.counts import all_terms, term_counts, word_counts
from recsys.text.embedder import Reads, unit_rows
from recsys.text.remembered import RememberedVectors

__all__ = ["TextModel"]

_ARRAYS, _VOCABULARY = "text.npz", "vocabulary.json"
_MAX_TERMS = 30_000
_MIN_DOCUMENTS = 2  # a term that occurs in one text only relates it to nothing
_ITERATIONS = 5


@dataclass(frozen=True)
class TextModel:
    """A vocabulary with weights and a projection; fit once, on the past only. An ``Embedder``.

    A term weighs (1 + ln tf) · idf², idf = ln((1 + n) / (1 + df)); rows are l2-normalised, then
    projected (Deerwester et al. 1990). Unlike the customary ln(…) + 1 this idf lets a word of every
    text weigh nothing, and the square lets words of many texts weigh little: with no list of stop
    words per language it does more for neighbours than anything else (benchmarks/text.py).

    The vectors of the texts it was fitted on are remembered, so that opening a model for the same
    contents analyses nothing. Other texts cost about 1 µs a Japanese character, less in others.
    """

    vocabulary: tuple[str, ...]
    weights: npt.NDArray[np.float64]
    """float64, shape (n_terms,): idf²."""
    components: npt.NDArray[np.float32]
    """float32, shape (n_terms, size)."""
    analyser: str
    """What cut the texts into words; raises :class:`recsys.errors.ModelError` if it is not here."""
    remembered: RememberedVectors | None = None
    """Vectors of the texts it was fitted on."""

    def __post_init__(self) -> None:
        analysis(self.analyser)

    @classmethod
    def empty(cls) -> Self:
        """Return a model without a word: every vector is empty."""
        return cls((), np.zeros(0), np.zeros((0, 0), np.float32), "pairs")

    @property
    def size(self) -> int:
        """Return the length of a vector."""
        return int(self.components.shape[1])

    @property
    def reads(self) -> Reads:
        """Vectors are made of texts."""
        return "texts"

    @classmethod
    def fit(
        cls, texts: Sequence[str], *, size: int, seed: int, analyser: Analyser | None = None
    ) -> Self:
        """Fit on ``texts``, by the best analyser there is unless one is given.

        With few texts or terms the vectors are shorter, perhaps empty.
        """
        analyser = analyser or best_analyser()
        by_word, words = word_counts(texts, analysis(analyser))
        columns = all_terms(words)
        counts = term_counts(by_word, words, columns)
        chosen, idf = _choose_terms(counts, np.array(list(columns), np.object_))
        vocabulary = tuple(list(columns)[column] for column in chosen)
        size = min(size, len(texts) - 1, len(vocabulary) - 1)
        if size < 1:
            return cls((), np.zeros(0), np.zeros((0, 0), np.float32), analyser)
        weighted = _weigh(counts[:, chosen], idf**2)
        svd = TruncatedSVD(size, n_iter=_ITERATIONS, random_state=seed).fit(weighted)
        model = cls(vocabulary, idf**2, svd.components_.T.astype(np.float32), analyser)
        remembered = RememberedVectors.of(texts, unit_rows(weighted @ model.components))
        return replace(model, remembered=remembered)

    def weighted(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Return weighted terms, float64 CSR, shape (n, n_terms), l2-normalised (or all zero)."""
        by_word, words = word_counts(texts, analysis(self.analyser))
        return _weigh(term_counts(by_word, words, self._columns), self.weights)

    def vectors(self, keys: Sequence[str], /) -> npt.NDArray[np.float32]:
        """Return float32 vectors of texts, shape (n, size); zero for texts without a known term."""
        vectors = np.zeros((len(keys), self.size), np.float32)
        if not self.vocabulary:
            return vectors
        rows = np.full(len(keys), -1) if self.remembered is None else self.remembered.rows(keys)
        if self.remembered is not None:
            vectors[rows >= 0] = self.remembered.vectors[rows[rows >= 0]]
        new = [key for key, row in zip(keys, rows, strict=True) if row < 0]
        if new:
            vectors[rows < 0] = unit_rows(self.weighted(new) @ self.components)
        return vectors

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {term: column for column, term in enumerate(self.vocabulary)}

    def write(self, directory: Path) -> None:
        """Write ``text.npz`` and ``vocabulary.json`` into an existing directory."""
        arrays = {
            "weights": self.weights,
            "components": self.components,
            "analyser": np.array(self.analyser),
        }
        if self.remembered is not None:
            arrays |= {"hashes": self.remembered.hashes, "remembered": self.remembered.vectors}
        np.savez(directory / _ARRAYS, **arrays)  # type: ignore[arg-type]  # its keyword is no array
        vocabulary = json.dumps(self.vocabulary, ensure_ascii=False)
        (directory / _VOCABULARY).write_text(vocabulary, encoding="utf-8")

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Read what :meth:`write` wrote; ``ModelError`` if the analyser is not installed here."""
        vocabulary = json.loads((directory / _VOCABULARY).read_text(encoding="utf-8"))
        with np.load(directory / _ARRAYS, allow_pickle=False) as file:
            arrays = dict(file)
        remembered = None
        if "hashes" in arrays:
            remembered = RememberedVectors(arrays["hashes"], arrays["remembered"])
        analyser = str(arrays["analyser"])
        return cls(tuple(vocabulary), arrays["weights"], arrays["components"], analyser, remembered)


def _choose_terms(
    counts: sparse.csr_matrix, terms: npt.NDArray[np.object_]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Return the columns worth keeping, ordered by term, and their idf.

    Of too many terms those of most texts stay, ties in the order of the alphabet.
    """
    n_texts = counts.shape[0]
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    useful = np.flatnonzero((frequency >= _MIN_DOCUMENTS) & (frequency < n_texts))
    useful = useful[np.argsort(terms[useful])]
    common = np.argsort(-frequency[useful], kind="stable")[:_MAX_TERMS]
    chosen = useful[np.sort(common)]
    return chosen, np.log((1 + n_texts) / (1 + frequency[chosen]))


def _weigh(counts: sparse.csr_matrix, weights: npt.NDArray[np.float64]) -> sparse.csr_matrix:
    weighted = sparse.csr_matrix(counts, dtype=np.float64, copy=True)
    weighted.data = (1 + np.log(weighted.data)) * weights[weighted.indices]
    norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    weighted.data /= np.repeat(np.where(norms > 0, norms, 1), np.diff(weighted.indptr))
    return weighted
