"""What a run leaves in MLflow: metrics, and files about data, figures, verdict and model."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import Any

from recsys.evaluation.metrics import METRICS
from recsys.evaluation.report import json_ready, summary_json
from recsys.evaluation.summary import Summary
from recsys.model import Model
from recsys.times import DAY_US, from_micros, to_micros
from training.card import (
    best_baseline,
    figures_table,
    group_importances,
    model_card,
    shown_slices,
)
from training.data_checks.findings import Finding, as_json
from training.gate import CHAMPION, Verdict
from training.material import Material
from training.plots import (
    draw_groups,
    draw_importances,
    draw_models,
    draw_reliability,
    draw_slices,
    draw_weeks,
)
from training.tracked import NestedRun, Reading
from training.trial import Trial
from training.weeks import Week, weeks_of

__all__ = [
    "metrics_of",
    "nested_weeks",
    "tested_weeks",
    "verdict_json",
    "week_readings",
    "write_report",
]

_METRICS = {"ndcg@10": "ndcg_at_10", "hr@10": "hr_at_10", "mrr": "mrr"}
"""Metric → its name in MLflow, which allows no @."""


def metrics_of(summary: Summary) -> dict[str, float]:
    """Return the logged metrics: ``ndcg_at_10`` of the engine, ``MODEL/ndcg_at_10`` of others."""
    estimates = summary.overall.estimates
    if estimates is None:
        return {}
    found = {
        f"{_named(summary.models, row)}{name}": float(
            estimates.value[row, summary.metrics.index(metric)]
        )
        for row in range(len(summary.models))
        for metric, name in _METRICS.items()
    }
    return {name: value for name, value in found.items() if isfinite(value)}


def week_readings(models: Sequence[str], weeks: Sequence[Week]) -> list[Reading]:
    """Return every model's NDCG@10 by week of the test window; the first week is step 1."""
    return [
        Reading(
            f"weeks/{_named(models, row)}ndcg_at_10", float(value), step, from_micros(week.until)
        )
        for step, week in enumerate(weeks, start=1)
        for row, value in enumerate(week.ndcg.value)
    ]


def nested_weeks(models: Sequence[str], weeks: Sequence[Week]) -> list[NestedRun]:
    """Return a run for each week: metrics of every model, and their NDCG@10 by day of the week."""
    return [
        NestedRun(
            f"week {step}, from {from_micros(week.since):%Y-%m-%d}",
            {
                "since": from_micros(week.since).isoformat(),
                "until": from_micros(week.until).isoformat(),
                "n_targets": week.n_targets,
                "n_employees": week.n_employees,
            },
            _readings(models, week),
            {"kind": "week"},
        )
        for step, week in enumerate(weeks, start=1)
    ]


def _readings(models: Sequence[str], week: Week) -> list[Reading]:
    columns = {name: list(METRICS).index(metric) for metric, name in _METRICS.items()}
    found = [
        Reading(
            f"{_named(models, row)}{name}",
            float(week.values[row, column]),
            0,
            from_micros(week.until),
        )
        for row in range(len(models))
        for name, column in columns.items()
    ]
    for bound in ("low", "high"):
        value = float(getattr(week.ndcg, bound)[0])
        found.append(Reading(f"ndcg_at_10_{bound}", value, 0, from_micros(week.until)))
    for day, values in week.days:
        step = round((day - week.since) / DAY_US)
        found += [
            Reading(f"days/{_named(models, row)}ndcg_at_10", float(value), step, from_micros(day))
            for row, value in enumerate(values)
        ]
    return [reading for reading in found if isfinite(reading.value)]


def _named(models: Sequence[str], row: int) -> str:
    """Return what stands before the names of a model's metrics."""
    return f"{models[row]}/" if row else ""


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict as strict JSON; what is unknown is None."""
    return {
        "decision": verdict.decision,
        "personalisation": verdict.personalisation,
        "reasons": list(verdict.reasons),
        "comparisons": [json_ready(asdict(comparison)) for comparison in verdict.comparisons],
        "checks": [asdict(check) for check in verdict.checks],
    }


def tested_weeks(material: Material, trial: Trial) -> tuple[Week, ...]:
    """Return the weeks of the test window; none where too few people chose."""
    window = to_micros(material.split), to_micros(material.until)
    return weeks_of(trial.evaluation.ranks, *window)


def write_report(
    directory: Path, model: Model, material: Material, trial: Trial,
    findings: Sequence[Finding] = (),
) -> None:  # fmt: skip
    """Write all files of a run into an existing directory; none of them names an employee."""
    evaluation = trial.evaluation
    for folder in ("evaluation", "importance"):
        (directory / folder).mkdir()
    _write_json(directory / "data.json", material.digest() | {"findings": as_json(findings)})
    _write_json(directory / "verdict.json", verdict_json(trial.verdict))
    table = summary_json(evaluation.summary) | {"notes": dict(evaluation.notes)}
    _write_json(directory / "evaluation" / "table.json", table)
    _write(directory / "evaluation" / "table.md", figures_table(evaluation.summary))
    _draw_figures(evaluation.summary, tested_weeks(material, trial), directory / "evaluation")
    if trial.calibrated is not None:
        _write_json(
            directory / "evaluation" / "reliability.json", json_ready(asdict(trial.calibrated))
        )
        draw_reliability(trial.calibrated.reliability, directory / "evaluation" / "reliability.png")
    if model.ranker is not None:
        importances = model.ranker.importances()
        shares = {"groups": group_importances(importances), "features": importances}
        lost = {loss.group: json_ready(asdict(loss)) for loss in trial.losses}
        _write_json(directory / "importance" / "importance.json", shares | {"lost": lost})
        draw_importances(importances, directory / "importance" / "importance.png")
        draw_groups(trial.losses, directory / "importance" / "groups.png")
    _write(directory / "model_card.md", model_card(model, material, trial, findings))


def _draw_figures(summary: Summary, weeks: Sequence[Week], directory: Path) -> None:
    draw_models(summary, directory / "ndcg_at_10.png")
    if summary.overall.estimates is None or not summary.overall.n_targets:
        return
    baseline = best_baseline(summary)
    draw_slices(summary, shown_slices(summary), baseline, directory / "slices.png")
    beside = [row for row, name in enumerate(summary.models) if name == CHAMPION]
    draw_weeks(summary.models, weeks, [0, baseline, *beside], directory / "weeks.png")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _write_json(path: Path, value: object) -> None:
    _write(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
