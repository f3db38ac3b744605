"""Every comparison of an analysis in words, and in places on a plot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isclose, isfinite
from typing import Any

from experiments.report.names import isolated, plain_name
from experiments.report.numbers import Scale, relative, scale_of
from experiments.report.plot import Axis, axis_of
from experiments.report.verdict import Judgement, Yardstick, judge_entry, smallest_that_matters
from experiments.sentences import translated
from experiments.texts import Language, texts

__all__ = ["MARKS", "Comparison", "Entry", "MetricPart", "Reader", "decision_interval", "is_share"]

Entry = Mapping[str, Any]
Ends = tuple[float | None, float | None]

MARKS = {"better": "✓", "worse": "✕", "no_difference": "=", "cannot_tell": "?"}
"""Beside the words, so that nothing hangs on a colour; the clearest verdict first."""


@dataclass(frozen=True)
class Comparison:
    """One variant against the control on one metric, in words and in places on the plot."""

    variant: str
    verdict: str
    mark: str
    verdict_name: str
    headline: str
    notes: tuple[str, ...]
    interval_label: str
    places: tuple[float, float, float] | None
    """Low end, effect and high end on the axis."""


@dataclass(frozen=True)
class MetricPart:
    """One metric: its comparisons, drawn on one axis."""

    name: str
    is_share: bool
    is_lower_better: bool
    comparisons: tuple[Comparison, ...]
    ticks: tuple[tuple[float, str], ...]
    """Place and label."""
    zero: float | None
    band: tuple[float, float] | None
    """From where to where a difference is too small to matter, if all variants agree on it."""
    plot_label: str


@dataclass(frozen=True)
class Reader:
    """Puts entries into words; holds what all of them have in common.

    ``control`` is None if it is not known.
    """

    language: Language
    yardstick: Yardstick
    proportions: frozenset[str]
    control: str | None
    n_comparisons: int
    is_ratio_flagged: bool

    @property
    def words(self) -> Mapping[str, str]:
        """Return every text by key."""
        return texts(self.language)

    def parts(self, entries: Sequence[Entry]) -> list[MetricPart]:
        """Return every metric, in the order of the analysis."""
        by_metric: dict[str, list[Entry]] = {}
        for entry in entries:
            by_metric.setdefault(str(entry.get("metric")), []).append(entry)
        return [self._part(name, group) for name, group in by_metric.items()]

    def scale(self, entries: Sequence[Entry]) -> Scale:
        """Return how the numbers of one metric are written: as fine as its finest interval."""
        widths = [high - low for low, high in map(_finite_interval, entries)]
        share = any(is_share(entry, self.proportions) for entry in entries)
        finest = min((width for width in widths if width > 0), default=0.0)
        return scale_of(finest, is_share=share, point=self.words["report.points"])

    def level(self, text: str) -> str:
        """Return a text of the catalogue with the level of the intervals in it."""
        sure = 1 - self.yardstick.alpha
        return self.words[text].format(
            level=f"{100 * sure:.4g}%",
            hundred=f"{100 * sure:.4g}",
            alpha=f"{self.yardstick.alpha:g}",
        )

    def _part(self, name: str, entries: Sequence[Entry]) -> MetricPart:
        margins = [smallest_that_matters(entry, self.yardstick) for entry in entries]
        drawn = [_finite_interval(entry) for entry in entries if _is_drawn(entry)]
        axis = axis_of(drawn, [margin for margin in margins if margin is not None])
        scale = self.scale(entries)
        comparisons = tuple(
            self._comparison(entry, margin, axis, scale)
            for entry, margin in zip(entries, margins, strict=True)
        )
        rows = "; ".join(f"{c.variant} {c.interval_label}" for c in comparisons)
        return MetricPart(
            plain_name(name),
            scale.is_share,
            name in self.yardstick.lower_is_better,
            comparisons,
            () if axis is None else tuple((axis.place(n), scale.tick(n)) for n in axis.ticks),
            None if axis is None else axis.place(0.0),
            _band(axis, margins),
            f"{plain_name(name)}: {rows}",
        )

    def _comparison(
        self, entry: Entry, margin: float | None, axis: Axis | None, scale: Scale
    ) -> Comparison:
        judgement = judge_entry(entry, self.yardstick, is_ratio_flagged=self.is_ratio_flagged)
        said = self._said(entry, margin, scale)
        # An interval that misleads is better not drawn.
        is_told = judgement.cause != "sample_ratio"
        return Comparison(
            plain_name(entry.get("variant")),
            judgement.verdict,
            MARKS[judgement.verdict],
            self.words[f"report.verdict.{judgement.verdict}"],
            self.words[f"report.{judgement.verdict}.{judgement.cause}"].format(**said),
            tuple(self.words[key].format(**said) for key in _note_keys(entry, judgement)),
            self.words["report.interval_label"].format(**said),
            _places(entry, axis) if is_told else None,
        )

    def _said(self, entry: Entry, margin: float | None, scale: Scale) -> dict[str, object]:
        """Return everything a sentence on a comparison may name."""
        low, high = decision_interval(entry) or (None, None)
        promise = entry.get("non_inferiority") or {}
        reason = plain_name(entry.get("reason") or "unknown")
        return {
            "variant": isolated(entry.get("variant")),
            "control": isolated(self.control or self.words["report.the_control"]),
            "control_mean": scale.value(entry.get("control_mean")),
            "treatment_mean": scale.value(entry.get("treatment_mean")),
            "effect": scale.difference(entry.get("effect")),
            "relative": relative(entry.get("rel_effect")),
            "low": scale.tick(low),
            "high": scale.difference(high),
            "margin": scale.difference(margin).lstrip("+"),
            "share": f"{100 * self.yardstick.matters_share:.4g}%",
            "n": self.n_comparisons,
            "reason": self.words.get(f"report.reason.{reason}")
            or translated(reason, self.language),
            "allowed": scale.difference(_negative(promise.get("margin"))),
            "bound": scale.difference(promise.get("bound")),
        }


def decision_interval(entry: Entry) -> Ends | None:
    """Return the interval that decides, None for an infinite end; None if not computable."""
    ends = entry.get("decision_ci")
    if not entry.get("computable") or ends is None:
        return None
    low, high = ends
    return low, high


def is_share(entry: Entry, proportions: frozenset[str]) -> bool:
    """Whether a metric is written as per cent: because one said so, or by its method."""
    is_named = str(entry.get("metric")) in proportions
    return is_named or "proportion" in str(entry.get("method")).split("+")


def _note_keys(entry: Entry, judgement: Judgement) -> list[str]:
    """Return what is said below the headline."""
    if decision_interval(entry) is None or judgement.cause in ("sample_ratio", "unbounded"):
        return []
    keys = ["report.note.small"] if judgement.is_small else []
    keys.append("report.note.numbers")
    promise = entry.get("non_inferiority")
    if promise:
        is_kept = promise.get("is_non_inferior")
        keys.append(f"report.note.{'non_inferior' if is_kept else 'not_non_inferior'}")
    return keys


def _finite_interval(entry: Entry) -> tuple[float, float]:
    """Return the interval that decides; nothing, at 0, if it has no end on a side."""
    low, high = decision_interval(entry) or (None, None)
    return (0.0, 0.0) if low is None or high is None else (float(low), float(high))


def _is_drawn(entry: Entry) -> bool:
    ends = (*(decision_interval(entry) or (None,)), entry.get("effect"))
    return all(end is not None and isfinite(end) for end in ends)


def _places(entry: Entry, axis: Axis | None) -> tuple[float, float, float] | None:
    if axis is None or not _is_drawn(entry):
        return None
    low, high = _finite_interval(entry)
    return axis.place(low), axis.place(float(entry["effect"])), axis.place(high)


def _band(axis: Axis | None, margins: Sequence[float | None]) -> tuple[float, float] | None:
    known = [margin for margin in margins if margin is not None]
    if axis is None or not known or not isclose(min(known), max(known)):
        return None
    margin = max(known)
    return axis.place(-margin), axis.place(margin)


def _negative(number: float | None) -> float | None:
    return None if number is None else -number
