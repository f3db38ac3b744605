"""`recsys experiment analyze`: what an experiment has shown, from a table with a row per unit."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.design import Correction
from recsys.commands._shared import JsonOption, write_json, write_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["analyze_table"]


def analyze_table(
    *,
    data: Annotated[
        Path, typer.Option(metavar="FILE", help="CSV or Parquet with one row per unit.")
    ],
    variant: Annotated[str, typer.Option(metavar="COL", help="Who got what.")],
    control: Annotated[
        str, typer.Option(metavar="NAME", help="The variant that the others are compared with.")
    ],
    unit: Annotated[str, typer.Option(metavar="COL", help="Who it is: one row each.")],
    metric: Annotated[
        list[str] | None,
        typer.Option(metavar="COL[:proportion]", help="Mean, or share of 0/1; may be repeated."),
    ] = None,
    ratio: Annotated[
        list[str] | None,
        typer.Option(metavar="NUM/DEN", help="Ratio of two sums; may be repeated."),
    ] = None,
    covariate: Annotated[
        str | None,
        typer.Option(metavar="COL", help="From before the start; makes intervals narrower."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="COL", help="Teams or sites, if those were drawn into variants."),
    ] = None,
    strata: Annotated[
        str | None, typer.Option(metavar="COL", help="Average the effect over these groups.")
    ] = None,
    expected_split: Annotated[
        str | None,
        typer.Option(metavar="a=0.5,b=0.5", help="Share of each variant; default: equal."),
    ] = None,
    sequential: Annotated[
        bool, typer.Option("--sequential", help="Results that hold whenever one looks.")
    ] = False,
    sequential_n: Annotated[
        float, typer.Option(metavar="N", help="Number of units at which those are sharpest.")
    ] = 5000,
    correction: Annotated[
        Correction, typer.Option(help="For the number of metrics and variants.")
    ] = "holm",
    alpha: Annotated[float, typer.Option(metavar="SHARE", help="Error of the tests.")] = 0.05,
    looks: Annotated[
        str | None,
        typer.Option(metavar="0.5,1", help="Planned looks, as shares of the information."),
    ] = None,
    look: Annotated[
        int | None, typer.Option(metavar="K", help="The present one of them, from 1.")
    ] = None,
    margin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC=LOSS", help="Largest loss to bear (below 0: gain); may be repeated."
        ),
    ] = None,
    winsorise: Annotated[
        float | None, typer.Option(metavar="QUANTILE", help="Cap means there, such as 0.99.")
    ] = None,
    segment: Annotated[
        list[str] | None,
        typer.Option(metavar="COL", help="Groups declared beforehand; may be repeated."),
    ] = None,
    exposed: Annotated[
        str | None, typer.Option(metavar="COL", help="0/1: who got to see it; is tested only.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write a report for people.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what an experiment has done: effects with intervals, and whether they can be trusted.

    Example: recsys experiment analyze --data test.csv --variant arm --control a --unit employee_id
    --metric opens --metric read:proportion --cluster team_id --json
    """
    from experiments.analysis import analyze

    results = analyze(
        _read(data), variant=variant, control=control, unit=unit, metrics=metric or (),
        ratios=ratio or (), covariate=covariate, cluster=cluster, strata=strata,
        expected_split=_split(expected_split), sequential=sequential, sequential_n=sequential_n,
        correction=correction, alpha=alpha, looks=_shares(looks), look=look,
        margins=_pairs(margin or [], "--margin", "METRIC=LOSS"), winsorise=winsorise,
        segments=segment or (), exposed=exposed,
    )  # fmt: skip
    if html is not None:
        _write_page(html, results, metric or (), alpha)
    if as_json:
        write_json(results)
    else:
        _show(results)


def _write_page(
    path: Path, results: dict[str, Any], metrics: Sequence[str], alpha: float
) -> None:  # fmt: skip
    """Write the report as `recsys experiment report` does where nothing else is asked for."""
    from experiments.report.page import render_report, write_report
    from experiments.report.verdict import Yardstick

    shares = frozenset(m.removesuffix(":proportion") for m in metrics if m.endswith(":proportion"))
    write_report(
        path, render_report(results, "en", yardstick=Yardstick(alpha=alpha), proportions=shares)
    )


def _read(path: Path) -> "pd.DataFrame":
    import pandas as pd

    from recsys.errors import DatasetError

    if path.suffix == ".parquet":
        try:
            return pd.read_parquet(path)
        except ValueError as error:  # so pyarrow says that it is none
            raise DatasetError(f"{path} is not a Parquet table ({error})") from None
    try:
        # All as text: "none" may be the name of a control.
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{path} is not UTF-8 (byte {error.start}); save it as CSV in UTF-8"
        ) from None
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise DatasetError(f"{path} is not a CSV table with a header ({error})") from None


def _split(text: str | None) -> dict[str, float] | None:
    if text is None:
        return None
    return _pairs(text.split(","), "--expected-split", "a=0.5,b=0.5")


def _pairs(texts: list[str], option: str, expected: str) -> dict[str, float]:
    pairs: dict[str, float] = {}
    for text in texts:
        name, equals, number = text.rpartition("=")
        if not equals or name.strip() in pairs:
            raise typer.BadParameter(f"{option} has {text!r}; expected {expected}, each name once")
        pairs[name.strip()] = _number(number, option, expected)
    return pairs


def _shares(text: str | None) -> tuple[float, ...]:
    return tuple(_number(part, "--looks", "0.5,1") for part in text.split(",")) if text else ()


def _number(text: str, option: str, expected: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"{option} has {text!r}; expected {expected}") from None


def _show(results: dict[str, Any]) -> None:
    units = ", ".join(f"{name} {n:,}" for name, n in results["n_units"].items())
    typer.echo(f"Units: {units}; drawn by {results['randomisation_unit']}")
    p_value = results["srm"]["p_value"]
    if p_value is not None:
        state = "do not fit the plan" if results["srm"]["flag"] else "fit the plan"
        typer.echo(f"Shares {state} (p = {p_value:.3g})")
    if results["metrics"]:
        _show_effects("Effects", results["metrics"])
    for segment in results.get("segments", []):
        for group in segment["groups"]:
            if not group["is_hidden"]:
                _show_effects(f"{segment['segment']}: {group['value']}", group["metrics"])
    _show_exclusions(results["excluded"])
    for warning in results["warnings"]:
        typer.echo(f"! {warning}")


def _show_effects(title: str, entries: list[dict[str, Any]]) -> None:
    header = ["metric", "variant", "control mean", "mean", "effect", "interval", "relative",
              "p", "adjusted p"]  # fmt: skip
    rows = [
        [
            entry["metric"], entry["variant"], _plain(entry["control_mean"]),
            _plain(entry["treatment_mean"]), _signed(entry["effect"]),
            _interval(entry["decision_ci"]), _percent(entry["rel_effect"]),
            _plain(entry["decision_p_value"]), _plain(entry["adjusted_p_value"]),
        ]
        for entry in entries
    ]  # fmt: skip
    write_table(title, header, rows)


def _show_exclusions(excluded: list[Mapping[str, Any]]) -> None:
    if not excluded:
        return
    rows = [
        [e["metric"] or "all", e["variant"] or "–", e["column"], e["cause"], f"{e['count']:,}"]
        for e in excluded
    ]
    write_table("Left out", ["metric", "variant", "column", "cause", "units"], rows)


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.4g}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:+.1%}"


def _interval(ends: list[float | None] | None) -> str:
    return "–" if ends is None else " … ".join(map(_signed, ends))
