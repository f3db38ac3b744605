"""What the HTTP API costs on top of the engine, and how much of it one worker bears.

Run ``python -m benchmarks.serving``; ``--seconds`` sets how long each load lasts. One worker as
``recsys serve`` starts it, 10,000 contents, 20,000 employees, feeds of 20 slots under all rules,
each kept in the slate log; no feed is kept to be given again. Beside it in the same run: the engine
alone, a bare FastAPI endpoint that returns the same bytes, and ``mlflow models serve`` of a
LightFM model that returns its static top 20. The load comes from another process.
"""

import argparse
import os
import platform
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import orjson
import pandas as pd

from benchmarks.engine import RECIPE, company
from benchmarks.feed import dressed
from benchmarks.http_load import Load, Outcome, get, post, run_load
from recsys.answers import FeedRequest
from recsys.dataset.dataset import Dataset
from recsys.dataset.validation import validate
from recsys.engine import Engine
from recsys.registry import Champion, Release, move_champion, store_model
from recsys.schema import TABLES
from recsys.store.database import Database
from recsys.store.key_store import KeyStore
from recsys.store.sql_store import open_store
from serving.keys import new_key

_EMPLOYEES, _CONTENTS, _EVENTS = 20_000, 10_000, 500_000
_BATCH = 100
_FORMATS = ("impression", "open", "read", "complete")
_HERTZ = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--without-mlflow", action="store_true")
    chosen = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frames = _prepare(folder)
        feed_seconds = _engine_alone(frames)
        _ours(folder, frames, feed_seconds, chosen.seconds)
        if not chosen.without_mlflow:
            _mlflow(folder, frames, chosen.seconds)


def _prepare(folder: Path) -> dict[str, pd.DataFrame]:
    """Fill a store, train and promote a model, make a key."""
    raw = dressed(company(_EMPLOYEES, _CONTENTS, _EVENTS))
    frames = {name: validate(TABLES[name], frame).frame for name, frame in raw.items()}
    now = frames["events"]["occurred_at"].iloc[-1].to_pydatetime()
    with closing(open_store(_url(folder))) as store:
        store.migrate()
        for table, frame in frames.items():
            for first in range(0, len(frame), 50_000):
                store.write(table, frame.iloc[first : first + 50_000], received_at=now)
    until = now + timedelta(microseconds=1)
    model = Engine.fit(Dataset(frames), until, recipe=RECIPE).model
    directory = store_model(folder / "models", model)
    release = Release(
        directory.relative_to(folder / "models").as_posix(), 1, "benchmark", datetime.now(UTC)
    )
    move_champion(folder / "models", Champion(release))
    return frames


def _engine_alone(frames: dict[str, pd.DataFrame]) -> float:
    """Return the CPU seconds of a feed in this process."""
    until = frames["events"]["occurred_at"].iloc[-1] + timedelta(microseconds=1)
    engine = Engine.fit(Dataset(frames), until, recipe=RECIPE)
    rng, at = random.Random(1), engine.now
    taken: list[float] = []
    for _ in range(1_000):
        at += timedelta(microseconds=1)
        began = process_time()
        engine.feed(FeedRequest(f"e{rng.randrange(_EMPLOYEES)}", at, 20))
        taken.append(process_time() - began)
    seconds = float(np.mean(taken[200:]))
    print(f"{'engine.feed alone':<44} CPU {1e3 * seconds:6.2f} ms")
    return seconds


def _ours(
    folder: Path, frames: dict[str, pd.DataFrame], feed_seconds: float, seconds: float
) -> None:
    key = _key(folder)
    environment = os.environ | {"RECSYS_CLOCK": "dataset", "RECSYS_LOG_LEVEL": "warning"}
    command = [
        str(Path(sys.executable).with_name("recsys")), "serve", "--database", _url(folder),
        "--models-dir", str(folder / "models"), "--port",
    ]  # fmt: skip

    def feed(rng: random.Random) -> bytes:
        return get(f"/v1/employees/e{rng.randrange(_EMPLOYEES)}/feed?limit=20", key)

    with _serving(command, environment) as (port, process):
        _warm(port, feed)
        best = 0.0
        for connections in (1, 8):
            cpu, outcome = _loaded(process, [Load(port, feed, connections, seconds)])
            best = max(best, outcome[0].per_second)
            _print(f"feeds, {connections} at a time", outcome[0], cpu)
            if connections == 1:
                added = cpu / len(outcome[0].latencies) - feed_seconds
                print(f"{'  of which not engine.feed':<44} CPU {1e3 * added:6.2f} ms")
        cpu, outcome = _loaded(process, [Load(port, feed, 32, seconds, rate=best / 2)])
        _print(f"feeds, {best / 2:.0f} a second asked for", outcome[0], cpu)
        sample = outcome[0].sample
        events = _events(frames, key)
        cpu, outcome = _loaded(process, [Load(port, events, 8, seconds)])
        _print_events("events in batches of 100", outcome[0], cpu)
        loads = [Load(port, events, 8, seconds), Load(port, feed, 8, seconds, rate=50.0)]
        cpu, outcome = _loaded(process, loads)
        _print_events("events while 50 feeds a second are served", outcome[0], cpu)
        _print("  those feeds", outcome[1], cpu)
    _bare(folder, sample, seconds)


def _bare(folder: Path, sample: bytes, seconds: float) -> None:
    (folder / "sample.json").write_bytes(sample)
    code = (
        "import sys, uvicorn; from pathlib import Path; "
        "from benchmarks.serving_peers import bare_app; "
        f"uvicorn.run(bare_app(Path({str(folder / 'sample.json')!r}).read_bytes()), "
        "port=int(sys.argv[1]), log_level='warning', access_log=False)"
    )

    def feed(rng: random.Random) -> bytes:
        return get(f"/v1/employees/e{rng.randrange(_EMPLOYEES)}/feed?limit=20")

    with _serving([sys.executable, "-c", code], dict(os.environ)) as (port, process):
        _warm(port, feed)
        cpu, outcome = _loaded(process, [Load(port, feed, 8, seconds)])
        _print("peer: bare FastAPI, the same bytes, 8 at a time", outcome[0], cpu)


def _mlflow(folder: Path, frames: dict[str, pd.DataFrame], seconds: float) -> None:
    from benchmarks.serving_peers import save_lightfm

    opened = frames["events"][frames["events"]["event_type"] == "open"]
    users = opened["employee_id"].str[1:].astype(int).to_numpy()
    items = opened["content_id"].str[1:].astype(int).to_numpy()
    path = save_lightfm(users, items, folder / "peer")
    command = [
        sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", str(path),
        "--env-manager", "local", "--workers", "1", "--host", "127.0.0.1", "--port",
    ]  # fmt: skip

    def ask(rng: random.Random) -> bytes:
        body = orjson.dumps({"dataframe_records": [{"user": rng.randrange(int(users.max()))}]})
        return post("/invocations", body)

    # It starts a server by name, from wherever that is.
    folders = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with _serving(command, os.environ | {"PATH": folders}) as (port, _):
        _warm(port, ask)
        outcome = _in_other_process([Load(port, ask, 8, seconds)])
        _print("peer: mlflow models serve, LightFM top 20", outcome[0], None)


def _events(frames: dict[str, pd.DataFrame], key: str) -> Any:  # noqa: ANN401  (a Request)
    numbers = count()
    now = (frames["events"]["occurred_at"].iloc[-1] + timedelta(seconds=1)).isoformat()

    def request(rng: random.Random) -> bytes:
        rows = [
            {
                "event_id": f"load-{os.getpid()}-{next(numbers)}", "occurred_at": now,
                "event_type": rng.choice(_FORMATS), "surface": "portal", "device": "desktop",
                "employee_id": f"e{rng.randrange(_EMPLOYEES)}", "position": rng.randrange(1, 20),
                "content_id": f"c{rng.randrange(_CONTENTS - 500, _CONTENTS)}",
            }
            for _ in range(_BATCH)
        ]  # fmt: skip
        return post("/v1/events", orjson.dumps({"events": rows}), key)

    return request


def _loaded(process: int, loads: list[Load]) -> tuple[float, list[Outcome]]:
    """Return the CPU seconds the server used during loads, and their outcomes."""
    before = _cpu_seconds(process)
    outcomes = _in_other_process(loads)
    return _cpu_seconds(process) - before, outcomes


def _in_other_process(loads: list[Load]) -> list[Outcome]:
    """Run loads in a forked process: requests are closures, which no other start can carry."""
    with ProcessPoolExecutor(
        1, mp_context=get_context("fork"), initializer=_take, initargs=(loads,)
    ) as pool:
        return pool.submit(_run_taken).result()


_taken: list[Load] = []


def _take(loads: list[Load]) -> None:
    _taken[:] = loads


def _run_taken() -> list[Outcome]:
    return run_load(_taken)


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _HERTZ


@contextmanager
def _serving(command: list[str], environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Start a server on a free port; give the port and the process's number once it listens."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [*command, str(port)], env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            deadline = perf_counter() + 300
            while not _listens(port):
                if process.poll() is not None or perf_counter() > deadline:
                    log.seek(0)
                    raise SystemExit(f"{command[:4]} did not start: {log.read()[-2000:]!r}")
                time.sleep(0.1)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(30)


def _listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _warm(port: int, request: Any) -> None:  # noqa: ANN401  (a Request)
    _in_other_process([Load(port, request, 2, 2.0, seed=7)])


def _url(folder: Path) -> str:
    return f"sqlite:///{folder}/store.db"


def _key(folder: Path) -> str:
    made = new_key("admin", at=datetime.now(UTC))
    with closing(Database(_url(folder))) as database:
        KeyStore(database).add(made.stored)
    return made.key


def _print(label: str, outcome: Outcome, cpu: float | None) -> None:
    n = max(len(outcome.latencies), 1)
    used = "" if cpu is None else f"   CPU {1e3 * cpu / n:6.2f} ms"
    failed = f"   {outcome.failures} FAILED" if outcome.failures else ""
    print(
        f"{label:<44} {outcome.per_second:8.0f}/s   p50 {outcome.milliseconds(50):7.2f} ms"
        f"   p99 {outcome.milliseconds(99):7.2f} ms{used}{failed}",
        flush=True,
    )


def _print_events(label: str, outcome: Outcome, cpu: float) -> None:
    n = max(_BATCH * len(outcome.latencies), 1)
    failed = f"   {outcome.failures} FAILED" if outcome.failures else ""
    print(
        f"{label:<44} {_BATCH * outcome.per_second:8.0f}/s   p50 {outcome.milliseconds(50):7.2f} ms"
        f"   p99 {outcome.milliseconds(99):7.2f} ms   CPU {1e6 * cpu / n:6.1f} µs{failed}",
        flush=True,
    )


if __name__ == "__main__":
    main()
