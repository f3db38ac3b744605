"""Short dense vectors of texts: TF-IDF, then truncated SVD (latent semantic analysis)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer

from recsys.text.tokens import terms

__all__ = ["TextModel"]

_MAX_TERMS = 30_000
_MIN_DOCUMENTS = 2  # a term that occurs in one text only relates it to nothing
_ITERATIONS = 5


@dataclass(frozen=True)
class TextModel:
    """A vocabulary with weights and a projection; fit once, on the past only.

    Deerwester et al. 1990; term weights are 1 + ln(tf) times smoothed idf, rows l2-normalised.
    """

    vocabulary: tuple[str, ...]
    idf: npt.NDArray[np.float64]
    """float64, shape (n_terms,)."""
    components: npt.NDArray[np.float32]
    """float32, shape (n_terms, size)."""

    @property
    def size(self) -> int:
        """Return the length of a vector."""
        return int(self.components.shape[1])

    @classmethod
    def fit(cls, texts: Sequence[str], *, size: int, seed: int) -> Self:
        """Fit on ``texts``; with few texts or terms the vectors are shorter, perhaps empty."""
        counter = CountVectorizer(
            analyzer=terms, min_df=_MIN_DOCUMENTS, max_features=_MAX_TERMS, dtype=np.float64
        )
        try:
            counts = counter.fit_transform(texts)
        except ValueError:  # no term occurs often enough
            return cls((), np.zeros(0), np.zeros((0, 0), np.float32))
        vocabulary = tuple(counter.get_feature_names_out())
        n_texts, n_terms = counts.shape
        document_frequency = np.asarray((counts > 0).sum(axis=0)).ravel()
        idf = np.log((1 + n_texts) / (1 + document_frequency)) + 1
        size = min(size, n_texts - 1, n_terms - 1)
        if size < 1:
            return cls((), np.zeros(0), np.zeros((0, 0), np.float32))
        svd = TruncatedSVD(size, n_iter=_ITERATIONS, random_state=seed).fit(_weigh(counts, idf))
        return cls(vocabulary, idf, svd.components_.T.astype(np.float32))

    def weights(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Return TF-IDF rows, float64 CSR, shape (n, n_terms), l2-normalised (or all zero)."""
        if not self.vocabulary:
            return sparse.csr_matrix((len(texts), 0))
        counter = CountVectorizer(analyzer=terms, vocabulary=self.vocabulary, dtype=np.float64)
        return _weigh(counter.transform(texts), self.idf)

    def vectors(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return float32 vectors, shape (n, size), of length 1; zero for texts without a term."""
        if not len(texts) or not self.vocabulary:
            return np.zeros((len(texts), self.size), np.float32)
        projected = np.asarray(self.weights(texts) @ self.components, np.float32)
        norms = np.linalg.norm(projected, axis=1, keepdims=True)
        return np.asarray(projected / np.where(norms > 0, norms, 1), np.float32)


def _weigh(counts: sparse.csr_matrix, idf: npt.NDArray[np.float64]) -> sparse.csr_matrix:
    weighted = sparse.csr_matrix(counts, copy=True)
    weighted.data = 1 + np.log(weighted.data)
    weighted = weighted @ sparse.diags(idf)
    norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags(1 / np.where(norms > 0, norms, 1)) @ weighted)
