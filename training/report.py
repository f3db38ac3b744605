"""What a run leaves in MLflow: metrics, and files about data, figures, verdict and model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from recsys.evaluation.report import summary_json
from recsys.evaluation.summary import Summary
from recsys.model import Model
from training.ablation import GroupLoss
from training.card import figures_table, group_importances, model_card
from training.data_checks.findings import Finding, as_json
from training.gate import Verdict
from training.material import Material
from training.plots import draw_importances, draw_models, draw_reliability
from training.reliability import Calibrated
from training.trial import Trial

__all__ = ["metrics_of", "verdict_json", "write_report"]

_METRICS = {"ndcg@10": "ndcg_at_10", "hr@10": "hr_at_10", "mrr": "mrr"}
"""Metric → its name in MLflow, which allows no @."""


def metrics_of(summary: Summary) -> dict[str, float]:
    """Return the logged metrics: ``ndcg_at_10`` of the engine, ``MODEL/ndcg_at_10`` of others."""
    estimates = summary.overall.estimates
    if estimates is None:
        return {}
    found = {
        (name if row == 0 else f"{model}/{name}"): float(
            estimates.value[row, summary.metrics.index(metric)]
        )
        for row, model in enumerate(summary.models)
        for metric, name in _METRICS.items()
    }
    return {name: value for name, value in found.items() if isfinite(value)}


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict as strict JSON; what is unknown is None."""
    return {
        "decision": verdict.decision,
        "personalisation": verdict.personalisation,
        "reasons": list(verdict.reasons),
        "comparisons": [
            {key: _or_none(value) for key, value in asdict(comparison).items()}
            for comparison in verdict.comparisons
        ],
        "checks": [asdict(check) for check in verdict.checks],
    }


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
    draw_models(evaluation.summary, directory / "evaluation" / "ndcg_at_10.png")
    if trial.calibrated is not None:
        _write_json(directory / "evaluation" / "reliability.json", _plain(trial.calibrated))
        draw_reliability(trial.calibrated.reliability, directory / "evaluation" / "reliability.png")
    if model.ranker is not None:
        importances = model.ranker.importances()
        shares = {"groups": group_importances(importances), "features": importances}
        lost = {loss.group: _plain(loss) for loss in trial.losses}
        _write_json(directory / "importance" / "importance.json", shares | {"lost": lost})
        draw_importances(importances, directory / "importance" / "importance.png")
    _write(directory / "model_card.md", model_card(model, material, trial, findings))


def _plain(found: GroupLoss | Calibrated) -> dict[str, Any]:
    """Return a result as strict JSON holds it."""
    return {key: _or_none(value) for key, value in asdict(found).items()}


def _or_none(value: object) -> object:
    if isinstance(value, dict):
        return {key: _or_none(part) for key, part in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    return None if isinstance(value, float) and not isfinite(value) else value


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    _write(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
