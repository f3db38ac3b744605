"""What the feeds were like: degraded, cold, explored, and whether their scores came true."""

from collections.abc import Mapping
from typing import get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.answers import Degraded, SlotType
from recsys.formats.suitable import reader_languages, suitable_renditions
from recsys.ids import UNKNOWN_INDEX
from recsys.reports.suppression import DEFAULT_K
from training.monitoring.calibration import HIGH, LOW, Ratio, ratio_of
from training.monitoring.drift import Rows, drift_of
from training.monitoring.figures import (
    Fact,
    Finding,
    Measured,
    drift_figure,
    figure,
    is_moved,
)
from training.monitoring.model_drift import binned
from training.monitoring.served import Served
from training.monitoring.watched import Watched

__all__ = ["Feeds", "cold", "degraded", "exploration", "openings", "scores", "slot_types"]

_DEGRADED_SHARE = 0.05
"""One feed in twenty that is less than the best is noticed by people."""
_COLD_SHARE, _COLD_TIMES = 0.3, 2.0
"""More cold feeds than this, and twice as many as usual: people are new, or their ids are."""
_LEAST_SLATES = 50
_LEAST_EXPLORED = 20
_LEAST_DRAWN, _MOST_DRAWN = 100, 5_000
_SANE_WEIGHT = 1.25
"""Mean of (1 / m) / propensity over m renditions is 1 if propensities are true."""

_RANKED = ("personal", "other_department", "fresh", "explore")
"""Slots whose score is a probability of the ranker."""

Int = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]


class Feeds:
    """Served slates beside their weeks."""

    def __init__(self, watched: Watched, served: Served) -> None:
        self.watched, self.slates, self.slots = watched, served.slates, served.slots
        at = served.slates["at"].to_numpy(np.int64)
        self.week, self.day = watched.weeks.of_times(at), watched.weeks.day_of(at)
        self.employee = pd.factorize(served.slates["employee_id"])[0].astype(np.int64)
        self.of_slot = served.slots["slate"].to_numpy(np.int64)
        self.at = at

    @property
    def n_weeks(self) -> int:
        """Return how many weeks of reference have feeds, counted from the latest."""
        has = [bool((self.week == w).any()) for w in range(1, self.watched.weeks.n + 1)]
        return has.index(False) if False in has else len(has)

    @property
    def n_now(self) -> int:
        """Return how many feeds the watched week has."""
        return int(np.count_nonzero(self.week == 0))

    def people(self) -> int:
        """Return how many employees got feeds in the watched week."""
        return len(np.unique(self.employee[self.week == 0]))

    def share(self, is_so: npt.NDArray[np.bool_], week: int, *, slots: bool = False) -> float:
        """Return the share of feeds, or of slots, of a week that are so; NaN without any."""
        rows = (self.week[self.of_slot] if slots else self.week) == week
        return float(is_so[rows].mean()) if rows.any() else np.nan

    def past(
        self, is_so: npt.NDArray[np.bool_], *, slots: bool = False
    ) -> tuple[float | None, ...]:
        """Return the shares of the weeks of reference, the oldest first."""
        weeks = range(self.watched.weeks.n, 0, -1)
        shares = (self.share(is_so, week, slots=slots) for week in weeks)
        return tuple(None if np.isnan(share) else share for share in shares)

    def versions(self) -> dict[str, Fact]:
        """Return which model and policy versions are new in the watched week, as facts."""
        facts: dict[str, Fact] = {}
        for name in ("model_version", "policy_version"):
            values = self.slates[name].to_numpy()
            before = set(values[self.week > 0])
            new = [v for v in dict.fromkeys(values[self.week == 0]) if before and v not in before]
            if new:
                facts[f"new_{name}"] = str(new[-1])
        return facts


def degraded(feeds: Feeds) -> Measured:
    """Return the share of feeds that were less than the best, by why."""
    measured = Measured()
    for reason in get_args(Degraded):
        is_so = (feeds.slates["degraded"] == reason).to_numpy(np.bool_)
        share = feeds.share(is_so, 0)
        labels = {"reason": reason}
        measured.figures.append(
            figure(
                "degraded_share", share, feeds.people(), high=_DEGRADED_SHARE, labels=labels,
                weeks=feeds.past(is_so),
            )
        )  # fmt: skip
        if share > _DEGRADED_SHARE and feeds.people() >= DEFAULT_K:
            facts = {"value": share, "high": _DEGRADED_SHARE}
            measured.findings.append(Finding("degraded", labels | facts))
    return measured


def slot_types(feeds: Feeds) -> Measured:
    """Return the share of slots by type; an alarm where many are fallbacks."""
    kinds, measured = feeds.slots["slot_type"].to_numpy(), Measured()
    for name in get_args(SlotType):
        is_so = kinds == name
        share = feeds.share(is_so, 0, slots=True)
        high = _DEGRADED_SHARE if name == "fallback" else None
        measured.figures.append(
            figure(
                "slot_share", share, feeds.people(), high=high, labels={"slot_type": name},
                weeks=feeds.past(is_so, slots=True),
            )
        )  # fmt: skip
        # A fallback that the reason of the feed explains is told there.
        plain = feeds.slates["degraded"].to_numpy()[feeds.of_slot] == ""
        share = feeds.share(is_so & plain, 0, slots=True)
        if name == "fallback" and share > _DEGRADED_SHARE and feeds.people() >= DEFAULT_K:
            measured.findings.append(Finding("fallback", {"value": share, "high": _DEGRADED_SHARE}))
    return measured


def cold(feeds: Feeds) -> Measured:
    """Return the share of feeds for employees who had not read anything before."""
    watched, log = feeds.watched, feeds.watched.log
    first = np.full(len(watched.catalogue.employees.ids), np.iinfo(np.int64).max)
    read = log.is_interaction
    np.minimum.at(first, log.employee[read], log.occurred_at[read])
    ids = watched.catalogue.employees.ids
    index = np.array([ids.index(e) for e in feeds.slates["employee_id"]], np.int64)
    is_unheard = index == UNKNOWN_INDEX
    since = np.where(is_unheard, np.iinfo(np.int64).max, first[np.maximum(index, 0)])
    is_cold = since >= feeds.at
    share, past = feeds.share(is_cold, 0), feeds.past(is_cold)
    usual = [s for s in past if s is not None]
    high = max(_COLD_SHARE, _COLD_TIMES * max(usual, default=1.0))
    measured = Measured([figure("cold_feed_share", share, feeds.people(), high=high, weeks=past)])
    if share > high and feeds.people() >= DEFAULT_K:
        unheard = feeds.share(is_unheard, 0)
        facts = {"value": share, "high": high, "unheard": unheard}
        measured.findings.append(Finding("cold", facts))
    return measured


def exploration(feeds: Feeds) -> Measured:
    """Return the share of drawn slots and whether propensities can be true."""
    slots, people, measured = feeds.slots, feeds.people(), Measured()
    is_drawn = (slots["slot_type"] == "explore").to_numpy(np.bool_)
    share, past = feeds.share(is_drawn, 0, slots=True), feeds.past(is_drawn, slots=True)
    usual = [s for s in past if s is not None]
    low = 0.5 * float(np.mean(usual)) if usual else None
    measured.figures.append(figure("explore_share", share, people, low=low, weeks=past))
    n_expected = (low or 0.0) * 2.0 * np.count_nonzero(feeds.week[feeds.of_slot] == 0)
    if low and share < low and n_expected >= _LEAST_EXPLORED and people >= DEFAULT_K:
        facts = {"value": share, "low": low, "mean": 2 * low}
        measured.findings.append(Finding("explore_gone", facts | feeds.versions()))
    columns = [slots[name].to_numpy(np.float64) for name in ("propensity", "rendition_propensity")]
    is_bad = np.any([~((c > 0) & (c <= 1)) for c in columns], axis=0)
    bad = feeds.share(is_bad, 0, slots=True)
    measured.figures.append(figure("propensity_invalid_share", bad, people, high=0.0))
    found = _rendition_weight(feeds)
    weight = np.nan if found is None else found.value
    measured.figures.append(
        figure("rendition_mean_weight", weight, people, low=1 / _SANE_WEIGHT, high=_SANE_WEIGHT)
    )
    is_off = found is not None and (found.high < 1 / _SANE_WEIGHT or found.low > _SANE_WEIGHT)
    if (bad > 0 or is_off) and people >= DEFAULT_K:
        facts = {"value": weight if is_off else bad, "bad": bad}
        measured.findings.append(Finding("propensities", facts))
    return measured


def _rendition_weight(feeds: Feeds) -> Ratio | None:
    """Return the mean of (1 / m) / rendition propensity; None with fewer than 100 drawn slots.

    m is the number of renditions that suit the reader; over contents whose renditions have no
    audience of their own. The mean is 1 if propensities are true.
    """
    catalogue, ids = feeds.watched.catalogue, feeds.watched.catalogue.employees.ids
    p = feeds.slots["rendition_propensity"].to_numpy(np.float64)
    drawn = np.flatnonzero((feeds.week[feeds.of_slot] == 0) & (p > 0) & (p < 1))[:_MOST_DRAWN]
    slates = feeds.slates.iloc[feeds.of_slot[drawn]]
    weights, owners = [], []
    slots = zip(
        slates["employee_id"], slates["at"], slates["surface"],
        feeds.slots["content_id"].to_numpy()[drawn], p[drawn],
        feeds.employee[feeds.of_slot[drawn]], strict=True,
    )  # fmt: skip
    for employee_id, at, surface, content_id, propensity, owner in slots:
        known = catalogue.renditions.of(catalogue.contents.ids.index(content_id))
        if any(rendition.rule != UNKNOWN_INDEX for rendition in known):
            continue
        languages = reader_languages(catalogue, ids.index(employee_id), int(at))
        m = len(suitable_renditions(known, languages, surface))
        weights.append(1.0 / (m * propensity))
        owners.append(owner)
    if len(weights) < _LEAST_DRAWN:
        return None
    expected = np.ones(len(weights))
    return ratio_of(np.array(weights), expected, np.array(owners), feeds.watched.rng())


def scores(feeds: Feeds) -> Measured:
    """Return the drift of the scores of ranked slots."""
    watched, n_weeks = feeds.watched, feeds.n_weeks
    if n_weeks < 2 or feeds.n_now < _LEAST_SLATES:
        return Measured(unsaid=["few_slates"])
    values, is_there = _padded(feeds)
    used = (feeds.week >= 0) & (feeds.week <= n_weeks) & is_there.any(axis=1)
    shares = binned(values, is_there, (feeds.week > 0) & used)
    rows = Rows(feeds.employee[used], feeds.week[used], feeds.day[used], shares[used])
    drift = drift_of(rows, n_weeks, watched.rng(), skipped=watched.weeks.skipped)
    people = min(rows.people(0), rows.people())
    measured = Measured([drift_figure("prediction_psi", drift, people, source="slates")])
    if drift is not None and is_moved(drift, people):
        facts: dict[str, Fact] = {"value": drift.psi, "high": drift.high, "source": "slates"}
        measured.findings.append(Finding("predictions", facts | feeds.versions()))
    return measured


def _padded(feeds: Feeds) -> tuple[Float, npt.NDArray[np.bool_]]:
    """Return the scores of ranked slots, (n_slates, most), and where there are any."""
    slots = feeds.slots[feeds.slots["slot_type"].isin(_RANKED)]
    slate, place = slots["slate"].to_numpy(np.int64), slots.groupby("slate").cumcount().to_numpy()
    values = np.full((len(feeds.slates), int(place.max(initial=-1)) + 1), np.nan)
    values[slate, place] = slots["score"].to_numpy(np.float64)
    return values, ~np.isnan(values)


def openings(feeds: Feeds) -> Measured:
    """Compare openings of ranked slots with their scores, as earlier weeks did.

    A score is the probability of being read next; how many of these a page turns into openings is
    what the weeks before tell. So the ratio is openings per expected reading, over the same of the
    reference: 1 if scores mean what they meant.
    """
    slots = feeds.slots
    is_ranked = slots["slot_type"].isin(_RANKED).to_numpy(np.bool_)
    week, employee = feeds.week[feeds.of_slot], feeds.employee[feeds.of_slot]
    opened, score = slots["opened"].to_numpy(np.float64), slots["score"].to_numpy(np.float64)
    before, now = is_ranked & (week > 0), is_ranked & (week == 0)
    if feeds.n_weeks < 1 or not opened[before].sum() or feeds.n_now < _LEAST_SLATES:
        return Measured(unsaid=["few_slates"])
    rate = opened[before].sum() / score[before].sum()
    rng = feeds.watched.rng()
    found = ratio_of(opened[now], rate * score[now], employee[now], rng)
    weekly = []
    for w in range(feeds.watched.weeks.n, 0, -1):
        rows = is_ranked & (week == w)
        expected = rate * score[rows].sum()
        weekly.append(float(opened[rows].sum() / expected) if expected else None)
    measured = Measured(
        [figure("open_ratio", found.value, found.people, low=LOW, high=HIGH, weeks=tuple(weekly))]
    )
    if found.verdict is not None:
        facts: Mapping[str, Fact] = {
            "value": found.value, "low": LOW, "high": HIGH, "verdict": found.verdict,
            "interval_low": found.low, "interval_high": found.high,
        }  # fmt: skip
        measured.findings.append(Finding("open_ratio", {**facts, **feeds.versions()}))
    return measured
