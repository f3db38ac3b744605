"""Experiments over the wire."""

from datetime import datetime
from typing import Any

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from experiments.running.definition import Definition
from experiments.sizing.formulas import Clusters, Outcome, Promise, Sizing, size
from experiments.sizing.wording import power_caveat
from recsys.store.experiment_store import ExperimentStatus, StoredAssignment, StoredExperiment
from serving.models import AssignmentAnswer

__all__ = [
    "AssignmentPage",
    "DecisionBody",
    "ExperimentAnswer",
    "ExperimentPage",
    "ExposureBody",
    "ForcedBody",
    "NotedAnswer",
    "OwnExperiment",
    "OwnExperiments",
    "SeriesAnswer",
    "SizeAnswer",
    "SizeBody",
    "StatusAnswer",
    "VariantBody",
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Step(BaseModel):
    at: datetime
    share: float


class _Entry(BaseModel):
    at: datetime
    version: int
    actor: str = Field(description="The id of a key, `command`, or `guardrail`.")
    action: str
    detail: str


class ExperimentAnswer(BaseModel):
    """One version of an experiment: what was designed, how far it is, who did what."""

    experiment: str
    version: int
    status: ExperimentStatus
    created_at: datetime
    started_at: datetime | None
    stopped_at: datetime | None
    share: float = Field(description="Of the units that take part now.")
    dropped: list[str]
    decision: dict[str, Any] | None
    definition: dict[str, Any]
    history: list[_Entry] = Field(description="Of all versions, the oldest first.")

    @classmethod
    def of(cls, stored: StoredExperiment, history: list[Any]) -> "ExperimentAnswer":
        """Return a stored experiment as an answer."""
        decision = None if stored.decision is None else orjson.loads(stored.decision)
        return cls(
            experiment=stored.experiment, version=stored.version, status=stored.status,
            created_at=stored.created_at, started_at=stored.started_at,
            stopped_at=stored.stopped_at, share=stored.share, dropped=list(stored.dropped),
            decision=decision, definition=orjson.loads(stored.document),
            history=[
                _Entry(at=e.at, version=e.version, actor=e.actor, action=e.action, detail=e.detail)
                for e in history
            ],
        )  # fmt: skip


class _Listed(BaseModel):
    experiment: str
    version: int
    status: ExperimentStatus
    hypothesis: str
    surfaces: list[str]
    unit: str
    started_at: datetime | None


class ExperimentPage(BaseModel):
    """Experiments, the newest version of each, by key; `next_cursor` is null on the last page."""

    items: list[_Listed]
    next_cursor: str | None

    @staticmethod
    def listed(stored: StoredExperiment, definition: Definition) -> _Listed:
        """Return an experiment as a line of the list."""
        return _Listed(
            experiment=stored.experiment, version=stored.version, status=stored.status,
            hypothesis=definition.hypothesis, surfaces=list(definition.surfaces),
            unit=definition.unit, started_at=stored.started_at,
        )  # fmt: skip


class VariantBody(_Strict):
    """Which variant."""

    variant: str = Field(min_length=1, max_length=200)


class DecisionBody(VariantBody):
    """What is done from now on, and why."""

    reason: str = Field(min_length=1, max_length=2_000)


class ForcedBody(VariantBody):
    """Who shall see a variant, to look at it; they are left out of every verdict."""

    employee_id: str = Field(min_length=1, max_length=400)


class ExposureBody(_Strict):
    """Somebody saw their variant."""

    employee_id: str = Field(min_length=1, max_length=400)
    shown_at: AwareDatetime
    decision_id: str | None = Field(
        default=None, max_length=200, description="The `request_id` of the feed; for your records."
    )


class NotedAnswer(BaseModel):
    """Whether the exposure counts: only somebody who was served can have seen it."""

    experiment: str
    version: int
    is_noted: bool


class AssignmentPage(BaseModel):
    """Who got what, by employee; `next_cursor` is null on the last page."""

    items: list[AssignmentAnswer]
    next_cursor: str | None

    @staticmethod
    def answer(definition: Definition, one: StoredAssignment) -> AssignmentAnswer:
        """Return a stored assignment as an answer."""
        variants = {variant.name: variant for variant in definition.variants}
        found = variants.get(one.variant or "")
        return AssignmentAnswer(
            experiment=one.experiment, version=one.version, unit_type=definition.unit,
            unit_id=one.unit_id, variant=one.variant, source=one.source, bucket=one.bucket,
            parameters=dict(found.parameters) if found else {}, employee_id=one.employee_id,
        )  # fmt: skip


class OwnExperiment(BaseModel):
    """One experiment somebody is or was in."""

    experiment: str
    version: int
    hypothesis: str
    status: ExperimentStatus
    surfaces: list[str]
    variant: str | None = Field(description="null: kept out of it, to compare with.")
    since: datetime
    seen_at: datetime | None = Field(description="When you first saw your variant.")


class OwnExperiments(BaseModel):
    """Everything an employee was ever in, the oldest first."""

    employee_id: str
    items: list[OwnExperiment]


class _Guardrail(BaseModel):
    metric: str
    variant: str
    margin: float
    reason: str | None
    is_breached: bool


class _Look(BaseModel):
    number: int
    share: float
    day: str
    is_due: bool


class StatusAnswer(BaseModel):
    """How an experiment is, in numbers of people and in sentences; effects wait for the looks."""

    experiment: str
    version: int
    status: ExperimentStatus
    share: float
    dropped: list[str]
    units: dict[str, int]
    employees: dict[str, int]
    served: int
    exposed: dict[str, int]
    sources: dict[str, int]
    moved: int
    left: int
    sample_ratio: dict[str, Any] | None
    exposure: dict[str, Any] | None
    guardrails: list[_Guardrail]
    looks: list[_Look]
    sentences: list[str]


class _Day(BaseModel):
    day: str
    variant: str
    taking_part: int | None
    exposed: int | None


class SeriesAnswer(BaseModel):
    """Day by day, people so far; numbers below ten are null."""

    items: list[_Day]


class SizeBody(_Strict):
    """What the test shall find; with `sd` the metric is a mean, else a proportion."""

    baseline: float
    mde: float = Field(description="Absolute.")
    sd: float | None = None
    alpha: float = 0.05
    power: float = 0.8
    cluster_size: float | None = None
    icc: float = 0.0
    cluster_size_cv: float = 0.0

    def answer(self) -> "SizeAnswer":
        """Return the smallest test; raises :class:`recsys.errors.ConfigurationError`."""
        clusters = None
        if self.cluster_size is not None:
            clusters = Clusters(self.cluster_size, self.icc, self.cluster_size_cv)
        outcome, promise = Outcome(self.baseline, self.sd), Promise(self.alpha, self.power)
        return SizeAnswer.of(size(outcome, self.mde, promise, clusters))


class SizeAnswer(BaseModel):
    """What an arm needs."""

    units_per_arm: int
    clusters_per_arm: int | None
    design_effect: float
    alpha: float
    power: float
    warning: str | None = Field(description="Where the power is only about as promised, why.")

    @classmethod
    def of(cls, sizing: Sizing) -> "SizeAnswer":
        """Return a sizing as an answer."""
        return cls(
            units_per_arm=sizing.units_per_arm, clusters_per_arm=sizing.clusters_per_arm,
            design_effect=sizing.design_effect, alpha=sizing.alpha, power=sizing.power,
            warning=power_caveat(sizing.clusters_per_arm, sizing.power, "en"),
        )  # fmt: skip
