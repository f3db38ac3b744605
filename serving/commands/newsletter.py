"""`recsys newsletter`: plan an issue, look at it, take its picks."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.commands._shared import (
    EXIT_FAILED,
    DatabaseOption,
    JsonOption,
    ModelsOption,
    load_settings,
    progress_bar,
    write_json,
    write_table,
)
from recsys.errors import ConfigurationError
from serving.commands.mailing import preview, render, send

if TYPE_CHECKING:
    from recsys.settings import Settings
    from recsys.store.newsletter_store import NewsletterStore, StoredPlan
    from serving.newsletter.plan_models import PlanBody

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, help="Plan an issue of the newsletter, look at it, take its picks."
)

IssueArgument = Annotated[str, typer.Argument(help="The editors' name for the issue.")]
RevisionOption = Annotated[
    int | None, typer.Option("--revision", min=1, help="Default: the newest.")
]


@app.command()
def plan(
    issue: IssueArgument,
    file: Annotated[
        Path, typer.Argument(metavar="PLAN.json", help="As POST /v1/newsletters/{issue}/plan.")
    ],
    *,
    processes: Annotated[
        int | None, typer.Option(min=1, max=64, help="Each holds the whole state; default 2.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say which quotas cannot be met for how many.")
    ] = False,
    database: DatabaseOption = None,
    models_dir: ModelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pick for everybody in the audience; run again after an interruption, it goes on.

    What nobody can be given is refused, exit code 1; what only some people lack is told as notes.

    Example: recsys newsletter plan 2026-w27 plan.json
    """
    from datetime import UTC, datetime

    from serving.newsletter.job import N_PROCESSES, work_on

    settings, body = _settings(database, models_dir), _read(file)
    if check:
        _check(settings, issue, body, as_json=as_json)
        return
    body = _with_variants(settings, body)
    with _newsletters(settings) as newsletters:
        newsletters.add(issue, body.revision, body.model_dump_json(), datetime.now(UTC))
    with progress_bar("picking", 0) as shown:
        done = 0

        def tell(now_done: int, _total: int) -> None:
            nonlocal done
            shown(now_done - done)
            done = now_done

        stored = work_on(
            settings, issue, body.revision, n_processes=processes or N_PROCESSES, progress=tell
        )
    _show(stored, as_json=as_json)
    if stored.status == "failed":
        raise typer.Exit(EXIT_FAILED)


app.command()(render)
app.command()(preview)
app.command()(send)


@app.command()
def status(
    issue: IssueArgument,
    *,
    revision: RevisionOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how far the plan of an issue is, and what the editors should know about it.

    Example: recsys newsletter status 2026-w27
    """
    with _newsletters(_settings(database)) as newsletters:
        _show(_found(newsletters, issue, revision), as_json=as_json)


@app.command()
def picks(
    issue: IssueArgument,
    *,
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="A .jsonl or a .parquet file.")
    ],
    revision: RevisionOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write who gets what, one person a line of JSON, or one item a row of Parquet.

    It is personal: keep it as such. What goes out by mail is checked once more.

    Example: recsys newsletter picks 2026-w27 --output picks.parquet
    """
    from serving.newsletter.picks_file import write_picks

    with _newsletters(_settings(database)) as newsletters:
        found = _found(newsletters, issue, revision)
        n = write_picks(newsletters, found, output)
    if as_json:
        write_json(
            {"issue_id": issue, "revision": found.revision, "file": str(output), "people": n}
        )
    else:
        write_table("Picks", ["file", "people"], [[str(output), f"{n:,}"]])


@app.command()
def summary(
    issue: IssueArgument,
    *,
    revision: RevisionOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an issue in numbers; groups below ten people are hidden.

    Example: recsys newsletter summary 2026-w27
    """
    from recsys.newsletter.picks import unpack
    from recsys.newsletter.summary import summarize
    from serving.newsletter.answers import SummaryAnswer

    with _newsletters(_settings(database)) as newsletters:
        found = _found(newsletters, issue, revision)
        kept = newsletters.picks(found.issue_id, found.revision)
        numbers = summarize(unpack(text) for text in kept)
    answer = SummaryAnswer.of(found, numbers).model_dump(mode="json")
    if as_json:
        write_json(answer)
        return
    rows = []
    for name, value in answer.items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        rows += [[f"{name} {part}".strip(), _said(number)] for part, number in list(parts)[:20]]
    write_table(f"Issue {issue}, revision {found.revision}", ["what", "number"], rows)


def _said(number: object) -> str:
    if number is None:
        return "hidden"
    return f"{number:,}" if isinstance(number, int | float) else str(number)


def _show(plan: "StoredPlan", *, as_json: bool) -> None:
    from serving.newsletter.answers import PlanAnswer

    answer = PlanAnswer.of(plan).model_dump(mode="json")
    if as_json:
        write_json(answer)
        return
    notes = answer.pop("notes")
    rows = [[name, "" if value is None else str(value)] for name, value in answer.items()]
    write_table("Plan", ["", ""], rows + [["note", note] for note in notes])


def _check(settings: "Settings", issue: str, body: "PlanBody", *, as_json: bool) -> None:
    from serving.newsletter.job import explain_plan

    notes, is_possible = explain_plan(settings, issue, body)
    if as_json:
        write_json({"issue_id": issue, "is_possible": is_possible, "notes": notes})
    else:
        write_table("Plan", ["what cannot be met"], [[note] for note in notes or ["nothing"]])
    if not is_possible:
        raise typer.Exit(EXIT_FAILED)


def _read(file: Path) -> "PlanBody":
    from pydantic import ValidationError

    from serving.newsletter.plan_models import PlanBody

    try:
        return PlanBody.model_validate_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"there is no plan {file}; expected a JSON file") from None
    except ValidationError as error:
        faults = [(".".join(map(str, e["loc"])) or "the plan", e["msg"]) for e in error.errors()]
        told = "; ".join(f"{at}: {said.removeprefix('Value error, ')}" for at, said in faults)
        raise ConfigurationError(f"the plan {file} cannot be used: {told}") from None


def _settings(database: str | None, models_dir: Path | None = None) -> "Settings":
    given = {"database_url": database, "models_dir": models_dir}
    changed = {name: value for name, value in given.items() if value is not None}
    return load_settings().model_copy(update=changed)


def _with_variants(settings: "Settings", body: "PlanBody") -> "PlanBody":
    """Return a plan with what the variants of its experiment replace."""
    from experiments.running.lifecycle import Experiments
    from recsys.store.database import Database
    from recsys.store.experiment_store import ExperimentStore
    from serving.newsletter.variants import with_variants

    if body.experiment is None:
        return body
    with closing(Database(settings.database_url)) as database:
        return with_variants(body, Experiments(ExperimentStore(database), settings.models_dir))


@contextmanager
def _newsletters(settings: "Settings") -> "Iterator[NewsletterStore]":
    from recsys.store.database import Database
    from recsys.store.newsletter_store import NewsletterStore
    from recsys.store.sql_store import SqlStore

    database = Database(settings.database_url)
    with closing(SqlStore(database)) as store:
        store.migrate()
        yield NewsletterStore(database)


def _found(newsletters: "NewsletterStore", issue: str, revision: int | None) -> "StoredPlan":
    found = newsletters.find(issue, revision)
    if found is None:
        raise ConfigurationError(
            f"there is no plan for issue {issue!r}; make one with `recsys newsletter plan`"
        )
    return found
