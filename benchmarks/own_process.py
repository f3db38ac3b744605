"""Measurements in a process of their own, so that each has a peak memory of its own."""

import resource
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

__all__ = ["in_own_process", "peak_gib"]

P = ParamSpec("P")
T = TypeVar("T")


def in_own_process(measure: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what ``measure``, a module's function, returns when called in a fresh interpreter.

    Keep the caller small: a child's peak starts at the memory of the process that began it.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, *args, **kwargs).result()


def peak_gib() -> float:
    """Return the peak resident memory of this process so far; Linux counts KiB, macOS bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
