"""Titles and bodies: readable, in two languages at once, about their topics but not only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from recsys.simulator.config import LANGUAGES
from recsys.simulator.phrases import CLOSINGS, OPENINGS, PLACES, TITLES, TOPICS, VOCABULARY

__all__ = ["Story", "write_story"]

_T = TypeVar("_T")

_STRAY_SHARE = 0.15
"""Share of detail sentences borrowed from any topic, so that text tells the topic with noise."""


_POINTS = 3
"""Lines of a summary."""


@dataclass(frozen=True, slots=True)
class Story:
    """One story in every language, in the order of ``LANGUAGES``."""

    titles: tuple[str, ...]
    summaries: tuple[str, ...]
    bodies: tuple[str, ...]
    points: tuple[tuple[str, ...], ...]
    """Up to three sentences: the body for who has no time."""


def write_story(main_topic: int, second_topic: int, rng: np.random.Generator) -> Story:
    """Write a title and two to five sentences about ``main_topic``, some about ``second_topic``.

    Topics are indices into ``TOPICS``; ``second_topic`` equals ``main_topic`` for one-topic
    contents. Both languages say the same.
    """
    subject = _pick(VOCABULARY[TOPICS[main_topic]].subjects, rng)
    title, opening, closing = (_pick(pool, rng) for pool in (TITLES, OPENINGS, CLOSINGS))
    place = _pick(PLACES, rng)
    number = int(rng.integers(2, 10))
    topics = [main_topic, second_topic, main_topic][: int(rng.integers(1, 4))]
    details = [_pick(VOCABULARY[TOPICS[_stray(t, rng)]].details, rng) for t in topics]
    sentences = [opening, *dict.fromkeys(details)] + ([closing] if rng.random() < 0.5 else [])

    def fill(pair: tuple[str, str], language: int) -> str:
        text = pair[language].format(
            subject=subject[language], place=place[language], number=number
        )
        return text[0].upper() + text[1:]

    languages = range(len(LANGUAGES))
    told = [tuple(fill(s, i) for s in sentences) for i in languages]
    return Story(
        titles=tuple(fill(title, i) for i in languages),
        summaries=tuple(fill(opening, i) for i in languages),
        bodies=tuple(("" if LANGUAGES[i] == "ja" else " ").join(told[i]) for i in languages),
        points=tuple(sentences[:_POINTS] for sentences in told),
    )


def _pick(pool: Sequence[_T], rng: np.random.Generator) -> _T:
    return pool[int(rng.integers(len(pool)))]


def _stray(topic: int, rng: np.random.Generator) -> int:
    return int(rng.integers(len(TOPICS))) if rng.random() < _STRAY_SHARE else topic
