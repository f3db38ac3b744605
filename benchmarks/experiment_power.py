"""Whether tests find what the planner promised they would.

Run ``python -m benchmarks.experiment_power``; ``--runs`` sets the number of simulated experiments a
line (2,000). For every design the planner tells the smallest effect that is found with a power of
80 %; experiments with just that effect are simulated and analysed with ``experiments.analyze``, and
the line says how many found it, in per cent with twice the standard error, and by how many points
the promise was missed. The planner knows mean size, variation of sizes and ICC of the teams, as it
would from a history; every simulated company has teams of its own.
"""

import argparse
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from time import perf_counter
from typing import Literal

from benchmarks.experiment_worlds import World, errors
from experiments.sizing.formulas import Clusters, Outcome, Promise, detectable_effect

__all__ = ["PROMISE", "Line", "kept", "planned_worlds", "promised"]

PROMISE = Promise(alpha=0.05, power=0.8)
_SEED = 11

PEOPLE = (200, 1_000)
TEAMS = (10, 20, 40, 100, 150)
ICCS = (0.0, 0.02, 0.1)
SIZE_CVS = (0.3, 0.8)
KINDS: tuple[Literal["mean", "proportion"], ...] = ("mean", "proportion")


@dataclass(frozen=True)
class Line:
    """One design: what was planned, and how often it was found."""

    world: World
    found_share: float
    n_runs: int

    @property
    def error(self) -> float:
        """Twice the standard error of the share."""
        return float(2 * (self.found_share * (1 - self.found_share) / self.n_runs) ** 0.5)


def main() -> None:
    """Print one line per design, and the worst miss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2_000, help="experiments a line")
    runs = parser.parse_args().runs
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{runs:,} experiments a line, seed {_SEED}; {machine}\n")
    print(f"{'design':<46} {'effect':>7} {'found':>13} {'miss':>6}")
    start, misses = perf_counter(), []
    for world in planned_worlds():
        line = kept(world, runs)
        misses.append(line.found_share - PROMISE.power)
        found = f"{100 * line.found_share:.1f} ± {100 * line.error:.1f}"
        print(f"{world.name:<46} {world.effect:>7.3f} {found:>13} {100 * misses[-1]:>+6.1f}")
    worst = max(misses, key=abs)
    print(f"\nworst miss {100 * worst:+.1f} points; {perf_counter() - start:.0f} s")


def planned_worlds() -> Iterator[World]:
    """Yield worlds whose effect is the smallest that the planner promises to find."""
    for kind, n in product(KINDS, PEOPLE):
        yield promised(World(f"{n} people, {kind}", n_people=n, kind=kind))
    for kind, n, icc, cv in product(KINDS, TEAMS, ICCS, SIZE_CVS):
        name = f"{n} teams, ICC {icc:g}, size CV {cv:g}, {kind}"
        yield promised(World(name, n_teams=n, size_cv=cv, icc=icc, kind=kind))


def promised(world: World) -> World:
    """Return the world with the effect that the planner says is just found."""
    outcome = Outcome(0.3) if world.kind == "proportion" else Outcome(0.0, 1.0)
    clusters, n = None, world.n_people
    if world.n_teams is not None:
        clusters, n = Clusters(world.team_size, world.icc, world.size_cv), world.n_teams
    effect = detectable_effect(outcome, n // 2, PROMISE, clusters)
    if effect is None:
        raise ValueError(f"{world.name} finds nothing; plan with more teams")
    return replace(world, effect=effect)


def kept(world: World, n_runs: int, per_roster: int = 10) -> Line:
    """Return how often the effect of ``world`` is found."""
    found = errors(world, n_runs, per_roster, _SEED)
    return Line(world, found.rejected_share, found.n_runs)


if __name__ == "__main__":
    main()
