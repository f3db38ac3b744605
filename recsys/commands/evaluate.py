"""`recsys evaluate`: the live protocol on a data set, beside the baselines."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from recsys.commands._shared import (
    EXIT_REJECTED,
    DatabaseOption,
    JsonOption,
    load_settings,
    progress_bar,
    training_progress,
    write_json,
)
from recsys.errors import ConfigurationError
from recsys.times import parse_instant, to_micros

if TYPE_CHECKING:
    from recsys.dataset.dataset import Dataset
    from recsys.evaluation.data import EvaluationData
    from recsys.evaluation.run import Evaluation

__all__ = ["evaluate"]


def evaluate(
    train_until: Annotated[
        str, typer.Option(metavar="TIME", help="Fit on what was known strictly before.")
    ],
    until: Annotated[str, typer.Option(metavar="TIME", help="End of the test window, exclusive.")],
    *,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder with a canonical data set; default: the store."),
    ] = None,
    database: DatabaseOption = None,
    ranks: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write every rank, as Parquet.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of fits and intervals.")] = 0,
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Zone of times that carry none.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the ranking: at every choice in the test window, rank all that could be chosen.

    The engine is fitted on the past and follows the log from then on; newest first, decayed
    popularity and daily refitted collaborative filtering rank the same candidates. Intervals are
    95 % over employees.

    Example: recsys evaluate --data data/ --train-until 2016-10-01 --until 2016-12-01
    """
    from recsys.evaluation.report import write_ranks

    start, end = parse_instant(train_until), parse_instant(until)
    if start >= end:
        raise ConfigurationError(
            f"--train-until {train_until} is not before --until {until}; nothing to test in between"
        )
    dataset, n_rejected = _load(data, database, timezone)
    result, prepared = _measure(dataset, start, end, seed)
    if ranks is not None:
        write_ranks(ranks, result.ranks, prepared)
    _show(result, as_json=as_json)
    if n_rejected:
        raise typer.Exit(EXIT_REJECTED)


def _load(data: Path | None, database: str | None, timezone: str | None) -> "tuple[Dataset, int]":
    """Return the data set of a folder or of the store, and how many rows were rejected."""
    from contextlib import closing

    from recsys.dataset.reading import read_dataset
    from recsys.store.sql_store import open_store

    if data is not None:
        read = read_dataset(data, timezone=timezone)
        return read.dataset, len(read.rejects)
    with closing(open_store(database or load_settings().database_url)) as store:
        return store.load(), 0


def _measure(
    dataset: "Dataset", start: datetime, end: datetime, seed: int
) -> "tuple[Evaluation, EvaluationData]":
    from recsys.engine import Engine
    from recsys.evaluation.data import prepare
    from recsys.evaluation.engine import EngineUnderTest
    from recsys.evaluation.run import run_evaluation
    from recsys.interactions import find_targets

    with training_progress() as progress:
        engine = EngineUnderTest(
            Engine.fit(dataset, until=start, seed=seed, progress=progress), dataset
        )
    prepared = prepare(
        dataset,
        train_until=start,
        employees=engine.catalogue.employees.ids,
        contents=engine.catalogue.contents.ids,
    )
    total = len(find_targets(prepared.log, to_micros(start), to_micros(end)))
    with progress_bar("choices", total) as advance:
        result = run_evaluation(
            prepared,
            engine,
            [engine],
            train_until=start,
            until=end,
            seed=seed,
            progress=lambda: advance(1),
        )
    return result, prepared


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
