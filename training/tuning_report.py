"""What a tuning found: in words, as JSON, and as nested runs."""

from math import isfinite, isnan
from typing import Any

from recsys.evaluation.origins import Window
from recsys.evaluation.report import or_none
from training.recipe import flatten
from training.search import SEARCHED
from training.tracked import NestedRun, Reading
from training.tuning import Tuned

__all__ = ["attempt_readings", "evidence", "nested_attempts", "tuned_json"]


def evidence(tuned: Tuned) -> str:
    """Say windows and figures, one sentence a line."""
    windows = "".join(
        f"Tested {_span(window)} on {n:,} choices, after learning from all before.\n"
        for window, n in zip(tuned.windows, tuned.n_choices, strict=True)
    )
    if len(tuned.attempts) == 1:
        return f"{windows}There was no time to try another recipe.\n"
    estimates = tuned.difference.value, tuned.difference.low, tuned.difference.high
    gain, low, high = (_signed(float(estimate[0])) for estimate in estimates)
    return (
        f"{windows}"
        f"NDCG@10, mean over windows: {tuned.best.ndcg:.4f}; the recipe it started from: "
        f"{tuned.attempts[0].ndcg:.4f}.\n"
        f"Difference {gain} ({low} to {high}, paired 95 % interval over employees);\n"
        f"the best of {len(tuned.attempts) - 1} attempts without merit would reach "
        f"{_signed(tuned.luck)} by luck.\n"
    )


def tuned_json(tuned: Tuned) -> dict[str, Any]:
    """Return all figures as strict JSON; what is unknown is None."""
    difference = tuned.difference
    return {
        "windows": [
            {"train_until": w.train_until.isoformat(), "until": w.until.isoformat(), "n_targets": n}
            for w, n in zip(tuned.windows, tuned.n_choices, strict=True)
        ],
        "default": {"ndcg@10": tuned.attempts[0].ndcg, "recipe": flatten(tuned.attempts[0].recipe)},
        "best": {"ndcg@10": tuned.best.ndcg, "recipe": flatten(tuned.best.recipe)},
        "difference": {
            "value": or_none(difference.value[0]),
            "interval": [or_none(difference.low[0]), or_none(difference.high[0])],
        },
        "luck_of_the_best": or_none(tuned.luck),
        "is_better": tuned.is_better,
        "attempts": [attempt.ndcg for attempt in tuned.attempts[1:]],
    }


def nested_attempts(tuned: Tuned) -> list[NestedRun]:
    """Return a run for each attempt, with the hyper-parameters that were searched."""
    return [
        NestedRun(
            f"attempt {n}" if n else "attempt 0, the recipe it starts from",
            {key: flatten(attempt.recipe)[key] for key in SEARCHED},
            [Reading("ndcg_at_10", attempt.ndcg), Reading("seconds", attempt.seconds)],
            {"kind": "attempt", "is_best": str(attempt is tuned.best).lower()},
        )
        for n, attempt in enumerate(tuned.attempts)
    ]


def attempt_readings(tuned: Tuned) -> list[Reading]:
    """Return what attempts reached, as steps from 0, and what the best of them gained."""
    found = [
        Reading("tuning/ndcg_at_10", attempt.ndcg, step)
        for step, attempt in enumerate(tuned.attempts)
    ]
    gains = {"gain": float(tuned.difference.value[0]), "luck_of_the_best": tuned.luck}
    found += [Reading(f"tuning/{name}", value) for name, value in gains.items() if isfinite(value)]
    return found


def _signed(value: float) -> str:
    return "–" if isnan(value) else f"{value:+.4f}"


def _span(window: Window) -> str:
    return f"{window.train_until:%Y-%m-%d %H:%M} to {window.until:%Y-%m-%d %H:%M}"
