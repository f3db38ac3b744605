"""A bounded load over HTTP/1.1 from a process of its own, and what it felt like.

Requests are bytes made beforehand and answers are only counted, so that one core of this process
can keep a server busy. ``wrk`` does the same; this needs nothing to be installed.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
import numpy.typing as npt

__all__ = ["Load", "Outcome", "get", "post", "run_load"]

Request = Callable[[random.Random], bytes]
"""Makes the bytes of one request."""


@dataclass(frozen=True, slots=True)
class Load:
    """``connections`` ask one after the other for ``seconds``, or at ``rate`` a second in all."""

    port: int
    request: Request
    connections: int
    seconds: float
    rate: float | None = None
    seed: int = 1


@dataclass(slots=True)
class Outcome:
    """Latencies of the answers of status 200, in seconds, and how many had another status.

    With a rate, a latency begins when the request was due, whether it could be sent or not.
    """

    latencies: list[float] = field(default_factory=list)
    failures: int = 0
    seconds: float = 0.0
    sample: bytes = b""

    @property
    def per_second(self) -> float:
        """Return answers per second."""
        return len(self.latencies) / self.seconds

    def milliseconds(self, percentile: float) -> float:
        """Return a percentile of the latencies."""
        taken: npt.NDArray[np.float64] = np.array(self.latencies or [np.nan])
        return 1e3 * float(np.percentile(taken, percentile))


def get(path: str, key: str | None = None) -> bytes:
    """Return a GET request."""
    return _head("GET", path, key) + b"\r\n"


def post(path: str, body: bytes, key: str | None = None) -> bytes:
    """Return a POST request with JSON."""
    head = _head("POST", path, key)
    return (
        head
        + f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )


def run_load(loads: Sequence[Load]) -> list[Outcome]:
    """Run loads at the same time and return what came of each."""
    return asyncio.run(_run(loads))


def _head(method: str, path: str, key: str | None) -> bytes:
    authorization = "" if key is None else f"Authorization: Bearer {key}\r\n"
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}".encode()


async def _run(loads: Sequence[Load]) -> list[Outcome]:
    outcomes = [Outcome() for _ in loads]
    clients = [
        _client(load, outcome, number)
        for load, outcome in zip(loads, outcomes, strict=True)
        for number in range(load.connections)
    ]
    began = perf_counter()
    await asyncio.gather(*clients)
    for outcome in outcomes:
        outcome.seconds = perf_counter() - began
    return outcomes


async def _client(load: Load, outcome: Outcome, number: int) -> None:
    rng = random.Random(1_000 * load.seed + number)
    reader, writer = await asyncio.open_connection("127.0.0.1", load.port)
    began = perf_counter()
    end, due = began + load.seconds, began
    while (now := perf_counter()) < end:
        if load.rate is None:
            due = now
        else:  # Poisson: arrivals do not wait for each other
            due += rng.expovariate(load.rate / load.connections)
            if due > end:
                break
            await asyncio.sleep(max(due - perf_counter(), 0.0))
        writer.write(load.request(rng))
        status, body = await _answer(reader)
        if status == 200:
            outcome.latencies.append(perf_counter() - due)
            outcome.sample = body
        else:
            outcome.failures += 1
    writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    lower = head.lower()
    place = lower.find(b"content-length:")
    length = int(lower[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
    return status, await reader.readexactly(length)
