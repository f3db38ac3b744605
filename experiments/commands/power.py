"""`recsys experiment power`: how large a test has to be, and whether the company is."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from recsys.commands._shared import JsonOption, write_json, write_table
from recsys.errors import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd

    from experiments.sizing.formulas import Clusters, Sizing
    from experiments.sizing.prospects import Design, Prospect

__all__ = ["power"]

_FILE: dict[str, Any] = {"metavar": "FILE", "exists": True, "dir_okay": False}


def power(
    *,
    baseline: Annotated[
        float | None, typer.Option(help="Mean of the control; of a proportion a share, 0..1.")
    ] = None,
    mde: Annotated[
        float | None, typer.Option(help="Smallest effect worth finding, absolute (0.05: 5 points).")
    ] = None,
    sd: Annotated[
        float | None, typer.Option(help="Standard deviation; makes the metric a mean.")
    ] = None,
    alpha: Annotated[float, typer.Option(help="Chance of seeing an effect that is none.")] = 0.05,
    power_: Annotated[
        float, typer.Option("--power", help="Chance of finding the effect if it is there.")
    ] = 0.8,
    cluster_size: Annotated[
        float | None, typer.Option(help="Mean units in a cluster, where clusters are randomised.")
    ] = None,
    icc: Annotated[float | None, typer.Option(help="Likeness within clusters, 0..1.")] = None,
    cluster_size_cv: Annotated[
        float, typer.Option(help="Standard deviation of cluster sizes over their mean.")
    ] = 0.0,
    data: Annotated[
        Path | None, typer.Option(help="History, CSV or Parquet, instead of --baseline.", **_FILE)
    ] = None,
    metric: Annotated[str | None, typer.Option(metavar="COL[:proportion]")] = None,
    unit: Annotated[str, typer.Option(metavar="COL", help="In the history.")] = "employee_id",
    cluster: Annotated[
        str | None, typer.Option(metavar="COL", help="Whom to randomise together.")
    ] = None,
    covariate: Annotated[
        str | None, typer.Option(metavar="COL", help="Known before; default: the metric before.")
    ] = None,
    period: Annotated[
        str | None, typer.Option(metavar="COL", help="Week or date; rows are per unit and period.")
    ] = None,
    periods: Annotated[int, typer.Option(min=1, help="Planned length of the test.")] = 1,
    roster: Annotated[
        Path | None, typer.Option(help="Everybody who could take part, also without rows.", **_FILE)
    ] = None,
    language: Annotated[str, typer.Option(metavar="ja|en", help="Of the sentences.")] = "en",
    as_json: JsonOption = False,
) -> None:
    """Tell how many units or clusters an arm needs; with --data, whether the test can work at all.

    From a history, baseline, spread, clusters and the covariate's worth are estimated, people
    without rows counting as zero, and other designs are looked at: a covariate, a longer test,
    single units instead of clusters.

    Example: recsys experiment power --baseline 0.30 --mde 0.05 --cluster-size 12 --icc 0.02
    --cluster-size-cv 0.5 --json

    Example: recsys experiment power --data opens.csv --roster employees.csv --metric
    read:proportion --cluster team_id --period week --mde 0.05
    """
    from experiments.sizing.formulas import Outcome, Promise, size
    from experiments.sizing.prospects import size_from_history
    from experiments.texts import LANGUAGES

    if language not in LANGUAGES:
        raise typer.BadParameter(f"{language!r} is not one of {', '.join(LANGUAGES)}")
    spoken: Literal["ja", "en"] = "ja" if language == "ja" else "en"
    try:
        promise = Promise(alpha, power_)
        if data is None:
            clusters = _clusters(cluster_size, icc, cluster_size_cv)
            outcome = Outcome(_given(baseline, "--baseline"), sd)
            sizing = size(outcome, _given(mde, "--mde"), promise, clusters)
        else:
            _refuse_both(baseline, sd, cluster_size, icc)
            prospect = size_from_history(
                _read(data, unit), metric=_named(metric), unit=unit, cluster=cluster,
                covariate=covariate, period=period, periods=periods, mde=mde, promise=promise,
                roster=None if roster is None else _read(roster, unit),
            )  # fmt: skip
    except ConfigurationError as error:
        raise typer.BadParameter(str(error)) from None
    if data is None:
        _answer_sizing(sizing, spoken, as_json=as_json)
    else:
        _answer_prospect(prospect, spoken, as_json=as_json)


def _given(value: float | None, name: str) -> float:
    if value is None:
        raise ConfigurationError(f"{name} is missing; give it, or a history with --data")
    return value


def _named(metric: str | None) -> str:
    if metric is None:
        raise ConfigurationError("--metric is missing; name the column of the history")
    return metric


def _clusters(size: float | None, icc: float | None, size_cv: float) -> "Clusters | None":
    from experiments.sizing.formulas import Clusters

    if size is None and icc is None and size_cv == 0:
        return None
    if size is None or icc is None:
        missing = "--cluster-size" if size is None else "--icc"
        raise ConfigurationError(
            f"{missing} is missing; clusters need --cluster-size and --icc (0.02 if nothing is "
            "known, better estimated from a history with --data)"
        )
    return Clusters(size, icc, size_cv)


def _refuse_both(*given: float | None) -> None:
    if any(value is not None for value in given):
        raise ConfigurationError(
            "--baseline, --sd, --cluster-size and --icc are estimated from --data; leave them out"
        )


def _read(path: Path, unit: str) -> "pd.DataFrame":
    """Return a table; ids stay text, so that 007 is not 7."""
    import pandas as pd

    from recsys.errors import DatasetError

    try:
        return (
            pd.read_parquet(path)
            if path.suffix == ".parquet"
            else pd.read_csv(path, dtype={unit: str})
        )
    except (ValueError, OSError) as error:  # pandas and pyarrow raise kinds of these
        raise DatasetError(f"{path} cannot be read as CSV or Parquet: {error}") from None


def _answer_sizing(sizing: "Sizing", language: Literal["ja", "en"], *, as_json: bool) -> None:
    from experiments.sizing.wording import power_caveat

    caveat = power_caveat(sizing.clusters_per_arm, sizing.power, language)
    if as_json:
        write_json(asdict(sizing) | ({"warning": caveat} if caveat else {}))
        return
    clusters = sizing.clusters_per_arm
    needed = f"{sizing.units_per_arm:,} units"
    if clusters is not None:
        needed = f"{clusters:,} clusters ({needed}; design effect {sizing.design_effect:.2f})"
    typer.echo(f"Each arm needs {needed} at alpha {sizing.alpha:g}, power {sizing.power:g}.")
    if caveat:
        typer.echo(caveat)


def _answer_prospect(prospect: "Prospect", language: Literal["ja", "en"], *, as_json: bool) -> None:
    from experiments.sizing.wording import prospect_sentences

    sentences = prospect_sentences(prospect, language)
    if as_json:
        write_json(asdict(prospect) | {"sentences": sentences})
        return
    designs = (prospect.planned, *prospect.alternatives)
    header = ["changes", "periods", "an arm has", "finds from", "needs", "enough"]
    write_table(f"Ways to test {prospect.metric}", header, [_row(design) for design in designs])
    typer.echo("\n".join(sentences))


def _row(design: "Design") -> list[str]:
    needed = "–"
    if design.needed is not None:
        needed = f"{design.needed.clusters_per_arm or design.needed.units_per_arm:,}"
    has = design.units_per_arm if design.clusters_per_arm is None else design.clusters_per_arm
    found = design.detectable_effect
    return [
        " + ".join(design.changes) or "as planned",
        "–" if design.periods is None else str(design.periods),
        f"{has:,} {'units' if design.clusters_per_arm is None else 'clusters'}",
        "–" if found is None else f"{found:.3g}",
        needed,
        {None: "–", True: "yes", False: "no"}[design.is_enough],
    ]
