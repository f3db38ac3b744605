"""The model card: what a model is, how good it is, and what is known not to work."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from string import Template

from recsys.evaluation.summary import Slice, Summary
from recsys.features.groups import GROUPS
from recsys.model import Model
from training.ablation import GroupLoss
from training.data_checks.findings import Finding
from training.gate import RANKERS_BESIDE
from training.gate_checks import Check
from training.limits import known_limits
from training.material import Material
from training.reliability import Calibrated
from training.trial import Trial

__all__ = [
    "best_baseline",
    "figures_table",
    "group_importances",
    "model_card",
    "shown_slices",
    "slices_table",
]

_SHOWN_DEPARTMENTS = 10
"""With the most choices; `evaluation/table.json` has all of them."""


def model_card(
    model: Model, material: Material, trial: Trial, findings: Sequence[Finding] = ()
) -> str:
    """Return the card as Markdown."""
    template = Template(files("training").joinpath("card_template.md").read_text(encoding="utf-8"))
    digest, overall = material.digest(), trial.evaluation.summary.overall
    missing = (f"{name}: {why}" for name, why in trial.evaluation.notes.items())
    limits = (*known_limits(material, trial.evaluation.summary), *model.notes, *missing)
    return template.substitute(
        version=model.version,
        since=digest["since"],
        split=digest["split"],
        until=digest["until"],
        rows=", ".join(f"{n:,} {name}" for name, n in digest["rows"].items()),
        findings="".join(f"- {_sentence(found.sentence)}.\n" for found in findings),
        n_targets=f"{overall.n_targets:,}",
        n_employees=f"{overall.n_employees:,}",
        figures=figures_table(trial.evaluation.summary).rstrip(),
        personalisation=_sentence(trial.verdict.personalisation),
        decision=trial.verdict.decision,
        reasons=_sentence("; ".join(trial.verdict.reasons)),
        checks=_checks(trial.verdict.checks).rstrip(),
        slices=slices_table(trial.evaluation.summary).rstrip(),
        groups=_groups_table(model, trial.losses).rstrip(),
        calibration=_calibration(trial.calibrated),
        limits="".join(f"- {_sentence(limit)}.\n" for limit in limits),
    )


def _checks(checks: Sequence[Check]) -> str:
    words = {True: "passed", False: "**failed**", None: "not computable"}
    return "".join(f"- {c.name}: {words[c.passed]}. {_sentence(c.sentence)}.\n" for c in checks)


def figures_table(summary: Summary) -> str:
    """Return every metric of every model as a Markdown table; empty where nothing was ranked."""
    estimates = summary.overall.estimates
    if estimates is None or not summary.overall.n_targets:
        return "No choice fell into the test window.\n"
    headline = summary.metrics.index("ndcg@10")
    header = ["model", *summary.metrics, "ndcg@10, 95 %"]
    rows = [
        [
            model,
            *(f"{value:.3f}" for value in estimates.value[row]),
            f"{estimates.low[row, headline]:.3f} to {estimates.high[row, headline]:.3f}",
        ]
        for row, model in enumerate(summary.models)
    ]
    return _table(header, rows)


def group_importances(importances: Mapping[str, float]) -> dict[str, float]:
    """Return the share of the trees' gain by feature group, largest first."""
    shares = {group.name: sum(importances[c] for c in group.columns) for group in GROUPS}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def slices_table(summary: Summary) -> str:
    """Return NDCG@10 of the engine by slice, beside the baseline that is best overall.

    Only slices that may be shown; of the departments those with the most choices.
    """
    if summary.overall.estimates is None or not summary.overall.n_targets:
        return "No choice fell into the test window.\n"
    column = summary.metrics.index("ndcg@10")
    best = best_baseline(summary)
    header = ["slice", "choices", "employees", summary.models[0], "95 %", summary.models[best]]
    rows = []
    for part in shown_slices(summary):
        assert part.estimates is not None
        value, low, high = (
            a[0, column] for a in (part.estimates.value, part.estimates.low, part.estimates.high)
        )
        other = part.estimates.value[best, column]
        counts = [f"{part.n_targets:,}", f"{part.n_employees:,}"]
        rows.append(
            [part.name, *counts, f"{value:.3f}", f"{low:.3f} to {high:.3f}", f"{other:.3f}"]
        )
    return _table(header, rows)


def best_baseline(summary: Summary) -> int:
    """Return the row of the model of the highest NDCG@10 that is neither the engine nor its kind.

    There are estimates.
    """
    assert summary.overall.estimates is not None
    column = summary.metrics.index("ndcg@10")
    value = summary.overall.estimates.value[:, column]
    rows = [r for r, name in enumerate(summary.models) if r and name not in RANKERS_BESIDE]
    return max(rows, key=lambda row: float(value[row]))


def shown_slices(summary: Summary) -> list[Slice]:
    """Return the slices that may be shown; of the departments those with the most choices."""
    shown = [part for part in summary.slices if part.estimates is not None]
    largest = sorted((p for p in shown if _is_department(p)), key=lambda part: -part.n_targets)
    others = [part for part in shown if not _is_department(part)]
    return [*others, *largest[:_SHOWN_DEPARTMENTS]]


def _is_department(part: Slice) -> bool:
    return part.name.startswith("department ")


def _groups_table(model: Model, losses: Sequence[GroupLoss]) -> str:
    if model.ranker is None:
        return "There is no ranker: contents are ordered by their readers of the last hour.\n"
    shares = group_importances(model.ranker.importances())
    lost = {loss.group: _loss_cells(loss) for loss in losses}
    order = [*lost, *(name for name in shares if name not in lost)]
    rows = [[name, *lost.get(name, ["–", "–"]), f"{shares[name]:.1%}"] for name in order]
    return _table(["feature group", "NDCG@10 lost", "95 %", "share of gain"], rows)


def _loss_cells(loss: GroupLoss) -> list[str]:
    return [f"{loss.loss:+.4f}", f"{loss.low:+.4f} to {loss.high:+.4f}"]


def _calibration(found: Calibrated | None) -> str:
    if found is None:
        return "There are no probabilities to check."
    return (
        f"Of {found.n_candidates:,} candidates in {found.n_questions:,} questions the ranker "
        f"expected {found.predicted_share:.3%} to be read next, and {found.observed_share:.3%} "
        f"were; {found.n_missed:,} choices were not on the shortlist it ranks. The expected "
        f"calibration error is {found.reliability.error:.3%} (`evaluation/reliability.png`)."
    )


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
