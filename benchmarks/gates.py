"""How often healthy challengers are refused, and by which check.

Run ``python -m benchmarks.gates`` for both tables, ``--draws N`` and ``--companies N`` for more or
less of them.

Fabricated: a champion and a challenger that are equally good for everybody rank choices of people
in ten departments; the checks of whom it serves are asked ``--draws`` times. By construction they
refuse in about 5 of 100. The same with a department that loses 0.10 NDCG@10 tells their power.

Walked: in simulated companies six rankers of one recipe and six seeds rank the last ten days, and
each pair is judged as challenger and champion, in both roles. They are equal but for luck, so every
refusal by a check is a false one; pairs of one company are not independent.
"""

import argparse
import os
import platform
import tempfile
from collections import Counter
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recsys.affinity.snapshots import SnapshotRecipe
from recsys.engine import Engine
from recsys.evaluation.data import prepare
from recsys.evaluation.engine import EngineUnderTest
from recsys.evaluation.metrics import ndcg
from recsys.evaluation.protocol import Ranks, Scorer, evaluate
from recsys.fitting import Recipe
from recsys.interactions import find_targets
from recsys.ranker.lambdarank import RankerRecipe, fit_ranker
from recsys.ranker.training_rows import Sampling, TrainingRows
from recsys.simulator.config import WORLDS, Scenario, WorldName
from recsys.simulator.simulation import simulate_company
from recsys.times import to_micros
from training.gate_checks import Check, Group, for_whom
from training.groups import slice_groups, style_groups
from training.leaks import held_back_ndcg
from training.material import Material, from_directory
from training.reliability import ScoreRecorder, check_calibration, outcomes

__all__ = ["fabricated", "walked"]

_RANKERS, _MAX_TARGETS = 6, 1_000
_RECIPE = Recipe(
    text_size=32,
    sampling=Sampling(max_targets=4_000),
    ranker=RankerRecipe(n_trees=80),
    snapshots=SnapshotRecipe(n_snapshots=2),
)
_COMPANIES: tuple[tuple[int, int, WorldName], ...] = (
    (300, 11, "strong"), (300, 12, "weak"), (500, 13, "strong"), (300, 14, "none"),
    (500, 15, "weak"), (300, 16, "strong"),
)  # fmt: skip


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1_000)
    parser.add_argument("--companies", type=int, default=3, help="at most 6")
    options = parser.parse_args()
    print("Fabricated: refused by slices or fairness\n\n| world | draws | refused |\n|---|---|---|")
    for label, ruined in (("equal everywhere", 0.0), ("one department of 30 loses 0.10", 0.1)):
        refused = fabricated(options.draws, ruined)
        print(f"| {label} | {options.draws} | {refused / options.draws:.1%} |")
    print(
        "\nWalked: pairs refused\n\n| people, world, seed | choices | pairs | slices | fairness | "
        "calibration | either | rows − test |\n|---|---|---|---|---|---|---|---|"
    )
    for people, seed, world in _COMPANIES[: options.companies]:
        with tempfile.TemporaryDirectory() as folder:
            scenario = Scenario(employees=people, days=42, seed=seed, world=WORLDS[world])
            simulate_company(scenario, Path(folder) / "data", Path(folder) / "truth")
            material = from_directory(Path(folder) / "data", until=None, test_days=10)
        n, pairs, found, gap = walked(material)
        cells = (f"{found[name]}" for name in ("slices", "fairness", "calibration", "either"))
        print(f"| {people}, {world}, {seed} | {n} | {pairs} | {' | '.join(cells)} | {gap:+.3f} |")
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"\nSeeds 0 to {_RANKERS - 1}; {machine}.")


def fabricated(draws: int, ruined: float) -> int:
    """Return how many of ``draws`` challengers are refused for whom they serve.

    300 people in ten departments and three work styles, two to eight choices each, about as hard
    for either model; ``ruined`` is what the first department loses in NDCG@10.
    """
    n_refused = 0
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        employee = np.repeat(np.arange(300, dtype=np.int32), rng.integers(2, 9, 300))
        department, style = employee % 10, employee % 3
        hard = rng.gamma(2.0, 4.0, len(employee)) * np.exp(rng.normal(0, 0.5, 300))[employee]
        own, champion = (
            np.ceil(hard * np.exp(rng.normal(0, 0.5, len(employee)))) for _ in range(2)
        )
        if ruined:
            lost = (department == 0) & (rng.random(len(employee)) < ruined / ndcg(own, 10).mean())
            own = np.where(lost, 100.0, own)
        slices = [Group(f"department {d}", department == d) for d in range(10)]
        slices += [
            Group("fresh", rng.random(len(employee)) < 0.5), Group("new", employee % 7 == 0)
        ]  # fmt: skip
        styles = [Group(f"style {s}", style == s) for s in range(3)]
        checks = for_whom(own, champion, employee, slices, styles, seed=draw)
        n_refused += any(check.passed is False for check in checks)
    return n_refused


def walked(material: Material) -> tuple[int, int, Counter[str], float]:
    """Return choices, pairs, pairs refused by check, and how much easier past rows are."""
    seen: list[TrainingRows] = []
    engine = Engine.fit(material.dataset, material.split, recipe=_RECIPE, inspect=seen.append)
    rows = seen[0]
    fitted = (fit_ranker(rows, recipe=_RECIPE.ranker, seed=seed) for seed in range(_RANKERS))
    rankers = [ranker for ranker in fitted if ranker is not None]
    scorers: list[Scorer] = [
        _Named(f"ranker {i}", Engine(replace(engine.model, ranker=r), engine.state, []))
        for i, r in enumerate(rankers)
    ]
    recorders = [ScoreRecorder(ranker, engine.scorer) for ranker in rankers]
    world = EngineUnderTest(engine, material.dataset)
    catalogue = world.catalogue
    data = prepare(
        material.dataset, train_until=material.split,
        employees=catalogue.employees.ids, contents=catalogue.contents.ids,
    )  # fmt: skip
    split = to_micros(material.split)
    targets = find_targets(data.log, split, to_micros(material.until)).evenly_spaced(_MAX_TARGETS)
    ranks = evaluate(targets, world, [*scorers, *recorders]).models_from(0, len(scorers))
    events = material.dataset["events"]
    log = catalogue.encode(events[events["occurred_at"] >= material.split])
    slices = slice_groups(ranks, data, catalogue, log)
    styles = style_groups(ranks.targets, catalogue, split)
    told = [outcomes(recorder, ranks, log) for recorder in recorders]
    found: Counter[str] = Counter()
    pairs = list(permutations(range(len(rankers)), 2))
    for own, champion in pairs:
        checks = [
            *_for_whom(ranks, own, champion, slices, styles),
            check_calibration(told[own], told[champion]),
        ]
        failed = [check.name for check in checks if check.passed is False]
        found.update(failed, either=bool(failed))
    past = held_back_ndcg(rows, _RECIPE.ranker, seed=0)
    gap = np.nan if past is None else past - float(ndcg(ranks.rank[:, 0], 10).mean())
    return len(ranks.targets), len(pairs), found, gap


def _for_whom(
    ranks: Ranks, own: int, champion: int, slices: list[Group], styles: list[Group]
) -> tuple[Check, Check]:
    rank = ranks.rank
    return for_whom(
        rank[:, own], rank[:, champion], ranks.targets.employee, slices, styles, seed=own
    )


class _Named:
    """An engine as one of several scorers."""

    def __init__(self, name: str, engine: Engine) -> None:
        self.name = name
        self._scorer = engine.scorer

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float64]:
        """Return the engine's scores."""
        return self._scorer.score(employee, candidates, at)


if __name__ == "__main__":
    main()
