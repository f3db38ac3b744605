"""How fast the simulator is and how much memory it takes.

Run ``python -m benchmarks.simulate`` for the default company in both file formats, with
``--large`` for ten million events. The first run compiles the kernels; it is timed apart.
"""

import argparse
import platform
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.own_process import peak_gib
from recsys.simulator.config import Scenario
from recsys.simulator.simulation import simulate_company
from recsys.simulator.writing import FileFormat

LARGE = Scenario(employees=15_000, days=130)
"""About ten million events."""


def _time(label: str, scenario: Scenario, file_format: FileFormat) -> None:
    with tempfile.TemporaryDirectory() as folder:
        began = perf_counter()
        run = simulate_company(
            scenario, Path(folder) / "data", Path(folder) / "truth", file_format=file_format
        )
        seconds = perf_counter() - began
    print(
        f"{label:<20} {run.n_events:>11,} events {seconds:8.1f} s "
        f"{run.n_events / seconds:>10,.0f} events/s   peak {peak_gib():.2f} GiB so far"
    )


def main() -> None:
    """Print one line per run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="also simulate ten million events")
    large = parser.parse_args().large
    print(f"{platform.machine()}, Python {platform.python_version()}, seed {Scenario().seed}")
    _time("first run, compiles", Scenario(employees=30, days=7), "parquet")
    _time("default, Parquet", Scenario(), "parquet")
    _time("default, CSV", Scenario(), "csv")
    if large:
        _time("large, Parquet", LARGE, "parquet")


if __name__ == "__main__":
    main()
