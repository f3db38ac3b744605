"""What the ranking is worth to people it has seen little of, and what their first reads add.

Run ``python -m benchmarks.newcomers`` for a simulated company of 1,500 people with strong tastes,
tested on its last two weeks, or name a data set with ``--data DIR --train-until T --until T2``.
Choices are told apart by how many contents the employee had read before; up to 1,000 of each kind
are ranked (``--max-targets``).

``know_nothing`` is the same engine asked about a twin of the employee: equal attributes and
preferences, not one event, the same candidates. What the engine has over it is what it learned from
that person's own behaviour; what the twin has over lists is what it knows of the company, the
moment and the groups. Intervals are 95 %, paired, over employees; bands of fewer than 10 people are
not shown. Where nobody's department is known, popular_in_department counts everybody.
"""

import argparse
import os
import platform
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recsys.dataset.dataset import Dataset
from recsys.dataset.reading import read_dataset
from recsys.engine import Engine
from recsys.evaluation.bootstrap import Estimates, cluster_bootstrap
from recsys.evaluation.data import EvaluationData, prepare
from recsys.evaluation.engine import EngineUnderTest
from recsys.evaluation.metrics import ndcg
from recsys.evaluation.protocol import Ranks, Scorer, evaluate
from recsys.evaluation.run import live_scorers
from recsys.evaluation.summary import SMALLEST_GROUP
from recsys.ids import UNKNOWN_INDEX
from recsys.interactions import Targets, find_targets
from recsys.simulator.config import WORLDS, Scenario
from recsys.simulator.simulation import simulate_company
from recsys.times import parse_instant, to_micros

__all__ = ["BANDS", "KnowNothing", "add_twins", "band_of", "newcomers_table"]

BANDS: dict[str, int] = {"0": 0, "1–2": 1, "3–5": 3, "6–20": 6, "more": 21}
"""Label → the least number of contents read before."""

_LISTS = ("popular_in_department", "popularity_1h")
_NOTHING = "know_nothing"
_PAIRS = (EngineUnderTest.name, _LISTS[0]), (EngineUnderTest.name, _NOTHING)
_MAX_TARGETS = 1_000  # of a band; with as many people its NDCG@10 is known to about 0.03
_SEED = 1
_TWIN = "\x1ftwin"  # no company writes the unit separator into an id


class KnowNothing:
    """Asks an engine about the twins of employees instead of the employees themselves."""

    name = _NOTHING

    def __init__(self, engine: Engine, twin: npt.NDArray[np.int32]) -> None:
        self._engine = engine
        self._twin = twin

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float64]:
        """Return the engine's scores for the twin of ``employee``."""
        return self._engine.scorer.score(int(self._twin[employee]), candidates, at)


@dataclass(frozen=True, slots=True)
class _Window:
    start: datetime
    end: datetime


def main() -> None:
    """Print one row per band."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with a canonical data set")
    parser.add_argument("--train-until", type=parse_instant, help="start of the test")
    parser.add_argument("--until", type=parse_instant, help="end of the test")
    parser.add_argument("--max-targets", type=int, default=_MAX_TARGETS, help="of each band")
    options = parser.parse_args()
    if options.data is None:
        dataset, window = _simulated()
    elif options.train_until is None or options.until is None:
        parser.error("--data needs --train-until and --until")
    else:
        dataset = read_dataset(options.data).dataset
        window = _Window(options.train_until, options.until)
    ranks = _ranked(dataset, window, options.max_targets)
    print(newcomers_table(ranks))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(
        f"\n{options.data or 'simulated, strong'}, {window.start:%F} to {window.end:%F}; "
        f"seed {_SEED}; {machine}."
    )


def newcomers_table(ranks: Ranks) -> str:
    """Return NDCG@10 by contents read before as Markdown, with paired differences."""
    differences = [f"{first} − {second} (95 %)" for first, second in _PAIRS]
    heads = ["read before", "choices", "people", *ranks.models, *differences]
    lines = ["NDCG@10", "", "| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    band = band_of(ranks.targets.n_contents_before)
    values = ndcg(ranks.rank, 10)
    for number, label in enumerate(BANDS):
        rows = band == number
        lines.append(_row(label, ranks.models, values[rows], ranks.targets.employee[rows]))
    return "\n".join(lines)


def band_of(n_before: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """Return the place in :data:`BANDS` of numbers of contents read before, same shape."""
    return np.searchsorted(list(BANDS.values()), n_before, side="right") - 1


def add_twins(engine: Engine, dataset: Dataset) -> npt.NDArray[np.int32]:
    """Give every employee a twin that has done nothing.

    Returns int32 indices of twins by index of the employee; −1, the index of somebody unknown, for
    employees without attributes.
    """
    ids = engine.state.catalogue.employees.ids
    known = list(dict.fromkeys(dataset["employees"]["employee_id"]))
    for table, upsert in (
        ("employees", engine.upsert_employees),
        ("preferences", engine.upsert_preferences),
    ):
        frame = dataset[table]
        upsert(frame.assign(employee_id=frame["employee_id"] + _TWIN))
    twin = np.full(len(ids), UNKNOWN_INDEX, np.int32)
    twin[[ids.index(name) for name in known]] = [ids.index(name + _TWIN) for name in known]
    return twin


def _row(
    label: str,
    models: tuple[str, ...],
    values: npt.NDArray[np.float64],
    employee: npt.NDArray[np.int32],
) -> str:
    cells = [label, f"{len(values):,}", f"{len(np.unique(employee)):,}"]
    if len(np.unique(employee)) < SMALLEST_GROUP:
        return "| " + " | ".join(cells + ["–"] * (len(models) + len(_PAIRS))) + " |"
    cells += [f"{mean:.3f}" for mean in values.mean(axis=0)]
    column = {name: values[:, i] for i, name in enumerate(models)}
    differences = np.stack([column[first] - column[second] for first, second in _PAIRS], axis=1)
    found = cluster_bootstrap(differences, employee, np.random.default_rng(_SEED))
    return "| " + " | ".join(cells + [_interval(found, i) for i in range(len(_PAIRS))]) + " |"


def _interval(found: Estimates, i: int) -> str:
    return f"{found.value[i]:+.3f} ({found.low[i]:+.3f} to {found.high[i]:+.3f})"


def _simulated() -> tuple[Dataset, _Window]:
    with tempfile.TemporaryDirectory() as folder:
        places = Path(folder, "data"), Path(folder, "truth")
        simulate_company(Scenario(seed=_SEED, world=WORLDS["strong"]), *places)
        dataset = read_dataset(places[0]).dataset
    end = dataset["events"]["occurred_at"].max().to_pydatetime()
    return dataset, _Window(end - timedelta(days=14), end)


def _ranked(dataset: Dataset, window: _Window, max_targets: int) -> Ranks:
    engine = Engine.fit(dataset, window.start, seed=_SEED)
    tested = EngineUnderTest(engine, dataset)
    catalogue = engine.state.catalogue
    data = prepare(
        dataset,
        train_until=window.start,
        employees=catalogue.employees.ids,
        contents=catalogue.contents.ids,
    )
    twin = add_twins(engine, dataset)  # last, so that everybody in the log has an index
    lists = [scorer for scorer in live_scorers(data) if scorer.name in _LISTS]
    scorers: list[Scorer] = [tested, KnowNothing(engine, twin), *lists]
    return evaluate(_some_of_each_band(data, window, max_targets), tested, scorers)


def _some_of_each_band(data: EvaluationData, window: _Window, max_targets: int) -> Targets:
    """Return at most ``max_targets`` targets of each band, evenly spaced over the window."""
    targets = find_targets(data.log, to_micros(window.start), to_micros(window.end))
    band = band_of(targets.n_contents_before)
    chosen = np.zeros(len(targets), np.bool_)
    for number in range(len(BANDS)):
        places = np.flatnonzero(band == number)
        n = min(max_targets, len(places))
        chosen[places[np.arange(n) * len(places) // max(n, 1)]] = True
    return targets.take(chosen)


if __name__ == "__main__":
    main()
