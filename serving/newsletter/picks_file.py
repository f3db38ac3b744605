"""Picks as a file: JSON lines for programs, Parquet for tables."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from recsys.errors import ConfigurationError
from recsys.newsletter.picks import Pick, unpack
from recsys.store.newsletter_store import NewsletterStore, StoredPlan
from serving.newsletter.answers import pick_lines

__all__ = ["write_picks"]

_PEOPLE_AT_ONCE = 5_000

_SCHEMA = pa.schema(
    [
        ("issue_id", pa.string()), ("revision", pa.int64()), ("employee_id", pa.string()),
        ("language", pa.string()), ("segment", pa.string()), ("skipped", pa.string()),
        ("not_before", pa.timestamp("us", tz="UTC")), ("is_personal", pa.bool_()),
        ("model_version", pa.string()), ("policy_version", pa.string()),
        ("position", pa.int32()), ("section", pa.string()), ("content_id", pa.string()),
        ("rendition_id", pa.string()), ("format", pa.string()), ("slot_type", pa.string()),
        ("score", pa.float64()), ("propensity", pa.float64()),
        ("rendition_propensity", pa.float64()), ("est_minutes", pa.float64()),
        ("reasons", pa.list_(pa.string())), ("alternates", pa.list_(pa.string())),
    ]
)  # fmt: skip
"""One row per item; whoever gets nothing has one row with a cause and no content."""

_OF_PERSON = (
    "employee_id", "language", "segment", "skipped", "not_before", "is_personal", "model_version",
    "policy_version",
)  # fmt: skip


_OF_ITEM = (
    "position", "section", "content_id", "rendition_id", "format", "slot_type", "score",
    "propensity", "rendition_propensity", "est_minutes", "reasons", "alternates",
)  # fmt: skip


def write_picks(newsletters: NewsletterStore, plan: StoredPlan, file: Path) -> int:
    """Write everybody's picks; return how many people. A file that was there is replaced whole."""
    if file.suffix not in (".jsonl", ".parquet"):
        raise ConfigurationError(f"the file {file} is of no known kind; name it .jsonl or .parquet")
    part = file.with_name(f"{file.name}.part")
    try:
        write = _write_lines if file.suffix == ".jsonl" else _write_table
        n = write(newsletters, plan, part)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return n


def _write_lines(newsletters: NewsletterStore, plan: StoredPlan, file: Path) -> int:
    n = 0
    with file.open("wb") as out:
        for line in pick_lines(newsletters, plan):
            out.write(line)
            n += 1
    return n


def _write_table(newsletters: NewsletterStore, plan: StoredPlan, file: Path) -> int:
    n, rows = 0, list[dict[str, Any]]()
    with pq.ParquetWriter(file, _SCHEMA) as writer:
        for text in newsletters.picks(plan.issue_id, plan.revision):
            rows += _rows(plan, unpack(text))
            n += 1
            if n % _PEOPLE_AT_ONCE == 0:
                writer.write_table(pa.Table.from_pylist(rows, _SCHEMA))
                rows.clear()
        writer.write_table(pa.Table.from_pylist(rows, _SCHEMA))
    return n


def _rows(plan: StoredPlan, pick: Pick) -> Iterator[dict[str, Any]]:
    about = {"issue_id": plan.issue_id, "revision": plan.revision}
    about |= {name: getattr(pick, name) for name in _OF_PERSON}
    for item in pick.items:
        yield about | {name: getattr(item, name) for name in _OF_ITEM}
    if not pick.items:
        yield about
