"""What a loop leaves in a folder: weeks and nights as CSV, the result as JSON, a picture."""

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

from training.loop.results import LoopResult, as_json

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["write_files"]

_COLORS = {
    "recsys": "#1f5f8b", "popular": "#c26a1f", "newest_first": "#7a8691", "clairvoyant": "#b8c4ce",
}  # fmt: skip
_DRAWN = (
    "completions", "audience reached", "departments met",
    "silent reach, looked at", "concentration", "regret",
)  # fmt: skip
_SHARES = {"audience reached", "concentration", "regret"}


def write_files(result: LoopResult, folder: Path) -> list[Path]:
    """Write ``weeks.csv``, ``nights.csv``, ``loop.json`` and ``weeks.png``; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in ("weeks.csv", "nights.csv", "loop.json", "weeks.png")]
    weeks, nights, whole, picture = paths
    _write_csv(weeks, ["week", "life", "figure", "value"], _week_rows(result))
    _write_csv(
        nights,
        ["at", "registered_version", "model_version", "is_champion", "ndcg", "seconds", "reasons"],
        [
            [
                night.at.isoformat(), night.registered_version, night.model_version,
                night.is_champion, night.ndcg, night.seconds, "; ".join(night.reasons),
            ]
            for night in result.nights
        ],
    )  # fmt: skip
    whole.write_text(
        json.dumps(as_json(result), indent=2, allow_nan=False) + "\n", encoding="utf-8"
    )
    _draw(result, picture)
    return paths


def _week_rows(result: LoopResult) -> list[list[object]]:
    return [
        [number, life, figure, value]
        for life, weeks in result.weeks.items()
        for number, week in enumerate(weeks, start=1)
        for figure, value in week.items()
    ]


def _write_csv(path: Path, header: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def _draw(result: LoopResult, path: Path) -> None:
    """Draw six figures week by week, a line for each life."""
    # A Figure of its own draws without a screen and leaves no global state behind.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 6.4), dpi=110, layout="constrained")
    axes = figure.subplots(2, 3)
    for place, name in zip(axes.flat, _DRAWN, strict=True):
        _draw_weeks(place, result, name)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    figure.suptitle(
        f"world {result.plan.world}: {result.n_visitors:,} visitors, seed {result.plan.seed}; "
        "dots: a new champion"
    )
    figure.savefig(path)


def _draw_weeks(axes: "Axes", result: LoopResult, name: str) -> None:
    weeks = list(range(1, result.plan.weeks + 1))
    for life, values in result.weeks.items():
        style = "--" if life == "clairvoyant" else "-"
        axes.plot(weeks, [week[name] for week in values], style, color=_COLORS[life], label=life)
    promoted = {
        (night.at - result.plan.begins).days // 7 for night in result.nights if night.is_champion
    }
    ours = result.weeks["recsys"]
    axes.plot(
        [week + 1 for week in sorted(promoted)],
        [ours[week][name] for week in sorted(promoted)], "o", color=_COLORS["recsys"],
    )  # fmt: skip
    axes.set_title(name if name in _SHARES else f"{name}, per person", fontsize=10)
    axes.set_xlabel("week")
    axes.set_xticks(weeks)
    axes.set_ylim(bottom=0.0)
