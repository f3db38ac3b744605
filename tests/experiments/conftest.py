"""One small experiment without randomness, whose figures other tools were asked for."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from experiments import analyze

# The bounds of planned looks are found on the first call.
settings.register_profile("experiments", deadline=None, max_examples=40)
settings.load_profile("experiments")

Analyse = Callable[..., dict[str, Any]]


@pytest.fixture
def sample() -> pd.DataFrame:
    """400 employees in 20 teams and two variants, by formula."""
    i = np.arange(400)
    team = i % 20
    arm = team % 2
    x = (i * 7919 % 997) / 100
    d = 1 + (i * 31 % 5)
    return pd.DataFrame(
        {
            "employee_id": [f"e-{k}" for k in i],
            "arm": np.where(arm == 1, "b", "a"),
            "team": team,
            "block": team // 5,
            "x": x,
            "y": 0.6 * x + (i * 104729 % 1009) / 200 + 0.3 * arm + 0.15 * (team * 13 % 7),
            "d": d,
            "m": np.minimum(d, (i * 17 % 3) + arm * (i % 7 == 0)),
            "b": ((i * 271 % 100) < 20 + 6 * arm).astype(int),
        }
    )


@pytest.fixture
def analyse(sample: pd.DataFrame) -> Analyse:
    """Return a function that analyses the sample, or a table like it."""

    def call(frame: pd.DataFrame = sample, **options: Any) -> dict[str, Any]:
        named = {"variant": "arm", "control": "a", "unit": "employee_id"} | options
        return analyze(frame, **named)

    return call
