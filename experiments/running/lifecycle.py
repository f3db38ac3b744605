"""What one may do with an experiment, in which state: draft, running, paused, stopped, decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson
import pandas as pd

from experiments.hashing import bucket_of
from experiments.running.definition import Definition, read_definition, write_definition
from experiments.running.drawing import draw, roster_of
from recsys.dataset.dataset import Dataset
from recsys.errors import ConfigurationError, ModelError
from recsys.registry import check_model, version_directory
from recsys.schema import INTERACTIONS
from recsys.store.experiment_store import (
    ExperimentConflictError,
    ExperimentStore,
    Step,
    StoredAssignment,
    StoredExperiment,
)
from recsys.times import to_micros

__all__ = ["Experiments", "UnknownExperimentError"]

_ENGAGEMENT = "engagement"
"""A stratum that no attribute holds: never, or which third of the interactions so far."""


class UnknownExperimentError(ConfigurationError):
    """There is no such experiment, or no such version of it."""


@dataclass(frozen=True)
class Experiments:
    """The comms team's experiments. ``actor`` is who asks, for the log; ``at`` is now."""

    store: ExperimentStore
    models_dir: Path
    """Where the models are that variants may name."""

    def get(self, key: str, version: int | None = None) -> tuple[Definition, StoredExperiment]:
        """Return a version, by default the newest."""
        stored = self.store.find(key, version)
        if stored is None:
            which = "" if version is None else f"version {version} of "
            raise UnknownExperimentError(
                f"there is no {which}experiment {key!r}; create it, or check the key"
            )
        return read_definition(stored.document), stored

    def create(self, definition: Definition, actor: str, at: datetime) -> bool:
        """Keep a design as a draft; the same again changes nothing (False)."""
        document = write_definition(definition)
        return self.store.add(definition.key, definition.version, document, actor, at)

    def start(self, key: str, dataset: Dataset, actor: str, at: datetime) -> StoredExperiment:
        """Draw everybody who is known and begin with the first step, or go on after a pause."""
        definition, stored = self.get(key)
        self._check_models(definition)
        others = self._beside(definition)
        if stored.status == "paused":
            self._change(stored, actor, "resume", at, ["paused"], status="running")
        else:
            rows = self._drawn(definition, dataset, others, to_micros(at))
            self.store.change(
                key, stored.version, actor, "start", at, expected=["draft"],
                detail=f"{len(rows):,} employees drawn", assignments=rows, status="running",
                started_at=at, ramp=[Step(to_micros(at), definition.steps[0])],
            )  # fmt: skip
        return self.get(key, stored.version)[1]

    def _check_models(self, definition: Definition) -> None:
        """Raise unless every model that a variant names is there, whole."""
        for variant in definition.variants:
            for version in filter(None, variant.models):
                try:
                    check_model(version_directory(self.models_dir, version))
                except ModelError as error:
                    raise ConfigurationError(
                        f"experiment {definition.key!r}: the variant {variant.name} names the "
                        f"model {version!r}, which cannot be served: {error}"
                    ) from None

    def step(self, key: str, actor: str, at: datetime) -> StoredExperiment:
        """Let the next share of the units take part."""
        definition, stored = self.get(key)
        later = [share for share in definition.steps if share > stored.share]
        if not later:
            raise ExperimentConflictError(
                f"experiment {key!r} is at the last step of its ramp, {stored.share:.0%}"
            )
        ramp = [*stored.ramp, Step(to_micros(at), later[0])]
        self._change(stored, actor, "step", at, ["running"], f"{later[0]:.0%}", ramp=ramp)
        return self.get(key, stored.version)[1]

    def pause(self, key: str, actor: str, at: datetime, why: str = "") -> None:
        """Serve everybody the usual until it is started again; nobody loses their variant."""
        self._change(self.get(key)[1], actor, "pause", at, ["running"], why, status="paused")

    def stop(self, key: str, actor: str, at: datetime) -> None:
        """End serving variants for good."""
        stored = self.get(key)[1]
        self._change(
            stored, actor, "stop", at, ["running", "paused"], status="stopped", stopped_at=at
        )

    def decide(self, key: str, variant: str, reason: str, actor: str, at: datetime) -> None:
        """Record what came of a stopped experiment, and why."""
        definition, stored = self.get(key)
        self._check_variant(definition, variant)
        if not reason.strip():
            raise ConfigurationError("the decision has no reason; say what it rests on")
        decision = orjson.dumps({"variant": variant, "reason": reason}).decode()
        self._change(
            stored, actor, "decide", at, ["stopped"], f"{variant}: {reason}", status="decided",
            decision=decision,
        )  # fmt: skip

    def drop(self, key: str, variant: str, actor: str, at: datetime) -> None:
        """Serve a variant no more; its people get the usual, and nobody else is moved."""
        definition, stored = self.get(key)
        self._check_variant(definition, variant)
        if variant == definition.control:
            raise ConfigurationError(
                f"{variant} is the control, what the others are compared with; stop the experiment"
            )
        dropped = list(dict.fromkeys([*stored.dropped, variant]))
        self._change(stored, actor, "drop", at, ["running", "paused"], variant, dropped=dropped)

    def force(self, key: str, employee_id: str, variant: str, actor: str, at: datetime) -> None:
        """Show somebody a variant, to look at it: logged, and left out of every verdict."""
        definition, stored = self.get(key)
        self._check_variant(definition, variant)
        if not employee_id.strip():
            raise ConfigurationError("the employee's id is empty; nobody can be put anywhere")
        bucket = bucket_of(key, employee_id)
        self.store.force(
            StoredAssignment(
                key, stored.version, employee_id, employee_id, variant, "forced", bucket, 0.0, "",
                to_micros(at),
            ),
            actor, at,
        )  # fmt: skip

    def _beside(self, definition: Definition) -> list[StoredExperiment]:
        """Return what runs on one of the surfaces; refuse what would meet the same people."""
        beside = []
        for other in self.store.all():
            if other.status not in ("running", "paused"):
                continue
            if (other.experiment, other.version) == (definition.key, definition.version):
                continue
            design = read_definition(other.document)
            shared = sorted(set(design.surfaces) & set(definition.surfaces))
            if not shared:
                continue
            name = f"version {other.version} of experiment {other.experiment!r}"
            (low, high), (start, end) = design.layer, definition.layer
            if low < end and start < high:
                raise ExperimentConflictError(
                    f"{name} is {other.status} on {', '.join(shared)} with the part "
                    f"{[low, high]} of the units, which overlaps {[start, end]}; stop it, or give "
                    "a new version another layer"
                )
            if design.unit != definition.unit:
                raise ExperimentConflictError(
                    f"{name} draws by {design.unit} on {', '.join(shared)}, this one by "
                    f"{definition.unit}: people would be in both; draw by {design.unit}, or wait"
                )
            beside.append(other)
        return beside

    def _drawn(
        self, definition: Definition, dataset: Dataset, others: Sequence[StoredExperiment], at: int
    ) -> list[StoredAssignment]:
        roster = roster_of(_employees(definition, dataset), definition)
        taken = {
            one.employee_id
            for other in others
            for one in self.store.assignments(other.experiment, other.version)
            if one.variant is not None
        }
        roster = roster[~roster["employee_id"].isin(taken)]
        if roster.empty:
            raise ConfigurationError(
                f"nobody can take part in experiment {definition.key!r}: no active employee has "
                f"a {definition.unit}; import employees first"
            )
        units = dict(zip(roster["unit_id"], roster["stratum"], strict=True))
        drawn = {one.unit_id: one for one in draw(definition, units, self._kept(definition))}
        return [
            StoredAssignment(
                definition.key, definition.version, employee_id, unit_id, one.variant, one.source,
                one.bucket, one.place, one.stratum, at,
            )
            for employee_id, unit_id in zip(roster["employee_id"], roster["unit_id"], strict=True)
            if (one := drawn.get(unit_id)) is not None
        ]  # fmt: skip

    def _kept(self, definition: Definition) -> dict[str, str]:
        """Return the variants of the version before by unit: changed weights move nobody."""
        if definition.version == 1:
            return {}
        before = self.get(definition.key, definition.version - 1)[0]
        if before.unit != definition.unit:
            return {}
        rows = self.store.assignments(definition.key, definition.version - 1)
        return {
            one.unit_id: one.variant
            for one in rows
            if one.variant is not None and one.source != "forced"
        }

    def _change(
        self, stored: StoredExperiment, actor: str, action: str, at: datetime,
        expected: Sequence[str], detail: str = "", **values: object,
    ) -> None:  # fmt: skip
        self.store.change(
            stored.experiment, stored.version, actor, action, at,
            expected=expected, detail=detail, **values,  # type: ignore[arg-type]  # statuses
        )  # fmt: skip

    @staticmethod
    def _check_variant(definition: Definition, variant: str) -> None:
        if variant not in definition.weights:
            raise ConfigurationError(
                f"experiment {definition.key!r} has no variant {variant!r}; expected one of "
                f"{', '.join(definition.weights)}"
            )


def _employees(definition: Definition, dataset: Dataset) -> pd.DataFrame:
    """Return the present row of everybody, with the strata that are no attributes."""
    employees = dataset["employees"].drop_duplicates("employee_id", keep="last")
    unknown = sorted(set(definition.strata) - {*employees.columns, _ENGAGEMENT})
    if unknown:
        raise ConfigurationError(
            f"employees have no {unknown[0]!r} to balance by; expected {_ENGAGEMENT} or a column "
            "of employees, such as site or work_style"
        )
    if _ENGAGEMENT not in definition.strata:
        return employees
    events = dataset["events"]
    told = events[events["event_type"].isin(INTERACTIONS)]["employee_id"].value_counts()
    n = employees["employee_id"].map(told).fillna(0)
    third = (n[n > 0].rank(method="first", pct=True) * 3).clip(upper=2.999).astype(int)
    names = third.map({0: "low", 1: "middle", 2: "high"}).reindex(employees.index)
    return employees.assign(**{_ENGAGEMENT: names.fillna("never")})
