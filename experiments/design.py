"""What is asked of a table: the columns, what is measured, and how it will be decided."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from recsys.errors import ConfigurationError

__all__ = ["Correction", "Design", "Metric", "metrics_of"]

Correction = Literal["holm", "bh", "none"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A mean, a proportion, or a ratio of sums."""

    name: str
    """As in the results: the column, or ``numerator/denominator``."""
    numerator: str
    denominator: str | None = None
    is_proportion: bool = False


@dataclass(frozen=True, slots=True)
class Design:
    """How an experiment was made and is to be read; see :func:`experiments.analysis.analyze`."""

    variant: str
    control: str
    unit: str
    metrics: tuple[Metric, ...]
    covariate: str | None = None
    cluster: str | None = None
    strata: str | None = None
    exposed: str | None = None
    segments: tuple[str, ...] = ()
    expected_split: Mapping[str, float] | None = None
    correction: Correction = "holm"
    alpha: float = 0.05
    sequential: bool = False
    sequential_n: float = 5000
    looks: tuple[float, ...] = ()
    """Planned looks as shares of the final information; empty without planned looks."""
    look: int | None = None
    """The present one of them, from 1."""
    margins: Mapping[str, float] | None = None
    winsorise: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        _check(0 < self.alpha < 1, f"alpha is {self.alpha}; expected a share between 0 and 1")
        _check(
            0 < self.sequential_n < math.inf,
            f"sequential_n is {self.sequential_n}; expected a number of units above 0",
        )
        _check(
            self.winsorise is None or 0.5 < self.winsorise < 1,
            f"winsorise is {self.winsorise}; expected the quantile to cap at, such as 0.99",
        )
        _check(
            self.correction in ("holm", "bh", "none"),
            f"the correction is {self.correction!r}; expected holm, bh or none",
        )
        self._check_names()
        self._check_looks()
        self._check_split()

    @property
    def randomisation_unit(self) -> str:
        """The column whose values were drawn into the variants."""
        return self.cluster or self.unit

    @property
    def columns(self) -> list[str]:
        """All columns that are read."""
        named = [self.variant, self.unit, self.covariate, self.cluster, self.strata, self.exposed]
        measured = [c for m in self.metrics for c in (m.numerator, m.denominator)]
        return list(dict.fromkeys(c for c in [*named, *measured, *self.segments] if c is not None))

    def _check_names(self) -> None:
        names = [metric.name for metric in self.metrics]
        twice = sorted({name for name in names if names.count(name) > 1})
        _check(not twice, f"{', '.join(twice)} is asked for twice; expected each metric once")
        unknown = sorted(set(self.margins or {}) - set(names))
        _check(
            not unknown,
            f"there is a margin for {', '.join(unknown)}, which is no metric here; expected "
            f"{', '.join(names) or 'none'}",
        )
        for name, margin in (self.margins or {}).items():
            _check(
                math.isfinite(margin) and margin != 0,
                f"the margin of {name} is {margin}; expected a number other than 0",
            )

    def _check_looks(self) -> None:
        _check(
            not (self.sequential and self.looks),
            "both an always-valid analysis and planned looks are asked for; choose one",
        )
        _check(
            bool(self.looks) == (self.look is not None),
            "looks and look belong together: the planned shares and the number of the present one",
        )
        if self.look is None:
            return
        shares = list(self.looks)
        _check(
            shares == sorted(set(shares)) and shares[0] > 0 and shares[-1] <= 1,
            f"the looks are {shares}; expected increasing shares in (0, 1], such as 0.5 and 1",
        )
        _check(
            1 <= self.look <= len(shares),
            f"look is {self.look}; expected 1 to {len(shares)}, the number of planned looks",
        )

    def _check_split(self) -> None:
        if self.expected_split is None:
            return
        shares = list(self.expected_split.values())
        _check(
            all(math.isfinite(share) and share >= 0 for share in shares),
            f"the expected split is {dict(self.expected_split)}; expected shares of 0 or more",
        )
        # Two decimals of three arms make 0.99.
        _check(
            abs(sum(shares) - 1) < 0.015,
            f"the shares of the expected split sum to {sum(shares):g}; expected 1",
        )


def metrics_of(
    metrics: Sequence[str], ratios: Sequence[str], has_column: Callable[[str], bool]
) -> tuple[Metric, ...]:
    """Read ``y``, ``b:proportion`` and ``m/d``; a name may itself contain a colon or a stroke."""
    means = [_mean(text, has_column) for text in _listed(metrics)]
    return (*means, *(_ratio(text, has_column) for text in _listed(ratios)))


def _listed(texts: Sequence[str]) -> list[str]:
    return [texts] if isinstance(texts, str) else list(texts)


def _mean(text: str, has_column: Callable[[str], bool]) -> Metric:
    column, colon, kind = text.rpartition(":")
    if not colon or has_column(text):
        return Metric(text, text)
    _check(
        kind in ("proportion", "mean"),
        f"the metric {text!r} ends in {kind!r}; expected a column, or a column and :proportion",
    )
    return Metric(column, column, is_proportion=kind == "proportion")


def _ratio(text: str, has_column: Callable[[str], bool]) -> Metric:
    parts = text.split("/")
    splits = [("/".join(parts[:i]), "/".join(parts[i:])) for i in range(1, len(parts))]
    _check(bool(splits), f"the ratio is {text!r}; expected two columns as NUMERATOR/DENOMINATOR")
    fitting = [split for split in splits if all(map(has_column, split))]
    numerator, denominator = (fitting or splits)[0]
    return Metric(text, numerator, denominator)


def _check(is_right: bool, otherwise: str) -> None:
    if not is_right:
        raise ConfigurationError(otherwise)
