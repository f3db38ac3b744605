"""What may be in a feed at all, beyond being a candidate of the ranking."""

import numpy as np
import numpy.typing as npt

from recsys.catalogue.catalogue import Catalogue
from recsys.catalogue.renditions import primary_language

__all__ = ["is_muted", "is_readable"]

Index = npt.NDArray[np.int32]
Bool = npt.NDArray[np.bool_]


def is_readable(catalogue: Catalogue, employee: int, contents: Index) -> Bool:
    """Return bool, shape (n,): in a language the employee chose, or of unknown language.

    A content is readable in its own language and in those of its renditions. Who chose nothing
    reads everything: the language on record is the company's guess, and for the ranker to weigh.
    """
    languages = {primary_language(name) for name in catalogue.preferences.of(employee).languages}
    table = catalogue.contents
    if not languages or len(table.languages) == 0:
        return np.ones(len(contents), np.bool_)
    known = [primary_language(name) in languages for name in table.languages.ids]
    codes = table["language"].view(np.int32)[contents]
    readable = np.array([*known, True])[codes]  # −1, unknown, takes the appended one
    if not readable.all():
        names = catalogue.renditions.languages
        bits = sum(1 << code for name in languages if 0 <= (code := names.index(name)) < 62)
        readable |= catalogue.renditions.language_bits(contents) & bits > 0
    return np.asarray(readable)


def is_muted(catalogue: Catalogue, employee: int, contents: Index) -> Bool:
    """Return bool, shape (n,): on a topic the employee does not want to hear of."""
    table = catalogue.contents
    muted = catalogue.preferences.of(employee).muted_topics
    codes = [code for topic in muted if (code := table.topics_map.index(topic)) >= 0]
    if not codes:
        return np.zeros(len(contents), np.bool_)
    return np.asarray(np.isin(table.topics[contents], codes).any(axis=1))
