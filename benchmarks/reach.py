"""How long the comms team waits for reach and audiences, and a page for related contents.

Run ``python -m benchmarks.reach``; ``--contents``, ``--employees`` and ``--events`` set the size.
The company is that of ``benchmarks.engine``. Peers in the same run: counting the log with pandas
(which knows no causes and hides nothing), asking everybody instead of a sample, and a matrix
product over the vectors of all contents (which knows neither who may read nor who reads what).
"""

import argparse
import platform
from collections.abc import Callable
from datetime import timedelta
from time import perf_counter

import numpy as np
import pandas as pd

from benchmarks.engine import company
from recsys.dataset.dataset import Dataset
from recsys.dataset.validation import validate
from recsys.engine import Engine
from recsys.fitting import Recipe
from recsys.ranker.training_rows import Sampling
from recsys.schema import TABLES

__all__: list[str] = []


def main() -> None:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--employees", type=int, default=20_000)
    parser.add_argument("--contents", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=600_000)
    size = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}, seed 1, {vars(size)}")
    frames = company(size.employees, size.contents, size.events)
    frames["employees"]["work_style"] = np.resize(["desk", "field", "shift"], size.employees)
    known = {name: validate(TABLES[name], frame).frame for name, frame in frames.items()}
    until = known["events"]["occurred_at"].iloc[-1] + timedelta(microseconds=1)
    recipe = Recipe(sampling=Sampling(max_targets=2_000))
    engine = Engine.fit(Dataset(known), until, recipe=recipe)
    newest = engine.state.catalogue.contents.live(engine.state.clock)
    many = newest[: size.contents // 20]
    met = [len(engine.state.recent_readers.of(int(content))[0]) for content in many]
    content_id = engine.state.catalogue.contents.ids.id(int(many[int(np.argmax(met))]))
    _time_reach(engine, content_id, known)
    _time_gains(engine, content_id, size.employees)
    _time_related(engine, content_id)


def _time_reach(engine: Engine, content_id: str, known: dict[str, pd.DataFrame]) -> None:
    _print("reach", _timed(lambda: engine.reach(content_id, engine.now, plan=False)))
    _print("reach with a plan", _timed(lambda: engine.reach(content_id, engine.now)))
    events, people = known["events"], known["employees"][["employee_id", "department"]]

    def counted() -> object:
        own = events[events["content_id"] == content_id]
        stages = own.merge(people, on="employee_id").groupby(["department", "event_type"])
        return stages["employee_id"].nunique()

    _print("  peer: departments and stages, counted in the log", _timed(counted))


def _time_gains(engine: Engine, content_id: str, n_employees: int) -> None:
    _print("audience_for", _timed(lambda: engine.audience_for(content_id, engine.now), 3))
    content = engine.state.catalogue.contents.ids.index(content_id)
    _print(
        "  peer: everybody asked",
        _timed(lambda: engine.analyst.gains(content, engine.state.clock, n_employees), 1),
    )


def _time_related(engine: Engine, content_id: str) -> None:
    _print("related", _timed(lambda: engine.related(content_id, engine.now), 200))
    _print(
        "related for somebody", _timed(lambda: engine.related(content_id, engine.now, "e7"), 200)
    )
    contents, vectors = engine.state.catalogue.contents, engine.scorer.sources.vectors
    matrix, own = vectors.matrix, contents.ids.index(content_id)
    _print(
        "  peer: vectors alone, sorted",
        _timed(lambda: np.argsort(-(matrix @ matrix[own]), kind="stable")[:6], 200),
    )


def _timed(call: Callable[[], object], n: int = 5) -> list[float]:
    if n > 1:
        call()  # compiles
    seconds = []
    for _ in range(n):
        began = perf_counter()
        call()
        seconds.append(perf_counter() - began)
    return seconds


def _print(label: str, seconds: list[float]) -> None:
    p50, most = np.median(seconds) * 1e3, max(seconds) * 1e3
    print(f"{label:<52} p50 {p50:10.2f} ms   most {most:10.2f} ms", flush=True)


if __name__ == "__main__":
    main()
