"""`recsys evaluate`: the live protocol on a data set, beside the baselines."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from recsys.commands._evaluating import (
    Measured,
    load_dataset,
    measure,
    measure_each,
    measure_formats,
)
from recsys.commands._shared import (
    EXIT_REJECTED,
    DatabaseOption,
    DataOption,
    JsonOption,
    write_json,
)
from recsys.errors import ConfigurationError
from recsys.times import parse_instant

if TYPE_CHECKING:
    from recsys.evaluation.formats.run import FormatEvaluation
    from recsys.evaluation.origins import Window
    from recsys.evaluation.run import Evaluation

__all__ = ["evaluate"]


def evaluate(
    train_until: Annotated[
        str, typer.Option(metavar="TIME", help="Fit on what was known strictly before.")
    ],
    until: Annotated[str, typer.Option(metavar="TIME", help="End of the test window, exclusive.")],
    *,
    data: DataOption = None,
    database: DatabaseOption = None,
    origins: Annotated[
        int | None,
        typer.Option(
            min=1, max=100, help="Test this many windows, the last as given; each is fitted anew."
        ),
    ] = None,
    window_days: Annotated[
        int | None,
        typer.Option(
            min=1, max=3_660, help="Length of the earlier windows; default: that of the last."
        ),
    ] = None,
    ranks: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write every rank, as Parquet.")
    ] = None,
    formats: Annotated[
        bool, typer.Option("--formats", help="Measure the format model instead of the ranking.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of fits and intervals.")] = 0,
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Zone of times that carry none.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the ranking: at every choice in the test window, rank all that could be chosen.

    The engine is fitted on the past and follows the log from then on; newest first, decayed
    popularity and daily refitted collaborative filtering rank the same candidates. Intervals are
    95 % over employees. With --origins the same is measured at several starts, end to end. With
    --formats the probability of completing what is shown is measured, beside rates of the past.

    Example: recsys evaluate --data data/ --train-until 2016-10-01 --until 2016-12-01
    """
    from recsys.evaluation.report import write_ranks

    windows = _windows(train_until, until, origins, window_days)
    if formats and (origins is not None or ranks is not None):
        raise ConfigurationError(
            "--formats measures one window and ranks nothing; leave out --origins and --ranks"
        )
    dataset, n_rejected = load_dataset(data, database, timezone)
    if formats:
        _show_formats(measure_formats(dataset, windows[0], seed), as_json=as_json)
    elif origins is None:
        found = [measure(dataset, windows[0], seed)]
        _show(found[0].evaluation, as_json=as_json)
    else:
        found = list(measure_each(dataset, windows, seed))
        _show_origins(windows, found, seed, as_json=as_json)
    if ranks is not None:
        write_ranks(ranks, *((each.evaluation.ranks, each.data) for each in found))
    if n_rejected:
        raise typer.Exit(EXIT_REJECTED)


def _windows(
    train_until: str, until: str, origins: int | None, window_days: int | None
) -> "tuple[Window, ...]":
    from recsys.evaluation.origins import Window, rolling_windows

    last = Window(parse_instant(train_until), parse_instant(until))
    if last.train_until >= last.until:
        raise ConfigurationError(
            f"--train-until {train_until} is not before --until {until}; nothing to test in between"
        )
    if window_days is not None and origins is None:
        raise ConfigurationError(
            f"--window-days {window_days} is the length of the windows before the last, and there "
            "are none; pass --origins N too"
        )
    length = None if window_days is None else timedelta(days=window_days)
    return rolling_windows(last, origins or 1, length=length)


def _show(result: "Evaluation", *, as_json: bool) -> None:
    from recsys.evaluation.report import slice_table, summary_json, summary_table

    if as_json:
        write_json(summary_json(result.summary) | {"notes": dict(result.notes)})
        return
    console = Console()
    console.print(summary_table(result.summary))
    console.print(slice_table(result.summary))
    for baseline, note in result.notes.items():
        console.print(f"{baseline}: {note}")


def _show_formats(found: "FormatEvaluation", *, as_json: bool) -> None:
    from recsys.evaluation.formats.report import formats_json, formats_tables

    if as_json:
        write_json(formats_json(found))
        return
    console = Console()
    for part in formats_tables(found):
        console.print(part)


def _show_origins(
    windows: "Sequence[Window]", found: Sequence[Measured], seed: int, *, as_json: bool
) -> None:
    from recsys.evaluation.origins import origin_figures, pool
    from recsys.evaluation.origins_report import origins_json, origins_table

    lines = [origin_figures(each.evaluation.ranks, seed=seed) for each in found]
    parts = [(each.evaluation.ranks, each.data.employees) for each in found]
    pooled = origin_figures(pool(parts), seed=seed)
    notes = [_notes(each) for each in found]
    if as_json:
        write_json(origins_json(windows, lines, pooled, notes))
        return
    console = Console()
    console.print(origins_table(windows, lines, pooled))
    said = (f"{model}: {note}" for each in notes for model, note in each.items())
    for line in dict.fromkeys(said):
        console.print(line)


def _notes(measured: Measured) -> dict[str, str]:
    """Return what each model went without, the engine included."""
    own = {"recsys": "; ".join(measured.model_notes)} if measured.model_notes else {}
    return own | dict(measured.evaluation.notes)
