"""`recsys import`: a data set from files into the store."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.commands._shared import (
    EXIT_REJECTED,
    DatabaseOption,
    JsonOption,
    load_settings,
    progress_bar,
    write_json,
    write_table,
)

if TYPE_CHECKING:
    from recsys.commands._importing import ImportReport
    from recsys.store.port import Store

__all__ = ["DatasetFormat", "import_data"]


class DatasetFormat(StrEnum):
    """How the files of a data set are laid out."""

    CANONICAL = "canonical"
    DESKDROP = "deskdrop"


def import_data(
    directory: Annotated[Path, typer.Argument(help="Folder with events.csv, contents.csv etc.")],
    *,
    layout: Annotated[
        DatasetFormat, typer.Option("--format", help="Layout of the files.")
    ] = DatasetFormat.CANONICAL,
    timezone: Annotated[
        str | None,
        typer.Option(metavar="ZONE", help="Zone of times that carry none, e.g. Asia/Tokyo."),
    ] = None,
    encoding: Annotated[str, typer.Option(help="Encoding of the CSV files.")] = "utf-8",
    rejects: Annotated[
        Path, typer.Option(metavar="FILE", help="Where rejected rows are listed, if there are any.")
    ] = Path("rejects-import.csv"),
    database: DatabaseOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only, write nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Import a data set: CSV or Parquet files, one per table.

    A bad row never stops the import: it is listed, with file, line, column, value and what was
    expected, and the exit code is 3. Importing the same files again changes nothing. Files that
    cannot be read at all are found before anything is written.

    Example: recsys import data/ --timezone Asia/Tokyo --rejects rejects.csv
    """
    from recsys.commands._importing import import_chunks, open_files

    files = open_files(directory, layout.value, timezone=timezone, encoding=encoding)
    with progress_bar("rows", files.n_rows) as advance, _store(database, dry_run=dry_run) as store:
        report = import_chunks(
            files.chunks, store, received_at=datetime.now(UTC), rejects=rejects, advance=advance
        )
    if as_json:
        write_json(report.as_dict() | {"notes": list(files.notes), "dry_run": dry_run})
    else:
        _show(report, files.notes, dry_run=dry_run)
    if report.n_rejected:
        raise typer.Exit(EXIT_REJECTED)


@contextmanager
def _store(url: str | None, *, dry_run: bool) -> Iterator["Store | None"]:
    if dry_run:
        yield None
        return
    from recsys.store.sql_store import open_store

    store = open_store(url or load_settings().database_url)
    try:
        store.migrate()
        yield store
    finally:
        store.close()


def _show(report: "ImportReport", notes: tuple[str, ...], *, dry_run: bool) -> None:
    title = "Checked, nothing written" if dry_run else "Imported"
    fates = report.as_dict()["tables"]
    header = list(next(iter(fates.values()), {}))
    rows = [[table, *(f"{n:,}" for n in counts.values())] for table, counts in fates.items()]
    write_table(title, ["table", *header], rows)
    for note in notes:
        typer.echo(note)
    if report.rejects_file is not None:
        typer.echo(f"{report.n_rejected:,} rows were rejected, see {report.rejects_file}")
