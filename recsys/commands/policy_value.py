"""`recsys report policy-value`: what other ways to choose renditions would have earned."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from recsys.commands._evaluating import load_dataset
from recsys.commands._shared import (
    EXIT_REJECTED,
    DatabaseOption,
    JsonOption,
    progress_bar,
    write_json,
)
from recsys.errors import DatasetError

if TYPE_CHECKING:
    from recsys.dataset.dataset import Dataset

__all__ = ["policy_value"]


def policy_value(
    *,
    days: Annotated[
        int, typer.Option(min=1, max=3_660, help="Judge the last days of the log, so many.")
    ] = 28,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder with a canonical data set; default: the store."),
    ] = None,
    database: DatabaseOption = None,
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Zone of times that carry none.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate the completions per showing of rendition policies, from showings drawn by chance.

    Compares the logging policy, an even choice, each content's most completed format and the
    engine's own choice, whose format model is fitted on what was known before these days. An
    estimate with fewer than 100 effective showings is refused.

    Example: recsys report policy-value --days 28 --json
    """
    from recsys.evaluation.formats.run import value_policies
    from recsys.evaluation.formats.walk import prepare_formats
    from recsys.evaluation.policy_report import policy_json, policy_table

    dataset, n_rejected = load_dataset(data, database, timezone)
    last = _last_event(dataset)
    since, until = last - timedelta(days=days), last + timedelta(microseconds=1)
    test = prepare_formats(dataset, train_until=since, until=until)
    with progress_bar("showings", len(test.showings)) as advance:
        found = value_policies(test, progress=advance)
    if as_json:
        write_json({"since": since.isoformat(), "until": until.isoformat()} | policy_json(found))
    else:
        Console().print(policy_table(found))
    if n_rejected:
        raise typer.Exit(EXIT_REJECTED)


def _last_event(dataset: "Dataset") -> datetime:
    times = dataset["events"]["occurred_at"]
    if times.empty:
        raise DatasetError(
            "there are no events, so no showings to judge; import a log with `recsys import`"
        )
    last: datetime = times.max().to_pydatetime()
    return last
