"""What a text is about, learned from labelled ones: editors forget topics, or pick a wrong one.

A multinomial logistic regression from text vectors to topics; a text with several topics counts for
each in equal parts.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

__all__ = ["TopicModel"]

_NAMES, _WEIGHTS = "topics.json", "topics.npz"

_MIN_TEXTS = 10
"""A topic of fewer labelled texts is not learned."""

_MOST_TOPICS = 64
"""The most frequent ones; where topics are free tags there are thousands, each of a few texts."""

_WEAK_RIDGE = 20.0
"""scikit-learn's C. Vectors have length 1, so coefficients must be large to tell topics apart."""

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class TopicModel:
    """Topics and the coefficients of each; ``shares`` is pure and safe to share."""

    names: tuple[str, ...]
    coefficients: npt.NDArray[np.float64]
    """Shape (size + 1, n_topics); the last row is the intercept."""

    @classmethod
    def empty(cls) -> Self:
        """Return a model without topics."""
        return cls((), np.zeros((0, 0)))

    @classmethod
    def fit(cls, vectors: Vectors, topics: Sequence[Sequence[str]]) -> Self:
        """Fit on vectors, shape (n, size), and their topics; empty with fewer than two topics.

        Texts without topics, or without any known word, teach nothing. Deterministic.
        """
        counts: dict[str, int] = {}
        for own in topics:
            for topic in own:
                counts[topic] = counts.get(topic, 0) + 1
        frequent = [topic for topic, n in counts.items() if n >= _MIN_TEXTS]
        frequent.sort(key=lambda topic: (-counts[topic], topic))
        names = tuple(sorted(frequent[:_MOST_TOPICS]))
        place = {topic: i for i, topic in enumerate(names)}
        rows = [
            (row, place[topic], 1 / len(own))
            for row, own in enumerate(topics)
            for topic in own
            if topic in place and vectors[row].any()
        ]
        if len({label for _, label, _ in rows}) < max(2, len(names)):
            return cls.empty()
        row, label, weight = (np.array(column) for column in zip(*rows, strict=True))
        fitted = LogisticRegression(C=_WEAK_RIDGE, max_iter=200).fit(
            vectors[row].astype(np.float64), label, weight
        )
        coefficients = np.vstack([fitted.coef_.T, fitted.intercept_])
        if len(names) == 2:  # scikit-learn keeps one column for two classes
            coefficients = np.hstack([np.zeros_like(coefficients), coefficients])
        return cls(names, coefficients)

    def shares(self, vectors: Vectors) -> npt.NDArray[np.float64]:
        """Return float64 probabilities of the topics, shape (n, n_topics); rows sum to 1.

        Zero for texts without a known word.
        """
        logits = vectors @ self.coefficients[:-1] + self.coefficients[-1]
        odds = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
        shares: npt.NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
        return shares * vectors.any(axis=1, keepdims=True)

    def write(self, directory: Path) -> None:
        """Write the model's files into an existing directory."""
        (directory / _NAMES).write_text(json.dumps(self.names, ensure_ascii=False), "utf-8")
        np.savez(directory / _WEIGHTS, coefficients=self.coefficients)

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Read what :meth:`write` wrote."""
        names = tuple(json.loads((directory / _NAMES).read_text("utf-8")))
        with np.load(directory / _WEIGHTS, allow_pickle=False) as arrays:
            return cls(names, arrays["coefficients"])
