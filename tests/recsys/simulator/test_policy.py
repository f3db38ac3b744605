"""The logged propensities are the true ones."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import chisquare

from recsys.simulator.config import Policy
from recsys.simulator.policy import draw_format, draw_slot
from recsys.simulator.simulated import Simulated

FloatArray = npt.NDArray[np.float64]

POLICY = Policy(explore_share=0.2, lead_format_share=0.5)
WEIGHTS = np.array([5.0, 1.0, 0.5, 3.5])


def _alternatives(weights: FloatArray) -> FloatArray:
    """P(each candidate in the next slot), written as the formula."""
    return np.asarray(0.2 / len(weights) + 0.8 * weights / weights.sum())


def test_slots_are_drawn_with_the_propensities_that_are_logged() -> None:
    rng = np.random.default_rng(5)
    n = 20_000
    counts = np.zeros((4, 4))
    for _ in range(n):
        candidates, weights = np.arange(4), WEIGHTS.copy()
        first, propensity = draw_slot(POLICY, candidates, weights, 4, rng)
        assert propensity == pytest.approx(_alternatives(WEIGHTS)[first])
        second, propensity = draw_slot(POLICY, candidates, weights, 3, rng)
        rest = np.delete(np.arange(4), first)
        expected = dict(zip(rest, _alternatives(WEIGHTS[rest]), strict=True))
        assert propensity == pytest.approx(expected[second])
        counts[first, second] += 1
    expected_pairs = np.zeros((4, 4))
    for first in range(4):
        rest = np.delete(np.arange(4), first)
        expected_pairs[first, rest] = _alternatives(WEIGHTS)[first] * _alternatives(WEIGHTS[rest])
    assert expected_pairs.sum() == pytest.approx(1.0)
    off = ~np.eye(4, dtype=bool)
    assert chisquare(counts[off], n * expected_pairs[off]).pvalue > 1e-4


def test_a_single_candidate_is_certain() -> None:
    content, propensity = draw_slot(
        POLICY, np.array([9]), np.array([0.1]), 1, np.random.default_rng(0)
    )
    assert content == 9
    assert propensity == pytest.approx(1.0)


def test_formats_are_drawn_with_the_propensities_that_are_logged(strong: Simulated) -> None:
    facts = strong.truth.facts
    available = (facts["rendition"][:, 0] >= 0).sum(axis=1)
    story = facts[np.flatnonzero(available == 3)[0]]
    forms = np.flatnonzero(story["rendition"][0] >= 0)
    expected = {int(f): 0.5 / 3 + 0.5 * (f == story["lead"]) for f in forms}
    assert sum(expected.values()) == pytest.approx(1.0)
    rng = np.random.default_rng(2)
    drawn = [draw_format(POLICY, story, 0, rng) for _ in range(6000)]
    assert all(p == pytest.approx(expected[form]) for form, p in drawn)
    counts = [sum(form == f for form, _ in drawn) for f in expected]
    assert chisquare(counts, 6000 * np.array(list(expected.values()))).pvalue > 1e-4


def test_logged_propensities_are_calibrated_over_a_run(strong: Simulated) -> None:
    """The lead format is shown as often as its logged probability says."""
    shown = strong.impressions()
    facts = strong.truth.facts
    content = shown["content"].to_numpy()
    lead = np.array(strong.truth.about["axes"]["formats"])[facts["lead"][content]]
    form = strong.dataset["renditions"].set_index("rendition_id")["format"]
    is_lead = form[shown["rendition_id"]].to_numpy() == lead
    n_formats = (facts["rendition"].max(axis=1) >= 0).sum(axis=1)[content]
    expected = 0.5 + 0.5 / n_formats
    assert shown["rendition_propensity"].to_numpy()[is_lead] == pytest.approx(expected[is_lead])
    error = (is_lead - expected).sum() / np.sqrt((expected * (1 - expected)).sum())
    assert abs(error) < 4


def test_every_other_slot_is_random_and_logged(strong: Simulated) -> None:
    shown = strong.impressions()
    assert shown[["propensity", "rendition_propensity", "position"]].notna().all().all()
    assert shown["propensity"].between(0, 1).all()
    assert (shown["propensity"] < 1).mean() > 0.8
