"""`recsys report policy-value`: what other policies would have earned."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from recsys.commands._challengers import open_challenger
from recsys.commands._evaluating import load_dataset
from recsys.commands._shared import (
    EXIT_REJECTED,
    DatabaseOption,
    DataOption,
    JsonOption,
    ModelsOption,
    load_settings,
    progress_bar,
    write_json,
)
from recsys.errors import ConfigurationError, DatasetError

if TYPE_CHECKING:
    from recsys.dataset.dataset import Dataset
    from recsys.evaluation.slates.run import SlateValues
    from recsys.model import Model

__all__ = ["policy_value"]


def policy_value(
    *,
    days: Annotated[
        int, typer.Option(min=1, max=3_660, help="Judge the last days of the log, so many.")
    ] = 28,
    data: DataOption = None,
    database: DatabaseOption = None,
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Zone of times that carry none.")
    ] = None,
    models_dir: ModelsOption = None,
    challenger: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION|PATH",
            help="Another model: a version of the model store, or a saved engine.",
        ),
    ] = None,
    clip: Annotated[
        float | None,
        typer.Option(min=1e-9, metavar="WEIGHT", help="Largest weight; biases towards 0."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate what other policies would have earned, from what was drawn by chance.

    Completions per showing of rendition policies: the logging policy, an even choice, each
    content's most completed format, the engine's own choice, whose format model is fitted on what
    was known before these days, and the challenger's. With a challenger and the store also what it
    would have drawn for the slots that explore, and whole slates where all slots were drawn. It is
    judged only on days that it has not learned from. An estimate that the log does not support is
    refused, with its reason.

    Example: recsys report policy-value --days 28 --challenger 20261130-0a1b2c3d4e --json
    """
    from recsys.evaluation.formats.run import value_policies
    from recsys.evaluation.formats.walk import prepare_formats
    from recsys.evaluation.policy_report import policy_json, policy_table
    from recsys.evaluation.slates.report import explore_json, slates_tables, whole_json
    from recsys.formats.tastes import FormatTastes

    dataset, n_rejected = load_dataset(data, database, timezone)
    last = _last_event(dataset)
    since, until = last - timedelta(days=days), last + timedelta(microseconds=1)
    model = None
    if challenger is not None:
        model = open_challenger(challenger, models_dir or load_settings().models_dir)
        since = _unknown_to(model, since, until)
    test = prepare_formats(dataset, train_until=since, until=until)
    tastes = None if model is None else FormatTastes(model.tastes, test.state)
    with progress_bar("showings", len(test.showings)) as advance:
        found = value_policies(test, challenger=tastes, clip=clip, progress=advance)
    slates = None
    if model is not None and data is None:
        slates = _value_slates(dataset, database, model, since, until, clip)
    if as_json:
        write_json(
            {"since": since.isoformat(), "until": until.isoformat()}
            | policy_json(found)
            | {
                "explore_slots": None if slates is None else explore_json(slates.explored),
                "whole_slates": None if slates is None else whole_json(slates.whole),
            }
        )
    else:
        Console().print(policy_table(found))
        if slates is not None:
            Console().print(*slates_tables(slates.explored, slates.whole))
    if n_rejected:
        raise typer.Exit(EXIT_REJECTED)


def _unknown_to(model: "Model", since: datetime, until: datetime) -> datetime:
    """Return from when on a model has learned from nothing that is judged; ``since`` or later."""
    if model.trained_until >= until:
        raise ConfigurationError(
            f"the challenger {model.version} learned from everything before "
            f"{model.trained_until.isoformat()}, and the log ends before that: on what it knows it "
            "cannot be judged; train one on less with `recsys train --until`"
        )
    return max(since, model.trained_until)


def _value_slates(
    dataset: "Dataset", database: str | None, model: "Model", since: datetime, until: datetime,
    clip: float | None,
) -> "SlateValues":  # fmt: skip
    from contextlib import closing

    from recsys.audience.named import read_named_segments
    from recsys.evaluation.slates.run import value_slates
    from recsys.slate.recipe import read_slate_recipe
    from recsys.store.database import Database
    from recsys.store.slate_log import SlateLog

    settings = load_settings()
    with closing(Database(database or settings.database_url)) as opened:
        log = SlateLog(opened)
        with progress_bar("slates", log.count_between(since, until)) as advance:
            return value_slates(
                dataset, log, model, read_slate_recipe(settings.slate), since=since, until=until,
                named=read_named_segments(settings.segments), clip=clip, progress=advance,
            )  # fmt: skip


def _last_event(dataset: "Dataset") -> datetime:
    times = dataset["events"]["occurred_at"]
    if times.empty:
        raise DatasetError(
            "there are no events, so no showings to judge; import a log with `recsys import`"
        )
    last: datetime = times.max().to_pydatetime()
    return last
