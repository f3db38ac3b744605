"""The generated parts of the README: what the ranking is worth, and the table of settings.

Run ``python -m benchmarks.figures --deskdrop DIR`` to print them, with ``--write`` to put them into
the README. DIR is a canonical copy of the public Deskdrop log, trained until 2016-10-01 and tested
until 2016-12-01; it is left out where absent. The simulated companies have 1,500 people and are
tested on choices of the last two weeks; there a learner that knows the generating model says how
much can be learned, and the planted truth what nobody can exceed. Takes about ten minutes on two
cores; ``--max-targets 300`` is quicker and rougher.
"""

import argparse
import os
import platform
import re
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from recsys.dataset.dataset import Dataset
from recsys.dataset.reading import read_dataset
from recsys.engine import Engine
from recsys.evaluation.bootstrap import cluster_ratio
from recsys.evaluation.data import EvaluationData, prepare
from recsys.evaluation.engine import EngineUnderTest
from recsys.evaluation.metrics import ndcg
from recsys.evaluation.protocol import Ranks, Scorer
from recsys.evaluation.run import Evaluation, run_evaluation
from recsys.evaluation.summary import Summary
from recsys.settings import Settings
from recsys.simulator.ceilings import TrueAppeal
from recsys.simulator.config import WORLDS, Scenario, World
from recsys.simulator.reference import ReferenceLearner
from recsys.simulator.simulated import Simulated, open_simulated
from recsys.simulator.simulation import simulate_company

__all__ = ["figures_table", "gap_table", "replace_part", "settings_table"]

README = Path(__file__).parents[1] / "README.md"
_MAX_TARGETS = 2_000  # of a simulated world; their NDCG@10 is known to about 0.02
_SEED = 1
_REFERENCE = "reference"
_CEILINGS = {"truth_impersonal": False, "truth_personal": True}
"""Name → whether it knows the person."""


def main() -> None:
    """Print the generated parts, or write them into the README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deskdrop", type=Path, help="folder with the canonical Deskdrop log")
    parser.add_argument("--max-targets", type=int, default=_MAX_TARGETS, help="of each world")
    parser.add_argument("--write", action="store_true", help="change the README")
    options = parser.parse_args()
    found: dict[str, Evaluation] = {}
    if options.deskdrop is not None:
        found["Deskdrop"] = _deskdrop(options.deskdrop)
    for name, world in WORLDS.items():
        found[f"simulated, {name}"] = _simulated(world, options.max_targets)
    figures = figures_table({name: evaluation.summary for name, evaluation in found.items()})
    gaps = gap_table({name: evaluation.ranks for name, evaluation in found.items()})
    parts = {"figures": f"{figures}\n\n{gaps}", "settings": settings_table()}
    for part, text in parts.items():
        print(text)
        if options.write:
            readme = README.read_text(encoding="utf-8")
            README.write_text(replace_part(readme, part, text), encoding="utf-8")


def figures_table(columns: dict[str, Summary]) -> str:
    """Return NDCG@10 by model and data set as Markdown, with the machine it was measured on."""
    models = [m for summary in columns.values() for m in summary.models]
    lines = [
        "NDCG@10 (95 % interval over employees)",
        "",
        "| model | " + " | ".join(columns) + " |",
        "|---|" + "---|" * len(columns),
    ]
    for model in dict.fromkeys(models):
        cells = [_cell(summary, model) for summary in columns.values()]
        lines.append(f"| {model} | " + " | ".join(cells) + " |")
    choices = ", ".join(f"{name} {s.overall.n_targets:,}" for name, s in columns.items())
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    lines += ["", f"Choices: {choices}. Seed {_SEED}; {machine}."]
    return "\n".join(lines)


def gap_table(ranks: dict[str, Ranks]) -> str:
    """Return, for data sets with a reference learner, what part of its lead the engine reaches.

    The lead is over the best of the simple baselines by NDCG@10; which one that is, is taken as
    given by the intervals.
    """
    lines = [
        f"| over the best baseline | {_REFERENCE} | recsys | share reached (95 % interval) |",
        "|---|---|---|---|",
    ]
    for name, found in ranks.items():
        if _REFERENCE in found.models:
            lines.append(_gap_row(name, found))
    return "\n".join(lines)


def _gap_row(name: str, ranks: Ranks) -> str:
    values = dict(zip(ranks.models, ndcg(ranks.rank, 10).T, strict=True))
    engine, reference = values.pop(EngineUnderTest.name), values.pop(_REFERENCE)
    baselines = {model: value for model, value in values.items() if model not in _CEILINGS}
    best = max(baselines, key=lambda model: float(baselines[model].mean()))
    gained, possible = engine - baselines[best], reference - baselines[best]
    share = cluster_ratio(gained, possible, ranks.targets.employee, np.random.default_rng(_SEED))
    reached = f"{share.value[0]:.2f} ({share.low[0]:.2f}–{share.high[0]:.2f})"
    means = f"{possible.mean():+.3f} | {gained.mean():+.3f}"
    return f"| {name}: {best} {baselines[best].mean():.3f} | {means} | {reached} |"


def settings_table() -> str:
    """Return the settings as Markdown."""
    lines = ["| variable | default | what |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.default
        if default == ():
            default = None
        if default is None or isinstance(default, bool):
            default = str(default).lower()
        lines.append(f"| `RECSYS_{name.upper()}` | `{default}` | {field.description} |")
    return "\n".join(lines)


def replace_part(readme: str, name: str, text: str) -> str:
    """Return the README with the generated part ``name`` replaced; it must be there."""
    pattern = re.compile(rf"(<!-- {name}: [^>]*-->\n).*?(<!-- /{name} -->)", re.DOTALL)
    replaced, n = pattern.subn(lambda found: f"{found[1]}{text}\n{found[2]}", readme)
    if n != 1:
        raise ValueError(f"the README has {n} parts named {name}; expected one")
    return replaced


def _cell(summary: Summary, model: str) -> str:
    estimates = summary.overall.estimates
    if estimates is None or model not in summary.models:
        return "–"
    row, column = summary.models.index(model), summary.metrics.index("ndcg@10")
    value = estimates.value[row, column]
    low, high = estimates.low[row, column], estimates.high[row, column]
    return f"{value:.3f} ({low:.3f}–{high:.3f})"


def _deskdrop(directory: Path) -> Evaluation:
    dataset = read_dataset(directory).dataset
    split, end = datetime(2016, 10, 1, tzinfo=UTC), datetime(2016, 12, 1, tzinfo=UTC)
    engine, data = _fitted(dataset, split)
    return _evaluated(engine, data, [], split, end, max_targets=None)


def _simulated(world: World, max_targets: int) -> Evaluation:
    with tempfile.TemporaryDirectory() as folder:
        places = Path(folder, "data"), Path(folder, "truth")
        simulate_company(Scenario(seed=_SEED, world=world), *places)
        simulated = open_simulated(*places)
    end = simulated.dataset["events"]["occurred_at"].max().to_pydatetime()
    split = end - timedelta(days=14)
    engine, data = _fitted(simulated.dataset, split)
    return _evaluated(
        engine, data, _yardsticks(simulated, data), split, end, max_targets=max_targets
    )


def _yardsticks(simulated: Simulated, data: EvaluationData) -> list[Scorer]:
    truth, dataset = simulated.truth, simulated.dataset
    return [
        ReferenceLearner(_REFERENCE, truth, data, dataset),
        *(
            TrueAppeal(name, truth, data, dataset, personal=personal)
            for name, personal in _CEILINGS.items()
        ),
    ]


def _fitted(dataset: Dataset, split: datetime) -> tuple[EngineUnderTest, EvaluationData]:
    engine = EngineUnderTest(Engine.fit(dataset, split, seed=_SEED), dataset)
    data = prepare(
        dataset,
        train_until=split,
        employees=engine.catalogue.employees.ids,
        contents=engine.catalogue.contents.ids,
    )
    return engine, data


def _evaluated(
    engine: EngineUnderTest,
    data: EvaluationData,
    yardsticks: list[Scorer],
    split: datetime,
    end: datetime,
    *,
    max_targets: int | None,
) -> Evaluation:
    return run_evaluation(
        data,
        engine,
        [engine, *yardsticks],
        train_until=split,
        until=end,
        seed=_SEED,
        max_targets=max_targets,
    )


if __name__ == "__main__":
    main()
