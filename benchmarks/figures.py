"""The generated parts of the README: what the ranking is worth, and the table of settings.

Run ``python -m benchmarks.figures --deskdrop DIR`` to print them, with ``--write`` to put them into
the README. DIR is a canonical copy of the public Deskdrop log, trained until 2016-10-01 and tested
until 2016-12-01; it is left out where absent. The simulated companies have 1,500 people and are
tested on choices of the last two weeks. Takes about ten minutes on two cores.
"""

import argparse
import os
import platform
import re
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from recsys.dataset.dataset import Dataset
from recsys.dataset.reading import read_dataset
from recsys.engine import Engine
from recsys.evaluation.data import prepare
from recsys.evaluation.engine import EngineUnderTest
from recsys.evaluation.run import run_evaluation
from recsys.evaluation.summary import Summary
from recsys.settings import Settings
from recsys.simulator.config import WORLDS, Scenario, World
from recsys.simulator.simulation import simulate_company

__all__ = ["figures_table", "replace_part", "settings_table"]

README = Path(__file__).parents[1] / "README.md"
_MAX_TARGETS = 2_000  # of a simulated world; their NDCG@10 is known to about 0.02
_SEED = 1


def main() -> None:
    """Print the generated parts, or write them into the README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deskdrop", type=Path, help="folder with the canonical Deskdrop log")
    parser.add_argument("--write", action="store_true", help="change the README")
    options = parser.parse_args()
    columns: dict[str, Summary] = {}
    if options.deskdrop is not None:
        columns["Deskdrop"] = _deskdrop(options.deskdrop)
    for name, world in WORLDS.items():
        columns[f"simulated, {name}"] = _simulated(world)
    parts = {"figures": figures_table(columns), "settings": settings_table()}
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


def settings_table() -> str:
    """Return the settings as Markdown."""
    lines = ["| variable | default | what |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = str(field.default).lower() if isinstance(field.default, bool) else field.default
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


def _deskdrop(directory: Path) -> Summary:
    dataset = read_dataset(directory).dataset
    split, end = datetime(2016, 10, 1, tzinfo=UTC), datetime(2016, 12, 1, tzinfo=UTC)
    return _evaluated(dataset, split, end, max_targets=None)


def _simulated(world: World) -> Summary:
    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(seed=_SEED, world=world)
        simulate_company(scenario, Path(folder, "data"), Path(folder, "truth"))
        dataset = read_dataset(Path(folder, "data")).dataset
    end = dataset["events"]["occurred_at"].max().to_pydatetime()
    return _evaluated(dataset, end - timedelta(days=14), end, max_targets=_MAX_TARGETS)


def _evaluated(
    dataset: Dataset, split: datetime, end: datetime, *, max_targets: int | None
) -> Summary:
    engine = EngineUnderTest(Engine.fit(dataset, split, seed=_SEED), dataset)
    data = prepare(
        dataset,
        train_until=split,
        employees=engine.catalogue.employees.ids,
        contents=engine.catalogue.contents.ids,
    )
    return run_evaluation(
        data,
        engine,
        [engine],
        train_until=split,
        until=end,
        seed=_SEED,
        max_targets=max_targets,
    ).summary


if __name__ == "__main__":
    main()
