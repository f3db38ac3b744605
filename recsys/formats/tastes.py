"""What each employee's own showings say about the formats, by the fitted model."""

from dataclasses import dataclass

import numpy as np

from recsys.answers import FormatPreference
from recsys.formats.beliefs import preference_of
from recsys.formats.company import Points, appeals, describe_stories, points
from recsys.formats.design import (
    FIRST_INTEREST,
    FIRST_PLAIN,
    FIRST_TASTE,
    PLAIN_CIRCUMSTANCES,
    design,
)  # fmt: skip
from recsys.formats.mixed_effects import Float, Index, flattening, solve_effects
from recsys.formats.taste_model import TasteModel
from recsys.kernels import kernel
from recsys.schema import FORMATS
from recsys.state.live import LiveState
from recsys.state.showings import CIRCUMSTANCES, Showings
from recsys.times import HOUR_US

__all__ = ["Belief", "FormatTastes"]

_N_FORMATS = len(FORMATS)
_STEPS = 5
_KNOWN = 0.1
"""Part of the variance of tastes that own showings must explain to count as learned."""
_LEAST_TASTE = 0.02
"""Variance (logits²) they must explain at least: less than a seventh of a logit nobody notices."""
_WIDENING = 1.35
"""Factor on posterior variances of ``p_complete``. Variational posteriors are too narrow (Wang and
Titterington 2005); without it 90 % intervals held 84 % of the truths of simulated companies."""
_DEVICE_STRENGTH = 5.0  # showings until own devices weigh as much as everybody's
_MOBILE = CIRCUMSTANCES.index("on_mobile")


@dataclass(frozen=True, slots=True)
class Belief:
    """Posterior of one employee over all formats."""

    p_complete: Float
    """(n_formats,)."""
    logit_covariance: Float
    """(n_formats, n_formats) of the logit of ``p_complete``."""
    is_learned: bool
    """Whether own showings say enough about the tastes for the formats in question."""


class FormatTastes:
    """Answers for any employee; what is common to all is computed once an hour.

    Not thread-safe.
    """

    def __init__(self, model: TasteModel, state: LiveState) -> None:
        self._model, self._state = model, state
        self._answers: dict[int, tuple[tuple[object, ...], FormatPreference]] = {}
        precision = np.linalg.inv(model.logit.covariance)
        self._precision = (precision + precision.T) / 2
        self.refresh()

    def refresh(self) -> None:
        """Look at the catalogue again; call after it changed."""
        catalogue = self._state.catalogue
        self._stories = describe_stories(catalogue, self._model.topic_keys)
        self._appeals = appeals(catalogue, self._model)
        shared = self._model.logit
        self._ease = np.append(shared.ease.reshape(-1), 0.0)
        self._hour = -1

    def preference(
        self, employee: int, at: int, live: list[str], declared: str | None
    ) -> FormatPreference:
        """Return beliefs about the formats ``live``; an index below 0 is anybody.

        An answer is kept until the employee is heard of again or the hour is over.
        """
        self._refresh_points(at)
        asked = (self._state.formats.n_events(employee), tuple(live), declared)
        held = self._answers.get(employee)
        if held is None or held[0] != asked:
            held = asked, self._preference(employee, at, live, declared)
            self._answers[employee] = held
        return held[1]

    def _preference(
        self, employee: int, at: int, live: list[str], declared: str | None
    ) -> FormatPreference:
        codes = np.array([FORMATS.index(name) for name in live], np.int64)
        shown = self._state.formats.of(employee)[0]
        belief = self.belief(employee, at, codes)
        return preference_of(
            belief.p_complete[codes], belief.logit_covariance[np.ix_(codes, codes)], shown[codes],
            live, declared, is_learned=belief.is_learned,
        )  # fmt: skip

    def belief(self, employee: int, at: int, codes: Index) -> Belief:
        """Return the posterior of an employee's completion of each format."""
        self._refresh_points(at)
        showings = self._state.formats.showings(employee)
        mean, covariance = self._effects(showings)
        place = self._points
        p, gradient = _expected(
            place.weight, place.logit + self._own_hours(showings), place.variance, place.topics,
            self._mobile_share(showings), mean, covariance,
        )  # fmt: skip
        spread = _WIDENING * (gradient @ covariance @ gradient.T + place.shared_covariance)
        taste = FIRST_TASTE + codes
        prior = np.diag(self._model.logit.covariance)[taste]
        explained = float((prior - np.diag(covariance)[taste]).sum())
        enough = max(_KNOWN * float(prior.sum()), _LEAST_TASTE * len(codes))
        return Belief(p, spread, len(codes) > 0 and explained >= enough)

    def _effects(self, showings: Showings) -> tuple[Float, Float]:
        d = len(self._precision)
        mean, covariance = np.zeros(d), self._model.logit.covariance.copy()
        if len(showings) == 0:
            return mean, covariance
        columns = design(showings, self._stories, self._model.usual_log_length)
        offset = (columns.fixed_values * self._model.logit.fixed[columns.fixed_places]).sum(axis=1)
        offset += self._appeals[0][showings.content] + self._ease[columns.topic_form]
        solve_effects(
            columns.places, columns.values, offset, self._appeals[1][showings.content],
            columns.trials, columns.successes, self._precision, mean, covariance, _STEPS,
        )  # fmt: skip
        return mean, covariance

    def _refresh_points(self, at: int) -> None:
        if at // HOUR_US != self._hour:
            contents = self._state.catalogue.contents
            known = contents["known"].view(np.bool_)
            past = np.flatnonzero(known & (contents.published_at < at // HOUR_US * HOUR_US))
            self._points: Points = points(self._model, self._stories, self._appeals, past)
            self._hour = at // HOUR_US
            self._answers = {}

    def _mobile_share(self, showings: Showings) -> float:
        """Return the share of showings on a phone, everybody's counting as a few of one's own."""
        n = float(showings.impressions.sum())
        own = float(showings.impressions @ showings.circumstances[:, _MOBILE])
        return (own + _DEVICE_STRENGTH * self._model.mobile_share) / (n + _DEVICE_STRENGTH)

    def _own_hours(self, showings: Showings) -> float:
        """Return what the employee's hours change, logits."""
        n = float(showings.impressions.sum())
        if n == 0:
            return 0.0
        own = showings.impressions @ showings.circumstances[:, PLAIN_CIRCUMSTANCES] / n
        change = own - self._model.usual_circumstances
        change[:2] = 0.0  # position 1, and the ages of the company
        effect = change @ self._model.logit.fixed[FIRST_PLAIN:]
        return float(effect) * n / (n + _DEVICE_STRENGTH)


@kernel
def _expected(
    weight: Float, logit: Float, variance: Float, topics: Float, mobile_share: float, mean: Float,
    covariance: Float,
) -> tuple[Float, Float]:  # fmt: skip
    """Return P(completed) by format and the gradient of its logit by the person's effects."""
    d, n_topics = len(mean), topics.shape[1]
    p_complete, gradient = np.zeros(_N_FORMATS), np.zeros((_N_FORMATS, d))
    effects, level = np.zeros(d), np.zeros(_N_FORMATS)
    for point in range(len(weight)):
        effects[:] = 0.0
        effects[0] = 1.0
        effects[FIRST_INTEREST:] = topics[point]
        by_interest = covariance @ effects
        own = effects @ mean
        spread = effects @ by_interest + variance[point]
        for form in range(_N_FORMATS):
            place = FIRST_TASTE + form
            both = spread + covariance[place, place] + 2 * by_interest[place]
            kappa, steep = flattening(both), flattening(variance[point])
            slope = 0.0
            for device in range(2):
                share = weight[point] * (mobile_share if device == 1 else 1.0 - mobile_share)
                total = logit[point, form, device] + own + mean[place]
                p_complete[form] += share / (1.0 + np.exp(-kappa * total))
                # The curve as it would be if the person were known: flattened, it would hide how
                # much depends on what is not known yet.
                p = 1.0 / (1.0 + np.exp(-steep * total))
                level[form] += share * p
                slope += share * steep * p * (1.0 - p)
            gradient[form, 0] += slope
            gradient[form, place] += slope
            for topic in range(n_topics):
                gradient[form, FIRST_INTEREST + topic] += slope * topics[point, topic]
    for form in range(_N_FORMATS):
        gradient[form] /= level[form] * (1.0 - level[form])
    return p_complete, gradient
