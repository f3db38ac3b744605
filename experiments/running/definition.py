"""An experiment as it is designed: one declaration, read from JSON and frozen at the start."""

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import PurePath
from typing import Any, Literal

import orjson

from experiments.running.metric import BUILT_IN, MetricSpec
from recsys.errors import ConfigurationError

__all__ = [
    "UNIT_ATTRIBUTE",
    "Definition",
    "Guardrail",
    "UnitType",
    "Variant",
    "read_definition",
    "write_definition",
]

UnitType = Literal["employee", "team", "department", "site"]
Surface = Literal["portal", "mobile", "newsletter"]

UNIT_ATTRIBUTE: Mapping[str, str] = {
    "team": "team_id", "department": "department", "site": "site",
}  # fmt: skip
"""The attribute whose values are drawn; employees are drawn by their id."""

_NEWSLETTER = frozenset(
    {"name", "sections", "total", "max_minutes", "explore_share", "exclude", "segments", "subject"}
)
_STRICT: dict[str, Any] = {"extra": "forbid"}
_ROUNDING = 1e-6
_MOST_LOOKS = 10
"""More looks cost power, and nobody plans them."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What some get. The first variant of an experiment is the control."""

    __pydantic_config__ = _STRICT

    name: str
    weight: float
    slate: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    """Rules of the slate policy that differ, by name, with their settings; null: without it."""
    newsletter: Mapping[str, Any] = field(default_factory=dict)
    """What replaces parts of a plan that names the experiment."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Told to the portal with the feed; free."""
    model: str = ""
    """Version of the registry that ranks feeds; empty: the champion of the moment."""
    formats: str = ""
    """Version whose beliefs about formats choose the renditions; empty: that of the ranking."""

    @property
    def models(self) -> tuple[str, str]:
        """Return which versions rank, and choose formats."""
        return self.model, self.formats


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A metric that may get worse by ``margin`` at most, as an absolute number."""

    __pydantic_config__ = _STRICT

    metric: str
    margin: float = 0.0


@dataclass(frozen=True)
class Definition:
    """All that is fixed before an experiment starts; a change makes a new version."""

    __pydantic_config__ = _STRICT

    key: str
    hypothesis: str
    variants: tuple[Variant, ...]
    primary: str
    version: int = 1
    surfaces: tuple[Surface, ...] = ("portal", "mobile")
    unit: UnitType = "employee"
    strata: tuple[str, ...] = ()
    """Attributes of employees; of a team the one most of its members have."""
    secondary: tuple[str, ...] = ()
    guardrails: tuple[Guardrail, ...] = ()
    metrics: tuple[MetricSpec, ...] = ()
    """Own ones, beside :data:`experiments.running.metric.BUILT_IN`."""
    looks: tuple[float, ...] = (1.0,)
    """Planned looks, as shares of ``duration_days``."""
    duration_days: float = 14.0
    minimum_days: float = 7.0
    """No look sooner: weekdays and weekends are read differently."""
    window_days: float = 7.0
    """Everybody is measured for this long from their exposure on."""
    layer: tuple[float, float] = (0.0, 1.0)
    """Part of the units that may take part; experiments on one surface run beside each other only
    in parts that do not overlap."""
    holdout_share: float = 0.0
    pilot_share: float = 0.0
    """Who sees it first, and is left out of the verdict."""
    ramp: tuple[float, ...] = (1.0,)
    """Shares of units that take part, step by step; the pilot goes before them."""
    alpha: float = 0.05
    covariate: bool = False
    """Whether the primary metric is adjusted (CUPED) for the same before it began to count, over
    as long a time."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant, with a sentence."""
        for wrong in self._wrongs():
            raise ConfigurationError(f"experiment {self.key!r}: {wrong}")

    @property
    def control(self) -> str:
        """Return the variant that the others are compared with."""
        return self.variants[0].name

    @property
    def weights(self) -> dict[str, float]:
        """Return the share of each variant."""
        return {variant.name: variant.weight for variant in self.variants}

    @cached_property
    def specs(self) -> dict[str, MetricSpec]:
        """Return every metric that can be named, the own ones before the built-in ones."""
        return BUILT_IN | {spec.name: spec for spec in self.metrics}

    @property
    def measured(self) -> list[str]:
        """Return the metrics that are analysed, the primary first."""
        return list(dict.fromkeys([self.primary, *self.secondary, *self.guarded]))

    @property
    def guarded(self) -> list[str]:
        """Return the metrics of the guardrails."""
        return [guardrail.metric for guardrail in self.guardrails]

    @property
    def steps(self) -> tuple[float, ...]:
        """Return the shares of units that take part, the pilot's first."""
        return (self.pilot_share, *self.ramp) if self.pilot_share > 0 else self.ramp

    @property
    def newsletter_begins_with(self) -> str:
        """Return the event that exposes: where subjects differ, sending; else opening the mail.

        Whoever opens a mail because of its subject must not be compared among openers only.
        """
        subjects = {str(variant.newsletter.get("subject")) for variant in self.variants}
        return "newsletter_sent" if len(subjects) > 1 else "newsletter_open"

    def variant(self, name: str) -> Variant:
        """Return a variant by its name; ``KeyError`` if there is none."""
        return {variant.name: variant for variant in self.variants}[name]

    def _wrongs(self) -> Iterator[str]:
        names = [variant.name for variant in self.variants]
        if not self.key or not self.key.strip():
            yield "it has no key; the key is the seed of the draw, give it a name"
        if not self.hypothesis.strip():
            yield "it has no hypothesis; say what should change, for whom, and why"
        if self.version < 1:
            yield f"the version is {self.version}; expected 1 or more"
        if len(names) < 2 or len(set(names)) < len(names) or "" in names:
            yield f"the variants are {names}; expected two or more different names, control first"
        if not self.surfaces:
            yield "it has no surface; expected portal, mobile or newsletter"
        yield from self._wrong_shares()
        yield from self._wrong_times()
        yield from self._wrong_metrics()
        for variant in self.variants:
            yield from self._wrong_variant(variant)

    def _wrong_variant(self, variant: Variant) -> Iterator[str]:
        self._check_slate(variant)
        unknown = sorted(set(variant.newsletter) - _NEWSLETTER)
        if unknown:
            yield (
                f"the variant {variant.name} changes {', '.join(unknown)} of a newsletter; "
                f"expected some of {', '.join(sorted(_NEWSLETTER))}"
            )
        for version in filter(None, variant.models):
            if PurePath(version).name != version:
                yield f"the variant {variant.name} names {version!r}, which is no model version"
        if any(variant.models) and "newsletter" in self.surfaces:
            yield (
                f"the variant {variant.name} names a model, and newsletters are picked by the "
                "champion; leave newsletter out of the surfaces"
            )

    def _check_slate(self, variant: Variant) -> None:
        """Raise unless the rules a variant changes are there, with these settings."""
        if variant.slate:
            from recsys.slate.recipe import DEFAULT_SLATE, changed_recipe

            where = f"experiment {self.key!r}: variant {variant.name}: slate"
            changed_recipe(DEFAULT_SLATE, variant.slate, where)

    def _wrong_shares(self) -> Iterator[str]:
        weights = list(self.weights.values())
        if not all(math.isfinite(w) and w > 0 for w in weights) or (
            abs(math.fsum(weights) - 1) > _ROUNDING
        ):
            yield f"the weights are {weights}; expected shares above 0 that sum to 1"
        low, high = self.layer
        if not 0 <= low < high <= 1:
            yield f"the layer is {[low, high]}; expected a part of 0 to 1, such as [0, 0.5]"
        if not 0 <= self.holdout_share < 1 or not 0 <= self.pilot_share < 1:
            yield (
                f"holdout_share is {self.holdout_share:g} and pilot_share {self.pilot_share:g}; "
                "expected shares from 0 to below 1"
            )
        if not self.ramp or not _increases([self.pilot_share, *self.ramp]):
            yield (
                f"the ramp is {list(self.ramp)} after a pilot of {self.pilot_share:g}; expected "
                "increasing shares up to 1"
            )
        if not 0 < self.alpha < 1:
            yield f"alpha is {self.alpha:g}; expected a share between 0 and 1"

    def _wrong_times(self) -> Iterator[str]:
        times = (self.duration_days, self.minimum_days, self.window_days)
        if not all(math.isfinite(days) and days > 0 for days in times):
            yield f"duration, minimum and window are {times} days; expected numbers above 0"
        if self.minimum_days > self.duration_days:
            yield (
                f"minimum_days is {self.minimum_days:g}, more than duration_days "
                f"{self.duration_days:g}; let it last longer"
            )
        if not 1 <= len(self.looks) <= _MOST_LOOKS or not _increases([0.0, *self.looks]):
            yield (
                f"the looks are {list(self.looks)}; expected 1 to {_MOST_LOOKS} increasing shares "
                "of the duration up to 1"
            )

    def _wrong_metrics(self) -> Iterator[str]:
        twice = [s.name for s in self.metrics if [m.name for m in self.metrics].count(s.name) > 1]
        if twice:
            yield f"the metric {twice[0]} is defined twice; give each a name of its own"
        needed = [*self.measured, *(spec.per for spec in self.metrics if spec.per)]
        unknown = [name for name in needed if name not in self.specs]
        if unknown:
            yield (
                f"there is no metric {unknown[0]!r}; define it, or choose among "
                f"{', '.join(self.specs)}"
            )
        for guardrail in self.guardrails:
            if not (math.isfinite(guardrail.margin) and guardrail.margin >= 0):
                yield (
                    f"the margin of {guardrail.metric} is {guardrail.margin}; expected what it may "
                    "lose at most, 0 or more"
                )


def read_definition(document: str | bytes) -> Definition:
    """Read a definition from JSON.

    Raises :class:`recsys.errors.ConfigurationError` naming the place and what was expected.
    """
    from pydantic import ValidationError

    try:
        definition: Definition = _adapter().validate_json(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the document"
        raise ConfigurationError(
            f"the experiment cannot be read: {place}: {first['msg']}"
        ) from None
    return definition


def write_definition(definition: Definition) -> str:
    """Return a definition as JSON, always the same for equal ones."""
    told = _adapter().dump_python(definition, mode="json")
    if not told["covariate"]:
        del told["covariate"]
    for variant in told["variants"]:
        for name in ("model", "formats"):
            if not variant[name]:  # as documents were before there was a choice
                del variant[name]
    return orjson.dumps(told).decode()


@cache
def _adapter() -> Any:  # noqa: ANN401  (pydantic's own class, imported late)
    from pydantic import TypeAdapter

    return TypeAdapter(Definition)


def _increases(shares: list[float]) -> bool:
    is_share = all(math.isfinite(share) and 0 <= share <= 1 for share in shares)
    return is_share and all(a < b for a, b in itertools.pairwise(shares))
