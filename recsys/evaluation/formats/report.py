"""An evaluation of the formats for people (tables) and for machines (strict JSON)."""

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.table import Table

from recsys.evaluation.bootstrap import Estimates
from recsys.evaluation.formats.coverage import LEAST_SHOWINGS, NOMINAL, Coverage
from recsys.evaluation.formats.predictions import MODELS
from recsys.evaluation.formats.run import FormatEvaluation
from recsys.evaluation.formats.scores import Bin, ScoreSlice
from recsys.evaluation.policy_report import policy_json, policy_table
from recsys.evaluation.report import number, or_none
from recsys.evaluation.summary import SMALLEST_GROUP

__all__ = ["formats_json", "formats_tables"]


def formats_tables(found: FormatEvaluation) -> Iterator[Table | str]:
    """Yield what a person reads: scores, scores by slice, calibration, coverage, policies."""
    overall = found.scores.overall
    if overall is None:
        yield f"Fewer than {SMALLEST_GROUP} employees were shown anything: no figures."
        return
    yield _score_table(overall)
    yield _slice_table(found)
    yield _bin_table(found.scores.bins)
    yield _coverage_line(found.coverage)
    yield policy_table(found.policies)


def formats_json(found: FormatEvaluation) -> dict[str, Any]:
    """Return everything as strict JSON: what is unknown or suppressed is None; unrounded."""
    scores = found.scores
    return {
        "overall": _slice_json("all", scores.overall),
        "slices": [_slice_json(name, part) for name, part in scores.slices],
        "calibration": {
            "bins": [_bin_json(each) for each in scores.bins],
            "covered_share": _covered_share(scores.bins),
        },
        "interval_coverage": _coverage_json(found.coverage),
        "policy_value": policy_json(found.policies),
    }


def _score_table(overall: ScoreSlice) -> Table:
    table = _table(
        f"{overall.n_showings:,} showings to {overall.n_employees:,} employees",
        "Probability of completion, said before each showing; rates know no position or content",
    )
    table.add_column("model")
    for name in ("log-loss", "brier", "calibration error"):
        table.add_column(name, justify="right")
    for row, model in enumerate(MODELS):
        cells = (overall.log_loss[row], overall.brier[row], overall.calibration_error[row])
        table.add_row(model, *(f"{cell:.4f}" for cell in cells))
    return table


def _slice_table(found: FormatEvaluation) -> Table:
    """Return one row per slice, of two lines: so it fits a terminal of 80 columns."""
    table = _table(
        "Log-loss against the best rate",
        f"95 % interval over employees; –: fewer than {SMALLEST_GROUP} employees",
    )
    table.add_column("")
    for name in ("showings", "recsys", "best rate\nits log-loss", "difference\n95 %"):
        table.add_column(name, justify="right")
    for name, part in (("all", found.scores.overall), *found.scores.slices):
        table.add_row(name, *(("–",) * 4 if part is None else _slice_cells(part)))
    return table


def _slice_cells(part: ScoreSlice) -> tuple[str, ...]:
    best = part.log_loss[MODELS.index(part.best_baseline)]
    value, low, high = (
        float(a[0]) for a in (part.difference.value, part.difference.low, part.difference.high)
    )
    return (
        f"{part.n_showings:,}",
        f"{part.log_loss[0]:.4f}",
        f"{part.best_baseline}\n{best:.4f}",
        f"{value:+.4f}\n{low:+.4f} … {high:+.4f}",
    )


def _bin_table(bins: tuple[Bin, ...]) -> Table:
    covered = sum(each.is_covered for each in bins)
    table = _table(
        "Calibration", f"observed is within luck of expected in {covered} of {len(bins)} parts"
    )
    table.add_column("showings", justify="right")
    for name in ("expected", "observed"):
        table.add_column(name, justify="right")
    for each in bins:
        style = None if each.is_covered else "bold"
        table.add_row(f"{each.n:,}", number(each.expected), number(each.observed), style=style)
    return table


def _coverage_line(coverage: Coverage) -> str:
    if coverage.n_employees < SMALLEST_GROUP:
        return (
            f"Interval coverage: fewer than {SMALLEST_GROUP} employees with {LEAST_SHOWINGS} "
            "showings in a format"
        )
    held, low, high = (float(a[0]) for a in (
        coverage.held.value, coverage.held.low, coverage.held.high))  # fmt: skip
    return (
        f"Interval coverage: {NOMINAL:.0%} intervals held {held:.1%} ({low:.1%} … {high:.1%}) of "
        f"{coverage.n_counts:,} counts of completions ({LEAST_SHOWINGS} or more showings of an "
        f"employee in a format)"
    )


def _table(title: str, caption: str) -> Table:
    return Table(title=title, caption=caption, box=box.SIMPLE, padding=(0, 1, 0, 0))


def _slice_json(name: str, part: ScoreSlice | None) -> dict[str, Any]:
    if part is None:
        return {"name": name, "suppressed": True, "n_showings": None, "n_employees": None,
                "models": None, "best_baseline": None, "log_loss_difference": None}  # fmt: skip
    return {
        "name": name,
        "suppressed": False,
        "n_showings": part.n_showings,
        "n_employees": part.n_employees,
        "models": {
            model: {
                "log_loss": float(part.log_loss[row]),
                "brier": float(part.brier[row]),
                "calibration_error": float(part.calibration_error[row]),
            }
            for row, model in enumerate(MODELS)
        },
        "best_baseline": part.best_baseline,
        "log_loss_difference": _estimate_json(part.difference),
    }


def _bin_json(each: Bin) -> dict[str, Any]:
    return {
        "n": each.n, "expected": each.expected, "observed": each.observed,
        "covered": each.is_covered,
    }  # fmt: skip


def _covered_share(bins: tuple[Bin, ...]) -> float | None:
    return sum(each.is_covered for each in bins) / len(bins) if bins else None


def _coverage_json(coverage: Coverage) -> dict[str, Any]:
    is_shown = coverage.n_employees >= SMALLEST_GROUP
    return {
        "nominal": NOMINAL,
        "suppressed": not is_shown,
        "n_counts": coverage.n_counts if is_shown else None,
        "n_employees": coverage.n_employees if is_shown else None,
        "observed": _estimate_json(coverage.held) if is_shown else None,
    }


def _estimate_json(estimates: Estimates) -> dict[str, Any]:
    value, low, high = (or_none(a[0]) for a in (estimates.value, estimates.low, estimates.high))
    return {"value": value, "interval": [low, high]}
