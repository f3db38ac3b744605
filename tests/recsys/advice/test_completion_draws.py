"""Draws of completion against the closed form that the beliefs about one person use."""

from dataclasses import replace

import numpy as np

from recsys.advice.audience_people import Headcount, Panel
from recsys.advice.completion_draws import completion_draws
from recsys.advice.readers import Readers
from recsys.formats.company import Points
from recsys.formats.design import EXPOSURE, FIRST_INTEREST, N_FORMATS, N_STAGE, N_STAGES
from recsys.formats.expected import expected_completion
from recsys.formats.mixed_logit import MixedLogit, guessed_logit
from recsys.formats.stories import Float

N_TOPICS, N_PEOPLE = 2, 6
CODES = np.array([0, 3, 8])
D = FIRST_INTEREST + N_TOPICS


def model() -> MixedLogit:
    logit = guessed_logit(100, 30, N_TOPICS)
    logit.fixed[EXPOSURE::N_STAGE] = 0.6, 0.3
    return replace(logit, carry=np.array([1.5, 0.5]), covariance=np.eye(D))


def people(rng: np.random.Generator, doubt: float) -> Readers:
    roots = rng.normal(size=(N_PEOPLE, D, D)) * np.sqrt(doubt / D)
    none, level = np.zeros(N_PEOPLE, np.int64), rng.normal(size=(N_PEOPLE, N_STAGES)) * 0.3
    panel = Panel(
        none.astype(np.int32), np.ones(N_PEOPLE), none, N_PEOPLE, 0.0, Headcount(10, 10, 0, 0)
    )
    return Readers(
        panel, rng.normal(size=(N_PEOPLE, D)), roots @ roots.swapaxes(1, 2), level,
        rng.normal(size=(N_PEOPLE, N_TOPICS)), rng.random(N_PEOPLE),
        np.zeros((N_PEOPLE, N_FORMATS)), none, none, none, 1.0,
    )  # fmt: skip


def place(rng: np.random.Generator, variance: Float) -> Points:
    doubt = np.zeros((N_STAGES, N_FORMATS, N_STAGES, N_FORMATS))
    logit = rng.normal(size=(1, N_STAGES, N_FORMATS, 2)) - np.array([1.0, 0.0])[:, None, None]
    return Points(np.ones(1), logit, variance[None], np.array([[0.7, 0.3]]), doubt)


def test_the_mean_of_draws_is_what_is_believed() -> None:
    rng = np.random.default_rng(4)
    logit, readers, story = model(), people(rng, 0.4), place(rng, np.array([1.8, 1.2]))
    exposure = logit.fixed.reshape(N_STAGES, N_STAGE)[:, EXPOSURE]
    drawn = completion_draws(logit, story, np.array([0.3, 0.2]), readers, CODES, 10_000, rng)
    for i in range(N_PEOPLE):
        expected, _ = expected_completion(
            story.weight, story.logit, story.variance, story.topics, readers.level[i],
            exposure[:, None] * readers.exposure[i], logit.carry, float(readers.mobile_share[i]),
            readers.mean[i], readers.covariance[i],
        )  # fmt: skip
        # The closed form flattens the curve instead of integrating it: a point and a half at most.
        np.testing.assert_allclose(drawn[i].mean(axis=1), expected[CODES], atol=0.015)


def test_what_all_share_moves_all_and_what_is_own_moves_one() -> None:
    rng = np.random.default_rng(5)
    story = place(rng, np.array([0.5, 0.0]))
    for doubt, appeal, correlation in ((0.0, 0.5, 1.0), (0.4, 0.0, 0.0)):
        readers = people(rng, doubt)
        variance = np.array([appeal, 0.0])
        drawn = completion_draws(model(), story, variance, readers, CODES, 4_000, rng)
        assert (drawn.std(axis=2) > 0.01).any()
        ranks = drawn[:, 0].argsort(axis=1).argsort(axis=1)  # curves bend, the order stays
        found = np.asarray(np.corrcoef(ranks))[np.triu_indices(N_PEOPLE, 1)]
        np.testing.assert_allclose(found, correlation, atol=0.1)


def test_doubt_about_formats_is_shared_and_of_the_right_size() -> None:
    """Only the openings of one format are in doubt, and whatever is opened is completed."""
    rng = np.random.default_rng(6)
    readers, story = people(rng, 0.0), place(rng, np.zeros(N_STAGES))
    story.doubt[0, CODES[1], 0, CODES[1]] = 0.25
    story.logit[0, 1] = 50.0
    story.logit[..., 1] = story.logit[..., 0]
    drawn = completion_draws(
        model(), story, np.zeros(N_STAGES), readers, CODES, 20_000, rng
    )  # fmt: skip
    spread = np.log(drawn / (1.0 - drawn)).std(axis=2)
    np.testing.assert_allclose(spread[:, 1], 0.5, rtol=0.03)
    np.testing.assert_allclose(spread[:, [0, 2]], 0.0, atol=1e-3)
