"""How well format tastes are found in made-up companies whose tastes are known.

Run ``python -m benchmarks.formats``; it takes about three minutes on one core. The simulator's
worlds and others made by generators of other forms (:mod:`benchmarks.format_worlds`); of people
with at least 30 impressions:

- how much the format believed best falls short of the truly best one in P(completed | impression)
  (regret), and how often it is the best one (accuracy), by raw personal rates (contents completed /
  shown), the rates of the department, the model, and an oracle that knows the generating hierarchy
  and everything else about every impression; and what share of the gap between raw rates and oracle
  the model closes: the mean over seeds, and in brackets that of all people with its 95 % interval;
- how often 90 % intervals hold the truth, also of people with 120 impressions or more; calibration
  error and mean bias of ``p_complete``; the share with a best format; the time of an answer about
  somebody never asked about before, and about the same person again;
- what choosing renditions by the engine's probabilities completes, beside blind choice, Thompson
  sampling from the same posterior and an oracle that knows the tastes; and whether choices are
  drawn by the propensities that they state (χ²);
- what is found of people whose tastes turned round 40 impressions ago.

With ``--million`` also how long it takes to fit a million events.
"""

import argparse
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import get_args

import numpy as np

from benchmarks.format_companies import simulated_world
from benchmarks.format_measures import FittedWorld, after_flips, measure
from benchmarks.format_policy import choices_p_value, policy_values
from benchmarks.format_tables import Found, broken_promises, tables
from benchmarks.format_truth import World
from benchmarks.format_worlds import KINDS, planted_world
from recsys.catalogue.catalogue import Catalogue
from recsys.dataset.reading import read_dataset
from recsys.fitting import learnable
from recsys.formats.taste_fitting import fit_tastes
from recsys.simulator.config import WORLDS, Scenario, WorldName
from recsys.simulator.simulation import simulate_company

__all__: list[str] = []

_SIMULATED: tuple[WorldName, ...] = get_args(WorldName)
_MILLION = Scenario(employees=1_500, days=130, world=WORLDS["strong"])


def main() -> None:
    """Print what is measured where, then the tables and which promises are broken."""
    options = _options()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}; companies of {options.employees} people over 60 days")
    measure(FittedWorld.of(planted_world("plain", 0, 30)))  # compiles the kernels, untimed
    found = [_found(name, options.seeds, options.employees) for name in options.worlds]
    print("\n".join(tables(found)))
    broken = [promise for world in found for promise in broken_promises(world)]
    print("\nbroken promises:", *(broken or ["none"]), sep="\n  ")
    if options.million:
        _print_fit_of_a_million()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [*_SIMULATED, *KINDS]
    parser.add_argument("--employees", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--worlds", nargs="+", choices=names, default=names, metavar="WORLD")
    parser.add_argument("--million", action="store_true", help="also fit a million events")
    return parser.parse_args()


def _found(name: str, seeds: list[int], n_employees: int) -> Found:
    found = Found(name)
    for seed in seeds:
        fitted = FittedWorld.of(_world(name, seed, n_employees))
        print(f"{name}, seed {seed}: {len(fitted.events):,} events", flush=True)
        rng = np.random.default_rng(seed)
        found.seeds.append(seed)
        found.measured.append(measure(fitted))
        found.policies.append(policy_values(fitted, rng))
        found.p_values.append(choices_p_value(fitted, rng))
        found.fit_seconds.append(fitted.fit_seconds)
        if name == "flips":
            found.flips.append(after_flips(fitted, found.measured[-1]))
    return found


def _world(name: str, seed: int, n_employees: int) -> World:
    for simulated in _SIMULATED:
        if simulated == name:
            return simulated_world(simulated, seed, n_employees)
    return planted_world(name, seed, n_employees)


def _print_fit_of_a_million() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        simulate_company(_MILLION, data, Path(folder, "truth"))
        dataset = read_dataset(data).dataset
    catalogue = Catalogue.of(dataset)
    events = learnable(catalogue.encode(dataset["events"]), catalogue)
    began = time.perf_counter()
    fit_tastes(events, catalogue)
    seconds = time.perf_counter() - began
    print(f"\nfitted {len(events):,} events, seed {_MILLION.seed}, in {seconds:.1f} s")


if __name__ == "__main__":
    main()
