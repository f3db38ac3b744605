"""What an incremental night costs, and how far its model is from that of a full run.

Run ``python -m benchmarks.nightly``; ``--small`` takes a company of 120 people. A company is
simulated (by default about one million events). A full run ends five days before its log does; a
day later one incremental run builds on it and two full runs do not, one of them with another seed.
Each runs in a process of its own, from reading the data to the registered model; printed are
seconds by step, on the clock and of processor time, which other work on the machine disturbs less.

The three models then rank the choices of the last four days, which none of them knows. The
incremental model counts as equal to the full one if it is no further from it than twice the
distance between the two full models: a full run decides by its seed which candidates stand beside a
choice and in which order trees try features, and nobody prefers one seed to another.
"""

import argparse
import os
import platform
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from scipy.stats import spearmanr

from benchmarks.own_process import in_own_process, peak_gib
from recsys.dataset.dataset import Dataset
from recsys.dataset.reading import read_dataset
from recsys.engine import Engine
from recsys.evaluation.engine import EngineUnderTest
from recsys.evaluation.metrics import mean_rank, ndcg
from recsys.fitting import Recipe
from recsys.logs import configure_logging
from recsys.model import Model
from recsys.ranker.lambdarank import RankerRecipe
from recsys.ranker.training_rows import Sampling
from recsys.registry import version_directory
from recsys.scoring import LiveScorer
from recsys.simulator.config import Scenario
from recsys.simulator.simulation import simulate_company
from recsys.times import to_micros
from training.history import History
from training.material import Material, from_directory
from training.pipeline import Plan, train

__all__ = ["SMALL", "Likeness", "likeness", "night"]

_SEED, _TEST_DAYS = 1, 14
_DAY = timedelta(days=1)
_MAX_TARGETS = 600
"""Choices that the models rank; differences of NDCG@10 are known to about 0.01."""
_N_BELIEFS = 100

SMALL = Recipe(
    text_size=16,
    sampling=Sampling(max_targets=1_500),
    ranker=RankerRecipe(n_trees=40, min_rows_in_leaf=20),
)
"""For companies of a hundred people."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two models rank; all over the same choices, which neither has learned from."""

    n_choices: int
    ndcg_difference: float
    """NDCG@10 of the second minus that of the first."""
    ndcg_error: float
    """Standard error of the difference."""
    rank_correlation: float
    """Spearman's, of the scores of all candidates of a choice; mean over choices."""
    top_ten: float
    """Share of the first's ten best that are among the second's; mean over choices."""
    belief_difference: float
    """Largest difference of a probability to complete, over employees and formats."""

    def __str__(self) -> str:
        return (
            f"NDCG@10 {self.ndcg_difference:+.4f} (± {self.ndcg_error:.4f}, {self.n_choices} "
            f"choices), rank correlation {self.rank_correlation:.3f}, of the ten best "
            f"{self.top_ten:.1%} the same, format beliefs apart by at most "
            f"{self.belief_difference:.4f}"
        )

    def is_within(self, yardstick: "Likeness", factor: float = 2.0) -> bool:
        """Return whether these two are no further apart than ``factor`` times another two.

        NDCG@10 may in any case differ by two standard errors: so much is chance.
        """
        ndcg_allowed = max(factor * abs(yardstick.ndcg_difference), 2.0 * self.ndcg_error)
        return (
            abs(self.ndcg_difference) <= ndcg_allowed
            and 1.0 - self.rank_correlation <= factor * (1.0 - yardstick.rank_correlation)
            and 1.0 - self.top_ten <= factor * (1.0 - yardstick.top_ten)
            and self.belief_difference <= 0.005  # one in two hundred: nobody is shown it
        )


@dataclass(frozen=True, slots=True)
class Night:
    """What one training run took."""

    model_version: str
    is_incremental: bool
    full_because: str | None
    wall: dict[str, float]
    """Seconds on the clock by step."""
    processor: dict[str, float]
    """Seconds of processor time by step, all threads together."""
    peak_gib: float


def night(
    folder: Path, models_dir: Path, recipe: Recipe, until: datetime, *, seed: int = _SEED,
    incremental: bool = False, test_days: int = _TEST_DAYS,
) -> Night:  # fmt: skip
    """Train once, from the files of a data set to the registered model."""
    configure_logging("warning")  # the steps are in the answer
    wall, processor = {"read": perf_counter()}, {"read": process_time()}
    material = from_directory(folder, until=until, test_days=test_days)
    for clock, now in ((wall, perf_counter()), (processor, process_time())):
        clock["read"] = now - clock["read"]

    def follow(step: str, done: int, total: int) -> None:
        if total != 1:
            return
        for clock, now in ((wall, perf_counter()), (processor, process_time())):
            clock[step] = now - clock[step] if done else now

    plan = Plan(material, recipe, models_dir, seed, incremental=incremental)
    outcome = train(plan, at=datetime.now(UTC), progress=follow)
    steps = ["read", *outcome.seconds]
    return Night(
        outcome.model.version, outcome.is_incremental, outcome.full_because,
        {step: wall[step] for step in steps}, {step: processor[step] for step in steps},
        peak_gib(),
    )  # fmt: skip


def likeness(dataset: Dataset, first: Model, second: Model, until: datetime) -> Likeness:
    """Compare two models of one moment on what was chosen between it and ``until``."""
    split = first.trained_until
    events = dataset["events"]
    history = History.of(Material(dataset, events["occurred_at"].min(), split, until))
    state = history.state(log=history.before_split)
    state.advance(to_micros(split))
    engines = [Engine(model, state, [history.before_split]) for model in (first, second)]
    beliefs = _beliefs(engines)
    world = EngineUnderTest(engines[0], dataset)
    scorers = [LiveScorer(model, state) for model in (first, second)]
    found = [_ranked(scorers, world, *target) for target in zip(*_targets(history), strict=True)]
    gains, alike, same = (np.array(column) for column in zip(*filter(None, found), strict=True))
    difference = gains[:, 1] - gains[:, 0]
    error = float(difference.std() / np.sqrt(len(difference)))
    return Likeness(
        len(difference), float(difference.mean()), error, float(alike.mean()), float(same.mean()),
        beliefs,
    )  # fmt: skip


def _targets(history: History) -> tuple[list[int], list[int], list[int]]:
    start, end = to_micros(history.split), to_micros(history.until)
    times = history.choices.targets.occurred_at
    chosen = history.choices.targets.take((times >= start) & (times < end))
    chosen = chosen.evenly_spaced(_MAX_TARGETS)
    return chosen.employee.tolist(), chosen.content.tolist(), chosen.occurred_at.tolist()


def _ranked(
    scorers: list[LiveScorer], world: EngineUnderTest, employee: int, content: int, at: int
) -> tuple[list[float], float, float] | None:
    """Return NDCG@10 of both, rank correlation and common share of the ten best."""
    world.advance(at)
    candidates = world.candidates(employee, at)
    chosen = np.flatnonzero(candidates == content)
    if len(chosen) != 1 or len(candidates) < 20:
        return None
    first, second = (scorer.score(employee, candidates, at) for scorer in scorers)
    ranks = np.array([mean_rank(scores, int(chosen[0])) for scores in (first, second)])
    best = [set(np.argsort(-scores, kind="stable")[:10].tolist()) for scores in (first, second)]
    return ndcg(ranks, 10).tolist(), spearmanr(first, second).statistic, len(best[0] & best[1]) / 10


def _beliefs(engines: list[Engine]) -> float:
    ids, at = engines[0].state.catalogue.employees.ids.ids, engines[0].now
    found = []
    for engine in engines:
        told = [engine.formats(employee, at).formats for employee in list(ids)[:_N_BELIEFS]]
        found.append(np.array([[b.p_complete for b in formats.values()] for formats in told]))
    return float(np.abs(found[0] - found[1]).max())


def main() -> None:
    """Print seconds by step of every run, and how far apart their models are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="120 people instead of 1,500")
    is_small = parser.parse_args().small
    scenario = Scenario(employees=120, days=45, seed=_SEED) if is_small else Scenario(seed=_SEED)
    recipe = SMALL if is_small else Recipe()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        n_events, end = in_own_process(_simulate, scenario, folder)
        print(
            f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
            f"seed {_SEED}; {n_events:,} events", flush=True,
        )  # fmt: skip
        first, then = end - 5 * _DAY, end - 4 * _DAY
        data, nightly = folder / "data", folder / "nightly"
        _show("full run, the night before", in_own_process(night, data, nightly, recipe, first))
        added = in_own_process(night, data, nightly, recipe, then, incremental=True)
        _show("incremental run, one more day (target < 90 s)", added)
        full = in_own_process(night, data, folder / "full", recipe, then)
        _show("full run, the same day", full)
        other = in_own_process(night, data, folder / "other", recipe, then, seed=_SEED + 1)
        _show("full run, another seed", other)
        versions = {"nightly": added, "full": full, "other": other}
        apart, yardstick = in_own_process(_compare, folder, versions, end)
        print(f"incremental and full: {apart}")
        print(f"full and full with another seed: {yardstick}")
        print(f"equal within twice the distance of two seeds: {apart.is_within(yardstick)}")


def _simulate(scenario: Scenario, folder: Path) -> tuple[int, datetime]:
    simulate_company(scenario, folder / "data", folder / "truth", file_format="parquet")
    events = read_dataset(folder / "data").dataset["events"]
    last: datetime = events["occurred_at"].max().to_pydatetime()
    return len(events), last + timedelta(microseconds=1)


def _compare(folder: Path, nights: dict[str, Night], end: datetime) -> tuple[Likeness, Likeness]:
    dataset = read_dataset(folder / "data").dataset
    nightly, full, other = (
        Model.read(version_directory(folder / name, found.model_version))
        for name, found in nights.items()
    )
    return likeness(dataset, full, nightly, end), likeness(dataset, full, other, end)


def _show(label: str, found: Night) -> None:
    because = f"; full because {found.full_because}" if found.full_because else ""
    print(
        f"{label}: {sum(found.wall.values()):.1f} s, processor {sum(found.processor.values()):.1f} "
        f"s, {found.peak_gib:.2f} GiB peak{because}"
    )
    for step, seconds in found.wall.items():
        print(
            f"  {step:<12} {seconds:8.1f} s  processor {found.processor[step]:8.1f} s", flush=True
        )


if __name__ == "__main__":
    main()
