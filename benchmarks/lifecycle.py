"""A company's way through the system, each step a process of its own: seconds and peak memory.

Run ``python -m benchmarks.lifecycle``; ``--small`` takes a company of 200 people. Simulates ten
million events, then imports and trains on the default company (about one million events). Beside
the import stands what a plain ``DataFrame.to_sql`` of the same events takes, without checking,
identity or change log.
"""

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path
from time import perf_counter

_TO_SQL = """
import sys, pandas as pd, sqlalchemy as sa
events = pd.read_parquet(sys.argv[1])
events.to_sql("events", sa.create_engine(sys.argv[2]), index=False, chunksize=50_000)
"""


def _run(label: str, command: list[str]) -> None:
    began = perf_counter()
    pid = os.posix_spawn(sys.executable, [sys.executable, *command], os.environ)
    _, status, usage = os.wait4(pid, 0)
    seconds = perf_counter() - began
    if status != 0:
        raise SystemExit(f"{label} failed with status {os.waitstatus_to_exitcode(status)}")
    unit = 1 if sys.platform == "darwin" else 1024
    print(
        f"{label:<36} {seconds:8.1f} s {usage.ru_utime + usage.ru_stime:8.1f} s CPU "
        f"{usage.ru_maxrss * unit / 2**30:6.2f} GiB peak",
        flush=True,
    )


def _recsys(*arguments: str) -> list[str]:
    return ["-m", "recsys.cli", *arguments]


def main() -> None:
    """Print one line per step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="200 people instead of 1,500")
    small = parser.parse_args().small
    people, days, many = ("200", "30", "400") if small else ("1500", "120", "15000")
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, seed 1"
    )
    with tempfile.TemporaryDirectory() as folder:
        data, store = Path(folder, "data"), f"sqlite:///{folder}/store.db"
        plain = f"sqlite:///{folder}/plain.db"
        large = _recsys(
            "simulate", "--out", f"{folder}/large", "--employees", many, "--days", "130"
        )
        _run("simulate, large (compiles first)", large)
        company = _recsys("simulate", "--out", str(data), "--employees", people, "--days", days)
        _run("simulate", company)
        _run("import into SQLite", _recsys("import", str(data), "--database", store))
        _run("  peer: DataFrame.to_sql", ["-c", _TO_SQL, str(data / "events.parquet"), plain])
        train = _recsys("train", "--database", store, "--models-dir", f"{folder}/models")
        _run("train, with evaluation and MLflow", train)


if __name__ == "__main__":
    main()
