"""Fitting of the format model by variational EM in blocks.

In turn: all fixed columns with the ease of topics, every content's appeal, everybody's effects,
what carries over to finishing, what groups have in common, and all variances.
"""

from dataclasses import dataclass

import numpy as np

from recsys.formats.design import (
    FINISH,
    FIRST_FORMAT,
    FIRST_INTEREST,
    FIRST_MOBILE,
    FIRST_PLAIN,
    FIRST_POSITION,
    FIRST_TASTE,
    INTEREST_VALUES,
    N_BUCKETS,
    N_FORMATS,
    N_STAGE,
    N_STAGES,
    OPEN,
    TASTE_VALUE,
    Design,
)
from recsys.formats.mixed_effects import solve_groups, solve_scalars, solve_shared
from recsys.formats.mixed_logit import (
    BLOCKS,
    CARRIED,
    CERTAIN,
    N_FIXED,
    START_VARIANCE,
    MixedLogit,
)
from recsys.formats.stories import Float, Index
from recsys.formats.taste_types import TasteTypes, fit_taste_types
from recsys.formats.variances import (
    LEAST_VARIANCE,
    PRIOR_VARIANCE,
    TASTES,
    company_covariance,
    inverse,
    moment,
)

__all__ = ["Observations", "fit_mixed_logit"]

_ROUNDS = 30
_STEPS = 2  # Newton steps per person and round; they start where the last round ended
_LEAST_KNOWN = 1e-3
_FIXED_PRECISION = 0.1  # fixed columns nobody was shown in stay at 0 instead of running away
_GROUP_START = 0.1
_NEVER = 1e6  # precision of a column that must stay 0
_MOST_CARRIED = 5.0


@dataclass(frozen=True, slots=True)
class Observations:
    """Rows of many people, sorted by person."""

    columns: Design
    starts: Index
    """(n_people + 1,)."""
    content: Index
    """(n,) of each row, 0..n_contents−1."""
    n_contents: int
    n_topics: int
    groups: Index
    """(n_people, n_attributes): place among the groups of all attributes, −1 for unknown."""
    attribute: Index
    """(n_groups,): attribute of each group."""


class _Fit:
    """The moving parts of one fit."""

    def __init__(self, data: Observations, *, examines: bool) -> None:
        self.examines = examines
        d = FIRST_INTEREST + data.n_topics
        n, n_people = len(data.content), len(data.starts) - 1
        self.data = data
        self.prior = np.eye(d) * START_VARIANCE
        self.means = np.zeros((n_people, d))
        self.covariances = np.tile(self.prior, (n_people, 1, 1))
        self.person, self.person_variance = np.zeros(n), np.full(n, START_VARIANCE)
        self.place = data.content * N_STAGES + data.columns.stage
        self.appeal = np.zeros(data.n_contents * N_STAGES)
        self.appeal_variance = np.full(len(self.appeal), START_VARIANCE)
        self.prior_appeal = np.full(N_STAGES, START_VARIANCE)
        self.shared = np.zeros(N_FIXED + N_STAGES * data.n_topics * (N_FORMATS + 1))
        self.shared_covariance = np.eye(len(self.shared))
        self.blocks = _shared_blocks(data.n_topics)
        self.prior_shared = np.full(self.blocks.max() + 1, START_VARIANCE)
        self.prior_shared[0] = 1.0 / _FIXED_PRECISION
        self.looked = _first_look(data.columns) if examines else np.ones(N_BUCKETS)
        self.carry = CARRIED.copy()
        self.groups = np.zeros((len(data.attribute), d))
        n_attributes = data.groups.shape[1]
        self.group_ratio = np.full((n_attributes, len(BLOCKS)), _GROUP_START)
        self.finishes = data.columns.stage == FINISH

    def improve(self, n_rounds: int) -> None:
        """Improve all parts in turn."""
        for _ in range(n_rounds):
            base = self._update_shared()
            self._update_appeal(base)
            self._update_people(base)
            self._update_carry(base)
            if self.examines:
                self._update_looked(base)
            self._update_groups()
            self._update_variances()

    def evidence(self) -> float:
        """Return the variational lower bound of the log evidence, shared columns taken as known."""
        logit = self._update_shared() + self.person + self.appeal[self.place]
        spread = self.person_variance + self.appeal_variance[self.place]
        looked, success = self._row_looked(), self.data.columns.success > 0
        p = 1.0 / (1.0 + np.exp(-logit))
        odds = looked * (1.0 - p) / (1.0 - looked * p)
        fit = np.log(np.where(success, looked * p, 1.0 - looked * p)).sum()
        fit -= float(spread @ (p * (1.0 - p) * odds)) / 2.0
        away = self.means - self._prior_means()
        precision = inverse(self.prior)
        kept = np.einsum("ij,nji->", precision, self.covariances) + np.einsum(
            "ni,ij,nj->", away, precision, away
        )
        volume = np.linalg.slogdet(self.prior)[1] - np.linalg.slogdet(self.covariances)[1]
        people = kept - away.size + volume.sum()
        prior = np.tile(self.prior_appeal, self.data.n_contents)
        ratio = self.appeal_variance / prior
        contents = (ratio + self.appeal**2 / prior - 1.0 - np.log(ratio)).sum()
        return float(fit - (people + contents) / 2.0)

    def result(self) -> MixedLogit:
        """Return what was learned."""
        self._update_people(self._update_shared())  # under the last variances
        n = self.data.n_topics
        end = N_FIXED + N_STAGES * n * N_FORMATS
        ease = self.shared[N_FIXED:end].reshape(N_STAGES, n, N_FORMATS)
        ease = ease + self.shared[end:].reshape(N_STAGES, n, 1)
        if not self.finishes.any():
            self.shared[N_STAGE] = CERTAIN
        return MixedLogit(
            self.shared[:N_FIXED], self.shared_covariance[:N_FIXED, :N_FIXED],
            ease,
            self.appeal.reshape(-1, N_STAGES), self.appeal_variance.reshape(-1, N_STAGES),
            self.prior_appeal, self.prior, self.looked, self.carry, self.groups, self._types(),
            self.group_ratio,
        )  # fmt: skip

    def _types(self) -> TasteTypes:
        """Return the types of taste for the formats that were shown."""
        columns = self.data.columns
        told = columns.values[:, TASTE_VALUE] > 0
        used = np.unique(columns.places[told, TASTE_VALUE]) - FIRST_TASTE
        prior = self.prior[TASTES, TASTES]
        if len(used) == 0:
            return TasteTypes.none(prior)
        own = FIRST_TASTE + used
        away = (self.means - self._prior_means())[:, own]
        some = prior[np.ix_(used, used)]
        found = fit_taste_types(away, self.covariances[:, own[:, None], own], some)
        means = np.zeros((len(found.weights), N_FORMATS))
        means[:, used] = found.means
        covariance = prior.copy()
        covariance[np.ix_(used, used)] = found.covariance
        return TasteTypes(found.weights, means, covariance)

    def _update_shared(self) -> Float:
        """Improve the shared columns; return every row's logit by them."""
        columns = self.data.columns
        precision = 1.0 / self.prior_shared[self.blocks]
        if self.examines:
            precision[FIRST_POSITION:FIRST_PLAIN] = _NEVER
        base = np.empty(len(self.person))
        for _ in range(_STEPS):
            self.shared_covariance = solve_shared(
                columns.fixed_places, columns.fixed_values, self.person + self.appeal[self.place],
                self.person_variance + self.appeal_variance[self.place], self._row_looked(),
                columns.success, precision, self.shared, base,
            )  # fmt: skip
        return base

    def _update_appeal(self, base: Float) -> None:
        prior = np.tile(self.prior_appeal, self.data.n_contents)
        solve_scalars(
            self.place, base + self.person, self.person_variance, self._row_looked(),
            self.data.columns.success, prior, self.appeal, self.appeal_variance,
        )  # fmt: skip

    def _update_people(self, base: Float) -> None:
        columns = self.data.columns
        solve_groups(
            self.data.starts, columns.places, self._values(), base + self.appeal[self.place],
            self.appeal_variance[self.place], self._row_looked(), columns.success,
            inverse(self.prior), self._prior_means(), self.means, self.covariances, _STEPS,
            self.person, self.person_variance,
        )  # fmt: skip

    def _p_success(self, base: Float) -> Float:
        logit = base + self.person + self.appeal[self.place]
        kappa = _flattening(self.person_variance + self.appeal_variance[self.place])
        return np.asarray(1.0 / (1.0 + np.exp(-kappa * logit)))

    def _row_looked(self) -> Float:
        return np.where(self.finishes, 1.0, self.looked[self.data.columns.bucket])

    def _update_looked(self, base: Float) -> None:
        """Take one scoring step for the probability to look at each range of positions."""
        columns, p = self.data.columns, self._p_success(base)
        kappa = _flattening(self.person_variance + self.appeal_variance[self.place])
        looked = self._row_looked()
        slope = columns.success / looked - (1.0 - columns.success) * _missed(looked, p, kappa)
        information = p / (looked * (1.0 - looked * p))
        for bucket in range(1, N_BUCKETS):
            rows = (columns.bucket == bucket) & ~self.finishes
            if rows.any():
                step = float(slope[rows].sum() / information[rows].sum())
                change = np.clip(step, -0.1, 0.1)
                self.looked[bucket] = np.clip(self.looked[bucket] + change, 0.02, 1.0)

    def _values(self) -> Float:
        values = self.data.columns.values.copy()
        values[self.finishes, TASTE_VALUE] *= self.carry[0]
        values[self.finishes, INTEREST_VALUES] *= self.carry[1]
        return values

    def _update_carry(self, base: Float) -> None:
        """Take one Newton step for what carries over from opening to finishing."""
        rows = np.flatnonzero(self.finishes)
        if len(rows) == 0:
            return
        columns = self.data.columns
        owner = np.searchsorted(self.data.starts, rows, side="right") - 1
        parts = []
        for block in (slice(TASTE_VALUE, TASTE_VALUE + 1), INTEREST_VALUES):
            values = np.zeros_like(columns.values[rows])
            values[:, block] = columns.values[rows, block]
            parts.append(values)
        both = np.stack(parts, axis=1)  # (n, 2, width)
        places = columns.places[rows]
        found = np.einsum("nbw,nw->nb", both, self.means[owner[:, None], places])
        all_values = self._values()[rows]
        covariance = self.covariances[owner[:, None, None], places[:, :, None], places[:, None]]
        doubt = np.einsum("nbw,nwv,ncv->nbc", both, covariance, both)
        shared_doubt = np.einsum("nbw,nwv,nv->nb", both, covariance, all_values)
        p = self._p_success(base)[rows]
        spread = self.person_variance[rows] + self.appeal_variance[self.place[rows]]
        weight = _flattening(spread) * p * (1 - p)
        gradient = found.T @ (columns.success[rows] - p) - weight @ shared_doubt
        information = np.einsum("n,nb,nc->bc", weight, found, found)
        information += np.einsum("n,nbc->bc", weight, doubt) + np.eye(2)
        step = np.linalg.solve(information, gradient + CARRIED - self.carry)  # a priori ± 1
        self.carry = np.clip(self.carry + np.clip(step, -0.3, 0.3), 0.0, _MOST_CARRIED)

    def _prior_means(self) -> Float:
        padded = np.vstack([self.groups, np.zeros((1, self.groups.shape[1]))])
        return np.asarray(padded[self.data.groups].sum(axis=1))

    def _update_groups(self) -> None:
        """Take one Newton step of the marginal likelihood for each attribute's groups in turn."""
        precision = inverse(self.prior)
        known = precision - precision @ self.covariances @ precision
        for attribute in range(self.data.groups.shape[1]):
            scale = _by_block(self.group_ratio[attribute], len(self.prior))
            own_precision = precision / np.sqrt(np.outer(scale, scale))
            pull = (self.means - self._prior_means()) @ precision
            of = self.data.groups[:, attribute]
            for group in np.flatnonzero(self.data.attribute == attribute):
                members = of == group
                gradient = pull[members].sum(axis=0) - own_precision @ self.groups[group]
                information = known[members].sum(axis=0) + own_precision
                step = np.linalg.solve(information, gradient)
                self.groups[group] += step
                # What is believed of the members moves with it, or the next attribute's groups
                # would explain the same thing again.
                self.means[members] += self.covariances[members] @ (precision @ step)
            self._update_ratio(attribute, known, own_precision)

    def _update_ratio(self, attribute: int, known: Float, own_precision: Float) -> None:
        """Return to which ratio of variances the groups of an attribute point, per block."""
        groups = np.flatnonzero(self.data.attribute == attribute)
        precision, of = inverse(self.prior), self.data.groups[:, attribute]
        for b, block in enumerate(BLOCKS):
            size = len(self.prior[block])
            if size == 0 or len(groups) == 0:
                continue
            found, explained = 0.0, 0.0
            for group in groups:
                own = self.groups[group][block]
                found += float(own @ precision[block, block] @ own)
                left = np.linalg.inv(known[of == group].sum(axis=0) + own_precision)[block, block]
                explained += size - float(np.trace(own_precision[block, block] @ left))
            self.group_ratio[attribute, b] = float(
                np.clip(found / max(explained, _LEAST_KNOWN * size), 1e-4, 4.0)
            )

    def _update_variances(self) -> None:
        following = company_covariance(
            self.prior, self.means - self._prior_means(), self.covariances
        )
        # Half of the way: with whole steps, groups and people can take turns in explaining.
        self.prior = (self.prior + following) / 2
        in_use = np.bincount(self.place, minlength=len(self.appeal)) > 0
        for stage in range(N_STAGES):
            rows = np.flatnonzero(in_use)[np.flatnonzero(in_use) % N_STAGES == stage]
            self.prior_appeal[stage] = moment(self.appeal[rows], self.appeal_variance[rows])
        left = np.diag(self.shared_covariance)
        for block in range(1, len(self.prior_shared)):
            part = self.blocks == block
            known = float((1.0 - left[part] / self.prior_shared[block]).sum())
            variance = float(self.shared[part] @ self.shared[part]) + PRIOR_VARIANCE
            self.prior_shared[block] = max(variance / (max(known, 0.0) + 1.0), LEAST_VARIANCE)


def fit_mixed_logit(data: Observations) -> MixedLogit:
    """Fit on the rows of ``data``. Deterministic; linear in rows.

    Position acts in one of two ways, whichever makes the outcomes likelier: it decides who looks at
    all, or it shifts the odds.
    """
    fits = [_Fit(data, examines=examines) for examines in (False, True)]
    for fit in fits:
        fit.improve(_ROUNDS // 2)
    best = max(fits, key=lambda fit: fit.evidence())
    best.improve(_ROUNDS - _ROUNDS // 2)
    return best.result()


def _missed(looked: Float, p: Float, kappa: Float) -> Float:
    """Return E[p / (1 − looked · p)], as :func:`recsys.formats.mixed_effects.missed` does."""
    left = 1.0 - looked * p
    return np.asarray(p / left + looked * p * (1.0 - p) * (1.0 - kappa) / left**3)


def _first_look(columns: Design) -> Float:
    """Return how often slots of each range of positions are opened against the first range."""
    rows = columns.stage == OPEN
    n = np.bincount(columns.bucket[rows], minlength=N_BUCKETS)
    k = np.bincount(columns.bucket[rows], columns.success[rows], minlength=N_BUCKETS)
    rate = (k + 1.0) / (n + 2.0)
    return np.where(n > 0, np.clip(rate / rate[0], 0.02, 1.0), 1.0)


def _flattening(variance: Float) -> Float:
    return np.asarray(1.0 / np.sqrt(1.0 + np.pi * variance / 8.0))


def _shared_blocks(n_topics: int) -> Index:
    """Return for each shared column which of them vary alike; 0 for those that stand alone."""
    stage = np.zeros(N_STAGE, np.int64)
    stage[FIRST_FORMAT:FIRST_MOBILE] = 1
    stage[FIRST_MOBILE:FIRST_POSITION] = 2
    ease = np.full(n_topics * N_FORMATS, 3)
    fixed = [np.where(stage > 0, stage + 3 * s, 0) for s in range(N_STAGES)]
    topics = [np.full(n_topics, 1 + 3 * N_STAGES + s) for s in range(N_STAGES)]
    return np.concatenate([*fixed, *(ease + 3 * s for s in range(N_STAGES)), *topics])


def _by_block(values: Float, d: int) -> Float:
    scale = np.empty(d)
    for value, block in zip(values, BLOCKS, strict=True):
        scale[block] = value
    return scale
