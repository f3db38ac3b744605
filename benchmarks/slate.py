"""What slate policies are worth where people answer: a living company, not a replayed log.

Run ``python -m benchmarks.slate``. In each world a simulated company lives some weeks under the old
portal, an engine learns from that, and then every policy serves the same company for two weeks from
the same moment, with the same visits and common random numbers
(:mod:`recsys.simulator.living`). Printed are levels, and changes against pure ranking with paired
95 % intervals over employees; :mod:`recsys.simulator.lived_measures` and
:mod:`benchmarks.slate_must_reads` define every figure. ``pure`` shows the ranking as it is,
``default`` the engine's own settings; more in :mod:`benchmarks.slate_policies`.

``--sweep FAMILY`` lets a family of policies run at five strengths and prints relevance against
breadth, ``--plot FILE.svg`` draws it. ``--settled-share 0.5`` makes interest lasting: who did not
open at first sight then hardly opens later. ``--quick`` is a small company, to see that all works.
The defaults take about ten minutes on two cores.
"""

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from benchmarks.own_process import in_own_process
from benchmarks.slate_plot import draw_curve
from benchmarks.slate_policies import FAMILIES, policy_named
from benchmarks.slate_results import BASELINE, Result, as_json, results_of
from benchmarks.slate_tables import curve_table, result_tables
from benchmarks.slate_worlds import Plan, live, train
from recsys.affinity.snapshots import SnapshotRecipe
from recsys.fitting import Recipe
from recsys.ranker.lambdarank import RankerRecipe
from recsys.ranker.training_rows import Sampling
from recsys.simulator.config import WORLDS
from recsys.simulator.ground import ground_of
from training.recipe import read_recipe

__all__ = ["QUICK", "QUICK_RECIPE", "STRENGTHS", "measure"]

STRENGTHS = (0.0, 0.25, 0.5, 1.0, 2.0)
"""Of a sweep, as multiples of the default."""

QUICK = Plan("strong", employees=60, trained_days=10, lived_days=4)
QUICK_RECIPE = Recipe(
    text_size=16,
    sampling=Sampling(max_targets=300),
    ranker=RankerRecipe(n_trees=10),
    snapshots=SnapshotRecipe(n_snapshots=1),
)
_RECIPE = Path(__file__).parents[1] / "models" / "recipes" / "quick.toml"
_PROCESSES = 2
"""One for each core of a small machine; a run takes about 1 GiB."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what is measured for every world and seed."""
    options = _options(arguments)
    sweep = [f"{options.sweep}@{strength:g}" for strength in STRENGTHS] if options.sweep else []
    policies = list(dict.fromkeys([BASELINE, *options.policies, *sweep]))
    if not options.json:
        print(
            f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; "
            f"recipe {'of its own' if options.quick else _RECIPE.name}"
        )
    results = []
    for plan in _plans(options):
        if options.quick:
            result = measure(plan, policies, QUICK_RECIPE, n_processes=0)
        else:
            result = measure(plan, policies, read_recipe(_RECIPE), n_processes=_PROCESSES)
        results.append(result)
        if not options.json:
            print(*result_tables(result), sep="\n", flush=True)
            if sweep:
                print(*curve_table(result, sweep), sep="\n", flush=True)
    if options.json:
        print(json.dumps([as_json(result) for result in results], allow_nan=False))
    if options.plot is not None:
        draw_curve(results, sweep, options.plot)


def measure(plan: Plan, policies: list[str], recipe: Recipe, *, n_processes: int) -> Result:
    """Train once, let every policy live, and compare.

    Up to ``n_processes`` policies live at a time, in processes of their own; with 0 everything
    happens in this one, which is quicker where there is little to do.
    """
    for policy in policies:
        policy_named(policy)  # a misspelt one stops here, not after the training
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder, "bundle")
        if n_processes == 0:
            trained = train(plan, bundle, Path(folder), recipe)
            lived = [live(plan, bundle, policy) for policy in policies]
        else:
            trained = in_own_process(train, plan, bundle, Path(folder), recipe)
            n = len(policies)
            with ProcessPoolExecutor(n_processes, mp_context=get_context("spawn")) as pool:
                lived = list(pool.map(live, [plan] * n, [bundle] * n, policies))
    return results_of(plan, trained, ground_of(plan.scenario, plan.begins, plan.ends), lived)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", nargs="+", choices=list(WORLDS), default=list(WORLDS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--employees", type=int, default=400)
    parser.add_argument("--trained-days", type=int, default=45)
    parser.add_argument("--lived-days", type=int, default=14)
    parser.add_argument("--policies", nargs="+", default=["default"], metavar="NAME")
    parser.add_argument("--sweep", choices=list(FAMILIES), help="a family at five strengths")
    parser.add_argument("--settled-share", type=float, default=0.0)
    parser.add_argument("--plot", type=Path, help="picture of the sweep, .svg or .png")
    parser.add_argument("--json", action="store_true", help="one JSON list of results")
    parser.add_argument("--quick", action="store_true", help="a small company in one world")
    options = parser.parse_args(arguments)
    if options.plot is not None and options.sweep is None:
        parser.error("--plot draws the curve of a --sweep; name one")
    return options


def _plans(options: argparse.Namespace) -> list[Plan]:
    if options.quick:
        return [replace(QUICK, seed=options.seeds[0], settled_share=options.settled_share)]
    return [
        Plan(
            world, seed, options.employees, options.trained_days, options.lived_days,
            options.settled_share,
        )
        for world in options.worlds
        for seed in options.seeds
    ]  # fmt: skip


if __name__ == "__main__":
    main()
