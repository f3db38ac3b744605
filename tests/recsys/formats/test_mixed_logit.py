"""The format model on planted worlds: what it must find, and what it must not."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from recsys.formats.design import (
    FINISH,
    FIRST_FORMAT,
    FIRST_TASTE,
    N_FORMATS,
    N_STAGE,
    design,
    topic_exposure,
)
from recsys.formats.mixed_logit import MixedLogit
from recsys.formats.mixed_logit_fit import Observations, fit_mixed_logit
from recsys.formats.stories import STORY_TOPICS, Stories
from recsys.state.showings import Showings
from recsys.times import DAY_US

Float = npt.NDArray[np.float64]

_IN_USE = 3
_N_TOPICS = 3
_PEOPLE, _EACH, _CONTENTS = 250, 70, 90
_EXAMINED = np.array([1.0, 0.7, 0.5, 0.4])


@dataclass(frozen=True)
class Planted:
    """Coefficients of a planted world."""

    taste: float = 0.0
    interest: float = 0.0
    finishing: float | None = None
    """How much of the taste shows at finishing; None: openings are completions."""
    examined: bool = False
    group: float = 0.0


def _world(plan: Planted, seed: int) -> tuple[MixedLogit, Float]:
    """Fit on people shown contents whose topics lean to a format of their own; also the tastes."""
    rng = np.random.default_rng(seed)
    topic = rng.integers(0, _N_TOPICS, _CONTENTS)
    employee = np.repeat(np.arange(_PEOPLE), _EACH)
    n = len(employee)
    content = rng.integers(0, _CONTENTS, n)
    leans = rng.random(n) < 0.6
    form = np.where(leans, topic[content], rng.integers(0, _IN_USE, n))
    position = rng.integers(1, 5, n)
    club = rng.integers(0, 2, _PEOPLE)
    likes = plan.taste * rng.standard_normal((_PEOPLE, _IN_USE))
    likes[:, 0] += plan.group * (2 * club - 1)
    cares = plan.interest * rng.standard_normal((_PEOPLE, _N_TOPICS))
    logit = -0.6 + likes[employee, form] + cares[employee, topic[content]]
    logit += 0.5 * rng.standard_normal(_CONTENTS)[content]
    looked = _EXAMINED[position - 1] if plan.examined else 1.0
    if not plan.examined:
        logit = logit - 0.4 * np.log(position)
    opened = rng.random(n) < looked / (1 + np.exp(-logit))
    completed = opened
    if plan.finishing is not None:
        ends = 0.3 + plan.finishing * likes[employee, form]
        completed = opened & (rng.random(n) < 1 / (1 + np.exp(-ends)))
    return _fit(employee, content, form, position, opened, completed, topic, club), likes


def _fit(
    employee: npt.NDArray[np.int64], content: npt.NDArray[np.int64],
    form: npt.NDArray[np.int64], position: npt.NDArray[np.int64], opened: npt.NDArray[np.bool_],
    completed: npt.NDArray[np.bool_], topic: npt.NDArray[np.int64], club: npt.NDArray[np.int64],
) -> MixedLogit:  # fmt: skip
    n = len(employee)
    showings = Showings(
        employee.astype(np.int32), content.astype(np.int32), form.astype(np.int8),
        np.arange(n) * 1000 + DAY_US, position.astype(np.int16), np.zeros(n, np.int8),
        np.full(n, 0.3, np.float32), np.ones(n, np.bool_), opened, completed, np.zeros(n, np.bool_),
    )  # fmt: skip
    weights = np.zeros((_CONTENTS, STORY_TOPICS))
    weights[:, 0] = 1.0
    topics = np.zeros((_CONTENTS, STORY_TOPICS), np.int64)
    topics[:, 0] = topic
    exists = np.ones((_CONTENTS, N_FORMATS), np.bool_)
    stories = Stories(
        np.zeros(_CONTENTS, np.int64), topics, weights, np.full(exists.shape, np.nan), exists,
        np.ones(_CONTENTS, np.bool_), np.zeros(_CONTENTS, np.bool_),
    )  # fmt: skip
    exposure = topic_exposure(
        employee, _PEOPLE, showings.content, showings.is_impression, topics, weights,
        np.full(_N_TOPICS, 1 / _N_TOPICS),
    )  # fmt: skip
    rows = design(showings, employee, stories, np.zeros(N_FORMATS), exposure)
    if (opened == completed).all():
        rows = rows.take(rows.stage != FINISH)
    starts = np.searchsorted(employee[rows.showing], np.arange(_PEOPLE + 1))
    told, groups, attribute = content[rows.showing], club[:, None], np.zeros(2, np.int64)
    return fit_mixed_logit(
        Observations(rows, starts, told, _CONTENTS, _N_TOPICS, groups, attribute)
    )


def _taste_sd(found: MixedLogit) -> Float:
    used = slice(FIRST_TASTE, FIRST_TASTE + _IN_USE)
    return np.asarray(np.sqrt(np.diag(found.covariance)[used]))


@pytest.mark.slow
@pytest.mark.parametrize("taste", [0.5, 1.0])
def test_the_spread_of_tastes_is_found(taste: float) -> None:
    found, likes = _world(Planted(taste=taste, interest=0.8), seed=1)
    np.testing.assert_allclose(_taste_sd(found), likes.std(axis=0), rtol=0.25)


def test_a_pure_topic_effect_is_no_taste() -> None:
    """Formats follow topics: who cares about a topic seems to like its format."""
    found, _ = _world(Planted(interest=1.2), seed=2)
    assert _taste_sd(found).max() < 0.3
    formats = found.fixed[FIRST_FORMAT : FIRST_FORMAT + _IN_USE]
    assert np.ptp(formats) < 0.3


def test_who_looks_at_which_position_is_told_from_who_is_attracted() -> None:
    found, _ = _world(Planted(taste=0.7, interest=0.7, examined=True), seed=3)
    np.testing.assert_allclose(found.looked[:4], _EXAMINED, atol=0.08)
    shifted, _ = _world(Planted(taste=0.7, interest=0.7), seed=3)
    np.testing.assert_array_equal(shifted.looked, 1.0)


@pytest.mark.slow
def test_how_much_of_a_taste_shows_at_finishing_is_found() -> None:
    found, _ = _world(Planted(taste=0.6, finishing=2.0), seed=4)
    assert found.carry[0] == pytest.approx(2.0, abs=0.5)
    assert found.fixed[N_STAGE] == pytest.approx(0.3, abs=0.3)


@pytest.mark.slow
def test_what_a_group_has_in_common_is_found() -> None:
    found, _ = _world(Planted(taste=0.4, group=0.5), seed=5)
    apart = found.groups[1, FIRST_TASTE] - found.groups[0, FIRST_TASTE]
    assert apart == pytest.approx(1.0, abs=0.35)
    assert found.group_ratio[0, 1] > 0.1


@pytest.mark.slow
def test_a_fit_is_repeatable() -> None:
    first, second = (_world(Planted(taste=0.5), seed=6)[0] for _ in range(2))
    np.testing.assert_array_equal(first.fixed, second.fixed)
    np.testing.assert_array_equal(first.covariance, second.covariance)
