"""What the reference learner knows beforehand: the generating model and what is published.

Nothing hidden of a person or a content is in here, with one exception: the editors' lead format of
every content, which belongs to the logging policy.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.ids import UNKNOWN_INDEX, IdMap
from recsys.simulator.organisation import DEPARTMENTS
from recsys.simulator.phrases import TOPICS, VOCABULARY
from recsys.simulator.reference_beliefs import N_TRAITS, OPENNESS
from recsys.simulator.reference_groups import Groups
from recsys.simulator.traits import (
    MUTE_OPENNESS,
    OPENNESS_SPREAD,
    TYPE_SHARES,
    TYPES,
    Records,
    draw_department_interest,
)
from recsys.simulator.truth import Truth

__all__ = ["appeal_groups", "person_groups", "told_topics", "visible_facts", "visible_traits"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]
_World = Mapping[str, Any]

_HIDDEN_TRAITS = ("interest", "taste", "attraction", "openness", "pressure", "treated")
_HIDDEN_FACTS = ("topics", "appeal", "ease")
_N_DRAWS = 2_000
"""Of department interests, to take moments from; these are then known to about 0.02."""
_NO_SPREAD = 1e-6
"""Variance of what does not vary in a world without taste, so that covariances have inverses."""

_KINDS = np.array(list(TYPES.values()))
_SHARES = np.array(TYPE_SHARES)


def visible_traits(truth: Truth) -> Records:
    """Return what HR knows of everybody, zeros for the rest."""
    traits = truth.traits.copy()
    for name in _HIDDEN_TRAITS:
        traits[name] = 0
    return traits


def visible_facts(truth: Truth, contents: pd.DataFrame) -> Records:
    """Return what is published of every content, zeros for the rest.

    ``contents`` are the rows of the canonical table in the order of the truth.
    """
    facts = truth.facts.copy()
    for name in _HIDDEN_FACTS:
        facts[name] = 0
    facts["topics"] = told_topics(contents)
    return facts


def told_topics(contents: pd.DataFrame) -> FloatArray:
    """Return topic shares as title and label tell them, shape (n, topics), rows summing to 1.

    The subject in the title gives the main topic away. The label gives the second one if it begins
    with the main one; else it is wrong or blank, and the content is taken to have one topic.
    """
    subjects = {
        phrase.lower(): topic
        for topic, name in enumerate(TOPICS)
        for pair in VOCABULARY[name].subjects
        for phrase in pair
    }
    shares = np.zeros((len(contents), len(TOPICS)))
    labels = contents["topics"].fillna("").str.split(";")
    for row, (title, label) in enumerate(zip(contents["title"], labels, strict=True)):
        text = title.lower()
        main = subjects[max((s for s in subjects if s in text), key=len)]
        second = TOPICS.index(label[-1]) if label[0] == TOPICS[main] else main
        shares[row, main] += 0.7
        shares[row, second] += 0.3
    return shares


def person_groups(truth: Truth) -> Groups:
    """Return the prior of interest, openness and attraction; departments are the groups.

    A Gaussian with the same moments stands for what is none: interests of departments, which are
    standardised; openness, because of the mute group; attraction, because of the types.
    """
    world = truth.about["world"]
    rng = np.random.default_rng(0)
    draws = np.stack([draw_department_interest(rng) for _ in range(_N_DRAWS)])
    draws *= world["department_interest"]
    deviation = draws - draws.mean(axis=0)
    covariance = np.einsum("nak,nal->akl", deviation, deviation) / _N_DRAWS
    first, second = truth.traits["departments"].T
    posts = [_one_hot(p, len(DEPARTMENTS)) for p in (first, np.where(second < 0, first, second))]
    return Groups(
        share=(posts[0] + posts[1]) / 2,
        effect_mean=draws.mean(axis=0),
        effect_covariance=covariance + _NO_SPREAD * np.eye(len(TOPICS)),
        own_mean=_own_mean(world),
        own_covariance=_own_covariance(world),
    )


def appeal_groups(truth: Truth, contents: pd.DataFrame) -> Groups:
    """Return the prior of every content's appeal; authors and speakers are the groups."""
    world = truth.about["world"]
    authors, speakers = IdMap(), IdMap()
    author = authors.add_many(contents["author_id"])
    speaker = speakers.add_many(contents["speakers"])
    share = np.hstack([_one_hot(author, len(authors)), _one_hot(speaker, len(speakers))])
    n_voices = share.shape[1]
    return Groups(
        share=share,
        effect_mean=np.zeros((n_voices, 1)),
        effect_covariance=np.full((n_voices, 1, 1), world["author_appeal"] ** 2),
        own_mean=np.zeros(1),
        own_covariance=np.full((1, 1), world["appeal"] ** 2),
    )


def _own_mean(world: _World) -> FloatArray:
    mean = np.zeros(N_TRAITS)
    mean[OPENNESS] = MUTE_OPENNESS * world["silent_share"] / 2
    mean[OPENNESS + 1 :] = world["type_format"] * _SHARES @ _KINDS
    return mean


def _own_covariance(world: _World) -> FloatArray:
    mute_share = world["silent_share"] / 2
    mute = MUTE_OPENNESS**2 * mute_share * (1 - mute_share)
    centred = world["type_format"] * (_KINDS - _SHARES @ _KINDS)
    covariance = np.zeros((N_TRAITS, N_TRAITS))
    covariance[:OPENNESS, :OPENNESS] = world["personal_interest"] ** 2 * np.eye(OPENNESS)
    covariance[OPENNESS, OPENNESS] = OPENNESS_SPREAD**2 + mute
    formats = (_SHARES * centred.T) @ centred
    formats += world["personal_format"] ** 2 * np.eye(len(formats))
    covariance[OPENNESS + 1 :, OPENNESS + 1 :] = formats
    return covariance + _NO_SPREAD * np.eye(N_TRAITS)


def _one_hot(codes: IntArray, n: int) -> FloatArray:
    """Return shape (len(codes), n); the row of a missing code (−1) is empty."""
    rows = np.zeros((len(codes), n))
    present = np.flatnonzero(codes != UNKNOWN_INDEX)
    rows[present, codes[present]] = 1.0
    return rows
