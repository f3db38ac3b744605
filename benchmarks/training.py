"""How long the default recipe learns, and in how much memory, beside the libraries it builds on.

Run ``python -m benchmarks.training``; ``--small`` takes a company of 200 people. Simulates the
default company (about one million events), then fits on all of it: the engine with the default
recipe, LightFM's own ``fit`` on bare ids (WARP, 32 factors, 10 epochs) and ALS of ``implicit`` (32
factors, 15 iterations), both on the pairs of employee and content that the engine learns from, both
in one thread. Each runs in a process of its own. A fit should take less than 4 minutes and 4 GiB.
"""

import argparse
import os
import platform
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import numpy as np
import scipy.sparse as sp

from benchmarks.own_process import in_own_process, peak_gib
from recsys.affinity.als import AlsConfig, fit_als
from recsys.affinity.batch import NotFitted, interaction_matrix
from recsys.affinity.lightfm_import import import_lightfm
from recsys.affinity.lightfm_probe import lightfm_status
from recsys.dataset.reading import read_dataset
from recsys.engine import Engine
from recsys.evaluation.data import prepare
from recsys.interactions import first_interactions
from recsys.simulator.config import Scenario
from recsys.simulator.simulation import simulate_company

__all__ = ["Steps"]

_SEED = 1
_FACTORS = 32
_LIGHTFM_EPOCHS, _ALS_ITERATIONS = 10, 15
_BEFORE, _AFTER = "log, text, first factors", "ranker"


@dataclass(slots=True)
class Steps:
    """Seconds by step of a fit, from the moments at which it reports progress.

    A step ends with its last report. The first report comes when the first factors are fitted; what
    follows the last one is the ranker.
    """

    began: float
    ended: dict[str, float] = field(default_factory=dict)

    def report(self, step: str, done: int, at: float) -> None:
        """Take down that a step has come this far."""
        self.ended[step if self.ended or done > 1 else _BEFORE] = at

    def seconds(self, end: float) -> dict[str, float]:
        """Return the seconds of every step, in order; ``end`` is when the fit returned."""
        ends = self.ended | {_AFTER: end}
        starts = [self.began, *self.ended.values()]
        return {name: at - start for (name, at), start in zip(ends.items(), starts, strict=True)}


@dataclass(frozen=True, slots=True)
class _Fit:
    seconds: float
    peak_gib: float
    steps: dict[str, float] = field(default_factory=dict)


def main() -> None:
    """Print one line per fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="200 people instead of 1,500")
    scenario = Scenario(employees=200, days=30) if parser.parse_args().small else Scenario()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        n_events, n_pairs = in_own_process(_prepare, scenario, folder)
        print(
            f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
            f"seed {_SEED}; {n_events:,} events, {n_pairs:,} pairs"
        )
        found = in_own_process(_fit_engine, folder)
        _show("Engine.fit (target < 240 s, < 4 GiB)", found)
        for step, seconds in found.steps.items():
            print(f"  {step:<38} {seconds:8.1f} s")
        _show(f"  peer: LightFM, {_LIGHTFM_EPOCHS} epochs", in_own_process(_fit_lightfm, folder))
        _show(f"  peer: ALS, {_ALS_ITERATIONS} iterations", in_own_process(_fit_als, folder))


def _show(label: str, found: _Fit | str) -> None:
    if isinstance(found, str):
        print(f"{label:<40} not run: {found}", flush=True)
    else:
        print(f"{label:<40} {found.seconds:8.1f} s {found.peak_gib:6.2f} GiB peak", flush=True)


def _prepare(scenario: Scenario, folder: Path) -> tuple[int, int]:
    """Simulate, and write the first interactions as a matrix for the peers."""
    simulate_company(scenario, folder / "data", folder / "truth")
    dataset = read_dataset(folder / "data").dataset
    end = dataset["events"]["occurred_at"].max().to_pydatetime()
    data = prepare(dataset, train_until=end)
    pairs = first_interactions(data.log)
    shape = len(data.employees), len(data.contents)
    matrix = interaction_matrix(pairs.employee, pairs.content, shape)
    sp.save_npz(_matrix_file(folder), sp.csr_matrix(matrix))
    return len(dataset["events"]), matrix.nnz


def _matrix_file(folder: Path) -> Path:
    return folder / "pairs.npz"


def _fit_engine(folder: Path) -> _Fit:
    dataset = read_dataset(folder / "data").dataset
    until = dataset["events"]["occurred_at"].max().to_pydatetime() + timedelta(microseconds=1)
    steps = Steps(perf_counter())
    Engine.fit(
        dataset,
        until,
        seed=_SEED,
        progress=lambda step, done, _total: steps.report(step, done, perf_counter()),
    )
    end = perf_counter()
    return _Fit(end - steps.began, peak_gib(), steps.seconds(end))


def _fit_lightfm(folder: Path) -> _Fit | str:
    status = lightfm_status()
    if not status.usable:
        return status.reason or "lightfm cannot be used"
    pairs = sp.load_npz(_matrix_file(folder)).tocoo()
    model = import_lightfm().LightFM(no_components=_FACTORS, loss="warp", random_state=_SEED)
    began = perf_counter()
    model.fit(pairs, epochs=_LIGHTFM_EPOCHS, num_threads=1)
    return _Fit(perf_counter() - began, peak_gib())


def _fit_als(folder: Path) -> _Fit | str:
    pairs = sp.csr_array(sp.load_npz(_matrix_file(folder)), dtype=np.float32)
    config = AlsConfig(n_factors=_FACTORS, n_iterations=_ALS_ITERATIONS)
    began = perf_counter()
    found = fit_als(pairs, config=config, seed=_SEED)
    seconds = perf_counter() - began
    return found.reason if isinstance(found, NotFitted) else _Fit(seconds, peak_gib())


if __name__ == "__main__":
    main()
