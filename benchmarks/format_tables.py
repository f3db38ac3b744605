"""What was found about the format model as tables, and which promises it breaks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeVar

import numpy as np

from benchmarks.format_measures import (
    ESTIMATES,
    MANY_IMPRESSIONS,
    Flips,
    Measured,
    calibration_error,
    hit,
    regret,
)
from benchmarks.format_policy import POLICIES, PolicyValues
from benchmarks.format_truth import Float, Index
from recsys.evaluation.bootstrap import Estimates, cluster_ratio

__all__ = ["Found", "Share", "broken_promises", "closed", "closed_by_policy", "tables"]

T = TypeVar("T")
Measure = Callable[[Float, Float], Float]

_NO_GAP = 0.002
"""Where the oracle's choices are no more than a fifth of a point better, nothing can be closed."""
_NO_ACCURACY_GAP = 0.03
"""The same for counts of people: a standard error of 250."""
_MANY = 1_000_000  # people; keeps those of two seeds apart

_CONFOUNDED = ("strong", "weak", "none", "additive", "types", "heavy", "click", "probit")


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in one kind of world, a list entry per seed."""

    world: str
    seeds: list[int] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    policies: list[PolicyValues] = field(default_factory=list)
    p_values: list[float] = field(default_factory=list)
    fit_seconds: list[float] = field(default_factory=list)
    flips: list[Flips] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Share:
    """Part of the gap between a simple answer and an oracle that is closed."""

    mean: float
    """Over seeds."""
    pooled: Estimates
    """Over the employees of all seeds."""

    @classmethod
    def of(
        cls, gained: list[Float], possible: list[Float], people: list[Index], no_gap: float
    ) -> Self | None:
        """Return the share by what n rows of each seed gain; None where there is no gap.

        ``people`` says whose each row is: an index within its seed. ``no_gap`` is the largest mean
        of what is possible that counts as nothing.
        """
        gaps = [float(gap.mean()) for gap in possible]
        if min(gaps) <= no_gap:
            return None
        clusters = [seed * _MANY + person for seed, person in enumerate(people)]
        pooled = cluster_ratio(
            np.concatenate(gained), np.concatenate(possible), np.concatenate(clusters),
            np.random.default_rng(0),
        )  # fmt: skip
        shares = [float(own.mean()) / gap for own, gap in zip(gained, gaps, strict=True)]
        return cls(float(np.mean(shares)), pooled)

    def __str__(self) -> str:
        value, low, high = (x[0] for x in (self.pooled.value, self.pooled.low, self.pooled.high))
        return f"{self.mean:4.0%} ({value:.0%}, {low:.0%} to {high:.0%})"


def closed(parts: list[Measured], measure: Measure) -> Share | None:
    """Return the share of the gap from raw rates to the oracle that the model closes."""
    values = [
        {name: measure(part.true, part.estimates[name]) for name in ESTIMATES} for part in parts
    ]
    sign = 1.0 if measure is regret else -1.0
    return Share.of(
        [sign * (v["raw"] - v["model"]) for v in values],
        [sign * (v["raw"] - v["oracle"]) for v in values],
        [np.arange(len(part.true)) for part in parts],
        _NO_GAP if measure is regret else _NO_ACCURACY_GAP,
    )


def closed_by_policy(parts: list[PolicyValues], policy: str) -> Share | None:
    """Return the share of the gap from uniform choice to the oracle that a policy closes."""
    uniform, chosen, oracle = (POLICIES.index(name) for name in ("uniform", policy, "oracle"))
    return Share.of(
        [part.completion[:, chosen] - part.completion[:, uniform] for part in parts],
        [part.completion[:, oracle] - part.completion[:, uniform] for part in parts],
        [part.person for part in parts],
        _NO_GAP,
    )


def tables(found: Sequence[Found]) -> Iterator[str]:
    """Yield the lines of all tables; a gap closed is "mean over seeds (pooled, 95 %)"."""
    for title, measure in (("regret", regret), ("accuracy", hit)):
        names = "".join(f"{name:>12}" for name in ESTIMATES)
        yield f"\n{title:<10} seed people{names}  share of the gap closed"
        for world in found:
            yield from _recovery_rows(world, measure)
    yield (
        f"\n{'belief':<10} seed  cover {MANY_IMPRESSIONS:>5}+  calibr.    bias   true   best"
        "  first ms p50, p99  again ms   fit s"
    )
    for world in found:
        yield from _belief_rows(world)
    names = "".join(f"{name:>12}" for name in POLICIES)
    yield f"\n{'choice':<10} seed  shown{names}    χ² p  share of the gap closed; by Thompson"
    for world in found:
        yield from _policy_rows(world)
    for world in found:
        yield from _flip_rows(world)


def broken_promises(world: Found) -> Iterator[str]:
    """Yield each promise of the format model that a world breaks, with what was found instead."""
    whole = Measured.join(world.measured)
    for text, is_kept in _promises(world, whole):
        if not is_kept:
            yield f"{world.world}: {text}"


def _promises(world: Found, whole: Measured) -> Iterator[tuple[str, bool]]:
    accuracy = {n: float(hit(whole.true, p).mean()) for n, p in whole.estimates.items()}
    if world.world in _CONFOUNDED:
        for name, measure, least in (("regret", regret, 0.5), ("accuracy", hit, 0.25)):
            share = closed(world.measured, measure)
            if share is not None:
                yield f"closes {share} of the gap in {name}, not {least:.0%}", share.mean >= least
    if world.world == "plain":
        lost = accuracy["raw"] - accuracy["model"]
        yield f"loses {lost:.1%} of accuracy to raw rates, not 1% at most", lost <= 0.01
    if world.world == "topic":
        # None is what is hoped for; one in fifty leaves room for luck in a few hundred people.
        share_best = float(whole.has_best.mean())
        yield f"{share_best:.1%} have a best format where there is none", share_best <= 0.02
    for flips in world.flips:
        model, oracle = (flips.turned[n] for n in ("model", "oracle restarted"))
        text = f"accuracy after flips {model:.1%}, of the restarted oracle {oracle:.1%}"
        yield text, model >= oracle - 0.1
    if world.world in (*_CONFOUNDED, "plain"):
        yield from _promises_of_beliefs(whole)
    share = closed_by_policy(world.policies, "engine")
    if share is not None and world.world in _CONFOUNDED:
        yield f"choices close {share} of the gap, not 70%", share.mean >= 0.7
    yield f"choices are not as stated, p = {min(world.p_values):.4f}", min(world.p_values) > 0.001
    p50 = 1e3 * float(np.median(whole.first_seconds))
    yield f"a first answer takes {p50:.2f} ms, not 0.2", p50 < 0.2


def _promises_of_beliefs(whole: Measured) -> Iterator[tuple[str, bool]]:
    many = whole.n_impressions >= MANY_IMPRESSIONS
    for who, rows in (("all", slice(None)), (f"{MANY_IMPRESSIONS}+", many)):
        held = float(whole.is_held[rows].mean())
        yield f"intervals of {who} hold {held:.1%}, not 86 to 94%", 0.86 <= held <= 0.94
    away = calibration_error(whole.estimates["model"], whole.true)
    yield f"calibration error {away:.4f}, not below 0.02", away < 0.02


def _recovery_rows(world: Found, measure: Measure) -> Iterator[str]:
    for label, parts in _rows(world.seeds, world.measured):
        whole = Measured.join(parts)
        means = [float(measure(whole.true, whole.estimates[name]).mean()) for name in ESTIMATES]
        share = closed(parts, measure)
        cells = "".join(f"{mean:12.4f}" for mean in means)
        yield f"{world.world:<10} {label:>4} {len(whole.true):>6}{cells}  {share or '–'}"


def _belief_rows(world: Found) -> Iterator[str]:
    fits = dict(zip(map(str, world.seeds), world.fit_seconds, strict=True))
    for label, parts in _rows(world.seeds, world.measured):
        m = Measured.join(parts)
        p, many = m.estimates["model"], m.n_impressions >= MANY_IMPRESSIONS
        p50, p99 = 1e3 * np.quantile(m.first_seconds, [0.5, 0.99])
        yield (
            f"{world.world:<10} {label:>4} {m.is_held.mean():6.3f} {m.is_held[many].mean():6.3f}"
            f" {calibration_error(p, m.true):8.4f} {(p - m.true).mean():+7.4f}"
            f" {m.true.mean():6.3f} {m.has_best.mean():6.3f} {p50:13.3f} {p99:5.2f}"
            f" {1e3 * np.median(m.again_seconds):9.4f}"
            f" {fits.get(label, np.mean(world.fit_seconds)):7.2f}"
        )


def _policy_rows(world: Found) -> Iterator[str]:
    p_values = dict(zip(map(str, world.seeds), world.p_values, strict=True))
    for label, parts in _rows(world.seeds, world.policies):
        completion = np.concatenate([part.completion for part in parts])
        cells = "".join(f"{mean:12.4f}" for mean in completion.mean(axis=0))
        shares = [closed_by_policy(parts, name) or "–" for name in ("engine", "thompson")]
        p = p_values.get(label, min(world.p_values))
        yield (
            f"{world.world:<10} {label:>4} {len(completion):>6}{cells} {p:7.3f}"
            f"  {shares[0]}; {shares[1]}"
        )


def _flip_rows(world: Found) -> Iterator[str]:
    """Yield accuracies in flipping worlds, where ``flips`` has an entry per seed."""
    for seed, flips in zip(world.seeds, world.flips, strict=False):
        yield f"\naccuracy after flips, seed {seed} {'turned':>12} {'stayed':>12}"
        yield f"{'people':<28} {flips.n_people:>12}"
        for name, turned in flips.turned.items():
            stayed = flips.stayed.get(name)
            yield f"{name:<28} {turned:12.4f}" + ("" if stayed is None else f" {stayed:12.4f}")


def _rows(seeds: list[int], parts: list[T]) -> Iterator[tuple[str, list[T]]]:
    """Yield what was found for each seed, then all of it together."""
    for seed, part in zip(seeds, parts, strict=True):
        yield str(seed), [part]
    if len(parts) > 1:
        yield "all", parts
