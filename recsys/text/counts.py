"""How often each term occurs in each text."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.text.analysis import Analysis, parts

__all__ = ["all_terms", "term_counts", "word_counts"]


def word_counts(texts: Iterable[str], analyse: Analysis) -> tuple[sparse.csr_matrix, list[str]]:
    """Return counts, float32 CSR of shape (n_texts, n_words), and the words of its columns."""
    index: dict[str, int] = {}
    columns: list[int] = []
    counts: list[int] = []
    starts = [0]
    for text in texts:
        found = Counter(analyse(text))
        columns.extend(index.setdefault(word, len(index)) for word in found)
        counts.extend(found.values())
        starts.append(len(columns))
    matrix = sparse.csr_matrix(
        (np.array(counts, np.float32), np.array(columns, np.int32), np.array(starts)),
        shape=(len(starts) - 1, len(index)),
    )
    return matrix, list(index)


def all_terms(words: Sequence[str]) -> dict[str, int]:
    """Return every term of the words by its column, in order of appearance."""
    index: dict[str, int] = {}
    for word in words:
        for term in parts(word):
            index.setdefault(term, len(index))
    return index


def term_counts(
    counts: sparse.csr_matrix, words: Sequence[str], terms: dict[str, int]
) -> sparse.csr_matrix:
    """Return float32 CSR of shape (n_texts, n_terms): each word counts for all its terms.

    Terms are made once per distinct word rather than once per occurrence; the rest is one sparse
    product. Words without a known term leave no trace.
    """
    columns: list[int] = []
    starts = [0]
    for word in words:
        columns.extend(terms[term] for term in parts(word) if term in terms)
        starts.append(len(columns))
    ones: npt.NDArray[np.float32] = np.ones(len(columns), np.float32)
    terms_of_word = sparse.csr_matrix(
        (ones, np.array(columns, np.int32), np.array(starts)), shape=(len(words), len(terms))
    )
    product = sparse.csr_matrix(counts @ terms_of_word)
    product.sort_indices()  # one order of summation, whatever else is in the batch
    return product
