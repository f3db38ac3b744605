"""The model card: what a model is, how good it is, and what is known not to work."""

from collections.abc import Mapping
from importlib.resources import files
from string import Template

from recsys.evaluation.summary import Summary
from recsys.features.groups import GROUPS
from recsys.model import Model
from training.material import Material
from training.trial import Trial

__all__ = ["figures_table", "group_importances", "model_card"]


def model_card(model: Model, material: Material, trial: Trial) -> str:
    """Return the card as Markdown."""
    template = Template(files("training").joinpath("card_template.md").read_text(encoding="utf-8"))
    digest, overall = material.digest(), trial.evaluation.summary.overall
    notes = (*model.notes, *(f"{name}: {why}" for name, why in trial.evaluation.notes.items()))
    return template.substitute(
        version=model.version,
        since=digest["since"],
        split=digest["split"],
        until=digest["until"],
        rows=", ".join(f"{n:,} {name}" for name, n in digest["rows"].items()),
        n_targets=f"{overall.n_targets:,}",
        n_employees=f"{overall.n_employees:,}",
        figures=figures_table(trial.evaluation.summary).rstrip(),
        personalisation=_sentence(trial.verdict.personalisation),
        decision=trial.verdict.decision,
        reasons=_sentence("; ".join(trial.verdict.reasons)),
        groups=_groups_table(model).rstrip(),
        notes="".join(f"- {_sentence(note)}.\n" for note in notes),
    )


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


def _groups_table(model: Model) -> str:
    if model.ranker is None:
        return "There is no ranker: contents are ordered by their readers of the last hour.\n"
    shares = group_importances(model.ranker.importances())
    return _table(["feature group", "share of gain"], [[k, f"{v:.1%}"] for k, v in shares.items()])


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
