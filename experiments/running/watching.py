"""A running experiment from day to day: who is in it, is it healthy, what may be looked at."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import orjson
import pandas as pd

from experiments.running.definition import Definition
from experiments.running.drawing import roster_of
from experiments.running.exposing import exposures_in
from experiments.running.lifecycle import Experiments
from experiments.running.taking_part import Period, day_of, people_of, period_of, table_of
from experiments.running.unit_values import History
from experiments.running.verdict import analyse_look, watch_guardrails
from experiments.sentences import translated
from experiments.texts import Language, texts
from recsys.dataset.dataset import Dataset
from recsys.errors import ConfigurationError
from recsys.reports.suppression import DEFAULT_K
from recsys.store.experiment_store import ExperimentConflictError, StoredExperiment
from recsys.times import to_micros

__all__ = ["Watch", "health_sentences"]

_GUARD = "guardrail"
"""The actor in the log where an experiment paused itself."""


@dataclass(frozen=True)
class Watch:
    """Looks at experiments through one data set, which holds everything up to now."""

    experiments: Experiments
    dataset: Dataset

    def status(self, key: str, at: datetime) -> dict[str, Any]:
        """Return how an experiment is, after noting who was exposed; may pause it.

        Everything that is told is a number of people or of health: effects wait for the planned
        looks. Only a guardrail is tested at every call, in a way that allows for that.
        """
        definition, stored = self._noted(key)
        store = self.experiments.store
        assignments = store.assignments(key, stored.version)
        exposures = store.exposures(key, stored.version)
        people = people_of(definition, stored, assignments, exposures)
        now = min(to_micros(at), _end(stored))
        told: dict[str, Any] = {
            "experiment": key, "version": stored.version, "status": stored.status,
            "share": stored.share, "dropped": list(stored.dropped),
            "units": _units(people), "employees": _counts(people["variant"]),
            "exposed": _counts(people["variant"][people["exposure"].notna()]),
            "served": len({one.employee_id for one in exposures if one.stage == "served"}),
            "sources": dict(Counter(one.source for one in assignments)),
            "moved": self._moved(definition, people), "left": self._left(people),
            "sample_ratio": None, "exposure": None, "guardrails": [],
            "looks": self._looks(definition, stored, now),
        }  # fmt: skip
        if people["variant"].nunique() > 1:
            table = self._table(definition, people, Period(now, now), definition.guarded)
            self._health(definition, stored, table, told)
        if stored.status == "running" and any(one["is_breached"] for one in told["guardrails"]):
            why = ", ".join(sorted({o["metric"] for o in told["guardrails"] if o["is_breached"]}))
            self.experiments.pause(key, _GUARD, at, why)
            told["status"] = "paused"
        return told

    def look(self, key: str, at: datetime, look: int | None = None) -> dict[str, Any]:
        """Return the result of a planned look: found once, and the same ever after.

        Without ``look`` that is the latest one whose time has come. Raises
        :class:`ExperimentConflictError` before that time, and
        :class:`recsys.errors.ConfigurationError` for a look that was not planned.
        """
        definition, stored = self._noted(key)
        due = [one for one in self._looks(definition, stored, to_micros(at)) if one["is_due"]]
        number = due[-1]["number"] if due and look is None else look or 1
        if not 1 <= number <= len(definition.looks):
            raise ConfigurationError(
                f"look {number} is not planned; experiment {key!r} is looked at "
                f"{len(definition.looks)} time(s), at {_shares(definition)} of its duration"
            )
        kept = self.experiments.store.looks(key, stored.version)
        if number not in kept:
            self._check_due(definition, stored, number, to_micros(at))
            result = self._analysed(definition, stored, number)
            text = orjson.dumps(result, option=orjson.OPT_SERIALIZE_NUMPY).decode()
            self.experiments.store.keep_look(key, stored.version, number, text, at)
            kept = self.experiments.store.looks(key, stored.version)
        found: dict[str, Any] = orjson.loads(kept[number][1])
        return found

    def series(self, key: str) -> pd.DataFrame:
        """Return day, variant, and how many take part and were exposed by its end.

        Numbers of fewer than ten people are missing.
        """
        definition, stored = self._noted(key)
        store = self.experiments.store
        people = people_of(
            definition, stored, store.assignments(key, stored.version),
            store.exposures(key, stored.version),
        )  # fmt: skip
        rows = []
        moments = people[["assignment", "exposure"]].to_numpy(dtype=np.float64)
        days = sorted({day_of(int(at)) for at in moments[~np.isnan(moments)]})
        for variant, members in people.groupby("variant"):
            for day in days:
                end = to_micros(datetime.fromisoformat(f"{day}T23:59:59.999999+00:00"))
                counts = [int((members[c] <= end).sum()) for c in ("assignment", "exposure")]
                rows.append([day, variant, *(n if n >= DEFAULT_K else None for n in counts)])
        return pd.DataFrame(rows, columns=["day", "variant", "taking_part", "exposed"])

    def _noted(self, key: str) -> tuple[Definition, StoredExperiment]:
        """Return an experiment after its exposures were read from the log."""
        definition, stored = self.experiments.get(key)
        if stored.ramp:
            served = self.experiments.store.exposures(key, stored.version)
            seen = exposures_in(definition, served, self.dataset["events"])
            self.experiments.store.expose([one for one in seen if one.at <= _end(stored)])
        return definition, stored

    def _analysed(
        self, definition: Definition, stored: StoredExperiment, look: int
    ) -> dict[str, Any]:
        store = self.experiments.store
        people = people_of(
            definition, stored, store.assignments(definition.key, stored.version),
            store.exposures(definition.key, stored.version),
        )  # fmt: skip
        period = period_of(definition, stored, look)
        table = self._table(definition, people, period, definition.measured)
        return analyse_look(definition, table, _expected(definition, stored), look)

    def _table(
        self, definition: Definition, people: pd.DataFrame, period: Period, names: Sequence[str]
    ) -> pd.DataFrame:
        return table_of(definition, people, History.of(self.dataset), period, names)

    def _health(
        self, definition: Definition, stored: StoredExperiment, table: pd.DataFrame,
        told: dict[str, Any],
    ) -> None:  # fmt: skip
        found = watch_guardrails(definition, table, _expected(definition, stored))
        told["sample_ratio"], told["exposure"] = found["srm"], found["exposure"]
        margins = {one.metric: one.margin for one in definition.guardrails}
        told["guardrails"] = [
            {
                "metric": entry["metric"], "variant": entry["variant"],
                "margin": margins[entry["metric"]], "reason": entry["reason"],
                "is_breached": _is_breached(definition, entry, margins[entry["metric"]]),
            }
            for entry in found["metrics"]
        ]  # fmt: skip

    def _looks(
        self, definition: Definition, stored: StoredExperiment, now: int
    ) -> list[dict[str, Any]]:
        if not stored.ramp or stored.share <= definition.pilot_share:
            return []
        periods = [period_of(definition, stored, n + 1) for n in range(len(definition.looks))]
        return [
            {
                "number": number, "share": definition.looks[number - 1],
                "day": day_of(period.until),
                "is_due": period.until <= now and period.cut <= _end(stored),
            }
            for number, period in enumerate(periods, start=1)
        ]  # fmt: skip

    def _check_due(
        self, definition: Definition, stored: StoredExperiment, look: int, now: int
    ) -> None:
        if not stored.ramp or stored.share <= definition.pilot_share:
            raise ExperimentConflictError(
                f"experiment {definition.key!r} has not begun; start it, and leave the pilot"
            )
        period = period_of(definition, stored, look)
        if period.cut > _end(stored):
            raise ExperimentConflictError(
                f"experiment {definition.key!r} was stopped before look {look} of "
                f"{len(definition.looks)}: it shows nothing that a decision could rest on"
            )
        if period.until > now:
            raise ExperimentConflictError(
                f"look {look} of experiment {definition.key!r} is planned for "
                f"{day_of(period.until)}; effects that are looked at sooner mislead"
            )

    def _moved(self, definition: Definition, people: pd.DataFrame) -> int:
        """Return how many have changed teams since; they keep what they got."""
        if definition.unit == "employee":
            return 0
        employees = self.dataset["employees"].drop_duplicates("employee_id", keep="last")
        bare = roster_of(employees, _without_strata(definition))
        now = bare.set_index("employee_id")["unit_id"].reindex(people.index)
        return int((now.notna() & (now != people["unit_id"])).sum())

    def _left(self, people: pd.DataFrame) -> int:
        """Return how many have left the company; they count as they were assigned."""
        employees = self.dataset["employees"].drop_duplicates("employee_id", keep="last")
        gone = employees.loc[employees["active"].eq(False).fillna(False), "employee_id"]
        return int(people.index.isin(gone).sum())


_NEVER = 2**62


def health_sentences(status: Mapping[str, Any], language: Language) -> list[str]:
    """Return how an experiment is, in sentences for the comms team."""
    words, told = texts(language), []
    told.append(words[f"health.status.{status['status']}"].format(share=f"{status['share']:.0%}"))
    n, seen = sum(status["employees"].values()), sum(status["exposed"].values())
    told.append(words["health.people"].format(people=f"{n:,}", exposed=f"{seen:,}"))
    told += [
        words[f"health.{name}"].format(people=f"{status[name]:,}")
        for name in ("moved", "left")
        if status[name]
    ]
    for name in ("sample_ratio", "exposure"):
        if status[name] is not None and status[name]["p_value"] is not None:
            state = "bad" if status[name]["flag"] else "good"
            told.append(words[f"health.{name}.{state}"])
    for one in status["guardrails"]:
        state = "unknown" if one["reason"] else "breached" if one["is_breached"] else "good"
        reason = translated(one["reason"] or "", language)
        told.append(words[f"health.guardrail.{state}"].format(**one | {"reason": reason}))
    coming = next((one for one in status["looks"] if not one["is_due"]), None)
    due = [one for one in status["looks"] if one["is_due"]]
    if due:
        told.append(words["health.look.due"].format(**due[-1]))
    if coming is not None and status["status"] == "running":
        told.append(words["health.look.coming"].format(**coming))
    return told


def _is_breached(definition: Definition, entry: Mapping[str, Any], margin: float) -> bool:
    """Whether the loss is beyond the margin for certain, at this and every other moment."""
    if not entry["computable"]:
        return False
    low, high = entry["decision_ci"]
    if definition.specs[entry["metric"]].higher_is_better:
        return high is not None and high < -margin
    return low is not None and low > margin


def _expected(definition: Definition, stored: StoredExperiment) -> dict[str, float]:
    left = {name: w for name, w in definition.weights.items() if name not in stored.dropped}
    return {name: weight / sum(left.values()) for name, weight in left.items()}


def _units(people: pd.DataFrame) -> dict[str, int]:
    units = people.drop_duplicates("unit_id")["variant"]
    return _counts(units)


def _counts(variants: "pd.Series[str]") -> dict[str, int]:
    return {str(name): int(n) for name, n in variants.value_counts().sort_index().items()}


def _end(stored: StoredExperiment) -> int:
    return _NEVER if stored.stopped_at is None else to_micros(stored.stopped_at)


def _shares(definition: Definition) -> str:
    return ", ".join(f"{share:.0%}" for share in definition.looks)


def _without_strata(definition: Definition) -> Definition:
    return replace(definition, strata=())
