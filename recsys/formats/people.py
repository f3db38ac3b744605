"""What own showings say of each person's effects: readiness, tastes and interests."""

from dataclasses import dataclass, replace

import numpy as np

from recsys.formats.change import RUNS, suspicion, tastes_since
from recsys.formats.company import appeals
from recsys.formats.design import (
    EXPOSURE,
    FIRST_FINISHING,
    FIRST_INTEREST,
    FIRST_PLAIN,
    FIRST_TASTE,
    N_STAGE,
    N_STAGES,
    OPEN,
    TASTE_VALUE,
    Design,
    design,
    topic_exposure,
)
from recsys.formats.mixed_effects import solve_groups
from recsys.formats.stories import Float, Index, Stories, places_of
from recsys.formats.taste_fitting import GROUPED_BY, group_keys
from recsys.formats.taste_model import TasteModel
from recsys.formats.taste_types import among_types
from recsys.formats.terms import circumstances, other_terms
from recsys.state.live import LiveState
from recsys.state.showings import Showings

__all__ = ["People", "Person"]

_STEPS = 3  # Newton steps from what all share; the third moves no effect by a twentieth
_SUSPICIOUS = 2.5
"""χ² of recent outcomes in one format above which a change of taste is looked into: a third of
those whose tastes stay get there, two thirds of those whose tastes were reversed."""
_DEVICE_STRENGTH = 5.0  # showings until own devices and hours weigh as much as everybody's


@dataclass(frozen=True, slots=True)
class Person:
    """Posterior of one person's effects, and the circumstances of the person's reading."""

    mean: Float
    """(d,)."""
    covariance: Float
    """(d, d)."""
    level: Float
    """(n_stages,): what the person's hours add, logits."""
    exposure: Float
    """(n_topics,): log of how much more of a topic was shown than usual."""
    exposure_adds: Float
    """(n_stages, n_topics): what that adds, logits."""
    mobile_share: float
    n_told: Float
    """(n_formats,): showings that another format could have taken the place of."""
    has_group: bool
    """Whether something is known of groups the person belongs to."""


class People:
    """Posteriors of any employee by the fitted model. Not thread-safe."""

    def __init__(self, model: TasteModel, state: LiveState, stories: Stories) -> None:
        self._model, self._state, self._stories = model, state, stories
        catalogue, logit = state.catalogue, model.logit
        self.appeals = appeals(catalogue, model)
        self._groups = [
            places_of(model.group_keys, group_keys(name, catalogue)) for name in GROUPED_BY
        ]
        fixed = logit.fixed.reshape(N_STAGES, N_STAGE)
        self._hour_effect = fixed[:, FIRST_PLAIN + 1 : FIRST_PLAIN + 3]
        self._usual_hours = model.circumstances[1:]
        self._exposure_effect = fixed[:, EXPOSURE]
        # What topics have in common is part of their ease in each format.
        of_topics = np.zeros(N_STAGES * len(model.topic_keys))
        self._shared = np.concatenate([logit.fixed, logit.ease.ravel(), of_topics])
        # Tastes for formats that no content comes in stay as they are: fewer effects to solve for.
        used = np.flatnonzero(stories.exists.any(axis=0))
        d = len(logit.covariance)
        self._kept = np.concatenate(
            [np.arange(N_STAGES), FIRST_TASTE + used, FIRST_FINISHING + used,
             np.arange(FIRST_INTEREST, d)]
        )  # fmt: skip
        self._slot = np.zeros(d, np.int64)
        self._slot[self._kept] = np.arange(len(self._kept))
        self._covariance = logit.covariance[np.ix_(self._kept, self._kept)]
        precision = np.linalg.inv(self._covariance)
        self._precision = (precision + precision.T) / 2
        self._tastes = slice(N_STAGES, N_STAGES + len(used))
        types, own = logit.types, np.ix_(used, used)
        self._type_weights = types.weights
        self._type_means = np.ascontiguousarray(types.means[:, used])
        self._type_precision = np.asarray(np.linalg.inv(types.covariance[own]), np.float64)
        self._taste_precision = np.linalg.inv(self._covariance[self._tastes, self._tastes])

    def of(self, employee: int, at: int) -> Person:
        """Return the posterior of one employee; of somebody unknown, below 0, what all share."""
        showings = self._state.showings.of(employee)
        n = len(showings)
        owner = np.zeros(n, np.int64)
        stories, model = self._stories, self._model
        exposure = topic_exposure(
            owner, 1, showings.content, showings.is_impression, stories.topics,
            stories.topic_weights, model.topic_share,
        )  # fmt: skip
        rows = design(showings, owner, stories, model.usual_log_length, exposure)
        told, hours, mobile, total = circumstances(
            rows.showing, rows.stage, rows.fixed_values, rows.values, showings.form,
            showings.device,
        )  # fmt: skip
        prior_mean, has_group = self._prior_mean(employee, at)
        mean, covariance = prior_mean, model.logit.covariance
        if n:
            mean, covariance = self._posterior(prior_mean, showings, rows)
        mean, covariance = self._among_types(prior_mean, mean, covariance)
        known = total + _DEVICE_STRENGTH
        return Person(
            mean, covariance, self._hour_effect @ (hours - total * self._usual_hours) / known,
            exposure[0], self._exposure_effect[:, None] * exposure[0],
            (mobile + _DEVICE_STRENGTH * model.mobile_share) / known, told, has_group,
        )  # fmt: skip

    def p_completed(self, person: Person, showings: Showings) -> Float:
        """Return the probability of completion of each showing, by what is known of the person."""
        n = len(showings)
        opened = replace(showings, opened=np.ones(n, np.bool_), is_impression=np.ones(n, np.bool_))
        rows = design(
            opened, np.zeros(n, np.int64), self._stories, self._model.usual_log_length,
            person.exposure[None],
        )  # fmt: skip
        logit, variance, looked = self._terms(opened, rows)
        values, places = rows.values, rows.places
        covariance = person.covariance[places[:, :, None], places[:, None]]
        spread = np.einsum("nj,njk,nk->n", values, covariance, values)
        logit = logit + (values * person.mean[places]).sum(axis=1)
        p = 1.0 / (1.0 + np.exp(-logit / np.sqrt(1.0 + np.pi * (spread + variance) / 8.0)))
        opens = rows.stage == OPEN
        return np.asarray(looked[opens] * p[opens] * p[~opens])

    def _terms(self, showings: Showings, rows: Design) -> tuple[Float, Float, Float]:
        logit = self._model.logit
        return other_terms(
            rows.showing, rows.stage, rows.bucket, rows.fixed_places, rows.fixed_values,
            rows.values, showings.content, self._shared, *self.appeals, logit.looked, logit.carry,
        )  # fmt: skip

    def _posterior(
        self, prior_mean: Float, showings: Showings, rows: Design
    ) -> tuple[Float, Float]:
        n = len(rows.stage)
        offset, variance, looked = self._terms(showings, rows)
        places, start = self._slot[rows.places], prior_mean[self._kept]
        means, covariances = start[None].copy(), self._covariance[None].copy()
        own, doubt = np.empty(n), np.empty(n)
        solve_groups(
            np.array([0, n]), places, rows.values, offset, variance, looked, rows.success,
            self._precision, start[None], means, covariances, _STEPS, own, doubt,
        )  # fmt: skip
        self._follow_change(
            places[:, TASTE_VALUE] - N_STAGES, rows, offset + own, doubt + variance, looked,
            start, means[0], covariances[0],
        )  # fmt: skip
        mean, covariance = prior_mean.copy(), self._model.logit.covariance.copy()
        mean[self._kept] = means[0]
        covariance[self._kept[:, None], self._kept] = covariances[0]
        return mean, covariance

    def _follow_change(
        self, taste: Index, rows: Design, logit: Float, variance: Float, looked: Float,
        prior: Float, mean: Float, covariance: Float,
    ) -> None:  # fmt: skip
        """Put today's tastes in place if they may not be those of all showings together."""
        value, own = rows.values[:, TASTE_VALUE].copy(), self._tastes
        if suspicion(
            taste, value, logit, variance, looked, rows.success, rows.stage, len(prior[own]), RUNS
        ) < _SUSPICIOUS:  # fmt: skip
            return
        found, spread, unchanged = tastes_since(
            taste, value, logit - value * mean[own][taste], variance, looked, rows.success,
            rows.stage, prior[own], self._taste_precision, mean[own].copy(),
            covariance[own, own].copy(), RUNS,
        )  # fmt: skip
        mean[own] = found
        covariance[own] *= unchanged
        covariance[:, own] *= unchanged
        covariance[own, own] = spread

    def _among_types(
        self, prior_mean: Float, mean: Float, covariance: Float
    ) -> tuple[Float, Float]:
        """Return the posterior when tastes come from types; all else follows the tastes."""
        if len(self._type_weights) == 1:
            return mean, covariance
        own = self._kept[self._tastes]
        of_tastes = covariance[own[:, None], own]
        found, spread = among_types(
            mean[own] - prior_mean[own],
            of_tastes,
            self._taste_precision,
            self._type_weights,
            self._type_means,
            self._type_precision,
        )
        follow = covariance[:, own] @ np.linalg.inv(of_tastes)
        mean = mean + follow @ (found + prior_mean[own] - mean[own])
        return mean, covariance + follow @ (spread - of_tastes) @ follow.T

    def _prior_mean(self, employee: int, at: int) -> tuple[Float, bool]:
        employees, logit = self._state.catalogue.employees, self._model.logit
        version = employees.version_at(employee, at)
        mean, found = np.zeros(len(logit.covariance)), False
        for places, attribute in zip(self._groups, GROUPED_BY, strict=True):
            code = employees.code(attribute, version)
            if 0 <= code < len(places) and places[code] >= 0:
                mean += logit.groups[places[code]]
                found = True
        return mean, found
