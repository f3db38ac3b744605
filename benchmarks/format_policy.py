"""What the choice of renditions is worth where the truth is known, and whether it is as stated."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2

from benchmarks.format_measures import FittedWorld
from benchmarks.format_truth import Float, Index
from recsys.catalogue.renditions import Rendition
from recsys.formats.choice import DEFAULT_FLOOR, choice_probabilities
from recsys.formats.chooser import RenditionChooser
from recsys.schema import FORMATS

__all__ = ["POLICIES", "PolicyValues", "choices_p_value", "policy_values", "thompson_probabilities"]

POLICIES = ("uniform", "engine", "thompson", "oracle")
_N_PAIRS = 2_000
"""Of person and content: the share of the gap that is closed is known to about 2 points."""
_DRAWS = 400  # of the posterior: P(best) to about 2 points, far less once averaged over pairs
_N_TESTED, _N_REQUESTS = 20, 400
"""At a floor of 0.03 the rarest rendition is expected twelve times, enough for a χ² test."""


@dataclass(frozen=True, slots=True)
class PolicyValues:
    """Expected completions of m showings, each of one content to one person."""

    person: Index
    completion: Float
    """(m, len(POLICIES))."""


def policy_values(fitted: FittedWorld, rng: np.random.Generator) -> PolicyValues:
    """Return what each policy would have completed at position 1 on the person's own devices.

    ``uniform`` chooses blindly; ``engine`` as the engine does; ``thompson`` by the probability that
    a rendition is the best, from the same posterior above the same floor; ``oracle`` always the
    rendition that the planted tastes complete most.
    """
    truth, tastes, at = fitted.world.truth, fitted.tastes, fitted.world.at
    found = []
    for person, employee, content, place, renditions in _pairs(fitted, rng, _N_PAIRS):
        codes = np.array([FORMATS.index(rendition.format) for rendition in renditions])
        own = [truth.formats.index(rendition.format) for rendition in renditions]
        true = truth.completion_of(person, content)[own]
        belief = tastes.on_content(tastes.person(employee, at), place)
        policies = [
            np.full(len(codes), 1.0 / len(codes)),
            np.array(choice_probabilities(belief.p_complete[codes].tolist())),
            thompson_probabilities(
                belief.p_complete[codes], belief.logit_covariance[np.ix_(codes, codes)], rng
            ),
        ]
        found.append([person, *(float(p @ true) for p in policies), true.max()])
    values = np.array(found).reshape(-1, 1 + len(POLICIES))
    return PolicyValues(values[:, 0].astype(np.int64), values[:, 1:])


def thompson_probabilities(p: Float, logit_covariance: Float, rng: np.random.Generator) -> Float:
    """Return P(best) above the engine's floor, (n,): what drawing from the posterior would do."""
    n = len(p)
    root = np.linalg.cholesky(logit_covariance + 1e-9 * np.eye(n))
    drawn = np.log(p / (1.0 - p)) + rng.standard_normal((_DRAWS, n)) @ root.T
    best = np.bincount(drawn.argmax(axis=1), minlength=n) / _DRAWS
    floor = min(DEFAULT_FLOOR, 1.0 / n)
    return np.asarray(floor + (1.0 - n * floor) * best)


def choices_p_value(fitted: FittedWorld, rng: np.random.Generator) -> float:
    """Return how likely choices differ as much from their stated propensities by luck alone.

    Pearson's χ² over persons and contents, each chosen for in many requests; it also falls if
    requests do not draw independently.
    """
    statistic, freedom = 0.0, 0
    for _, employee, content, _, renditions in _pairs(fitted, rng, _N_TESTED):
        content_id = fitted.world.truth.content_ids[content]
        drawn = [
            _chooser(fitted, employee, f"request {request}").choose(content_id)
            for request in range(_N_REQUESTS)
        ]
        for rendition in renditions:
            stated = _N_REQUESTS * drawn[0].propensities[rendition.rendition_id]
            n = sum(choice.rendition_id == rendition.rendition_id for choice in drawn)
            statistic += (n - stated) ** 2 / stated
        freedom += len(renditions) - 1
    return float(chi2.sf(statistic, freedom))


def _pairs(
    fitted: FittedWorld, rng: np.random.Generator, n: int
) -> Iterator[tuple[int, int, int, int, list[Rendition]]]:
    """Yield person and employee, content and its place in the catalogue, and its renditions.

    At most n, drawn at random among contents with a choice of formats.
    """
    truth = fitted.world.truth
    ids = fitted.catalogue.contents.ids.indices(pd.Series(truth.content_ids, dtype="str"))
    rows = rng.integers(0, len(fitted.people), n)
    contents = rng.integers(0, len(ids), n)
    for row, content in zip(rows.tolist(), contents.tolist(), strict=True):
        employee, place = int(fitted.employees[row]), int(ids[content])
        renditions = _chooser(fitted, employee, "").suitable(place)
        if len({rendition.format for rendition in renditions}) > 1:
            yield int(fitted.people[row]), employee, content, place, renditions


def _chooser(fitted: FittedWorld, employee: int, draw: str) -> RenditionChooser:
    tastes, at = fitted.tastes, fitted.world.at
    return RenditionChooser(
        fitted.state, tastes, fitted.catalogue.employees.ids.id(employee), employee, at,
        surface="portal", device=None, draw=draw,
    )  # fmt: skip
