"""How fast the compiled trees score, beside LightGBM's own ``predict`` in the same run.

Run ``python -m benchmarks.trees``; both use one thread. The model has the default recipe's 150
trees of 31 leaves, fitted on made-up rows of 64 features, a tenth of the values of half of them
missing. Times are the least of many calls, which other work on the machine disturbs least; scores
are compared bit for bit.
"""

import os
import platform
from collections.abc import Callable
from functools import partial
from time import perf_counter

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from recsys.ranker.forest import Forest

_SEED = 1
_N_FEATURES, _N_TREES, _N_LEAVES = 64, 150, 31
_ROWS = (100, 300, 1_000, 10_000)


def main() -> None:
    """Print one line per number of rows."""
    features = _features()
    booster = _booster(features)
    began = perf_counter()
    forest = Forest.from_lightgbm(booster.model_to_string())
    compiled = perf_counter() - began
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"LightGBM {lgb.__version__}, seed {_SEED}; {_N_TREES} trees, {_N_LEAVES} leaves, "
        f"{_N_FEATURES} features; compiling the model text took {1e3 * compiled:.0f} ms"
    )
    for n_rows in _ROWS:
        rows = features[:n_rows]
        score = partial(forest.score, rows)
        predict = partial(booster.predict, rows, raw_score=True, num_threads=1)
        same = np.array_equal(score(), predict())
        ours, theirs = _least_seconds(score), _least_seconds(predict)
        print(
            f"{n_rows:>6,} rows: Forest {1e3 * ours:8.3f} ms, LightGBM {1e3 * theirs:8.3f} ms, "
            f"{theirs / ours:5.1f} times; equal scores: {same}"
        )


def _features() -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(_SEED)
    features = rng.normal(size=(20_000, _N_FEATURES)).astype(np.float32)
    features[:, ::2][rng.random((len(features), _N_FEATURES // 2)) < 0.1] = np.nan
    return features


def _booster(features: npt.NDArray[np.float32]) -> lgb.Booster:
    rng = np.random.default_rng(_SEED)
    known = np.nan_to_num(features)
    labels = np.sin(3 * known[:, 0]) + known @ rng.normal(size=_N_FEATURES)
    parameters = {"verbosity": -1, "num_leaves": _N_LEAVES, "num_threads": 1, "seed": _SEED}
    return lgb.train(parameters, lgb.Dataset(features, labels), _N_TREES)


def _least_seconds(call: Callable[[], object]) -> float:
    """Return the least over as many calls as fit into half a second, five at least."""
    call()
    seconds: list[float] = []
    while len(seconds) < 5 or sum(seconds) < 0.5:
        began = perf_counter()
        call()
        seconds.append(perf_counter() - began)
    return min(seconds)


if __name__ == "__main__":
    main()
