"""Mails in a file, for the company's own mail system."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Protocol, TextIO

import orjson

from recsys.errors import ConfigurationError
from serving.newsletter.rendering.renderer import Rendered

__all__ = ["HandOver", "opened"]

_COLUMNS = (
    "employee_id", "language", "subject", "preheader", "html", "text", "view_url",
    "unsubscribe_url",
)  # fmt: skip


class HandOver(Protocol):
    """A file that mails are written to, one after the other."""

    def write(self, mail: Rendered) -> None:
        """Add one mail."""


@contextmanager
def opened(path: Path) -> Iterator[HandOver]:
    """Open a new file by its ending: ``.jsonl``, all there is about each mail, or ``.csv``.

    The file appears whole, at the end, or not at all.

    Raises
    ------
    ConfigurationError
        For another ending.
    """
    if path.suffix not in (".jsonl", ".csv"):
        raise ConfigurationError(f"{path} ends with neither .jsonl nor .csv; one of them is needed")
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            yield _writer(path, file)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


class _Lines:
    """One JSON object a line."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, mail: Rendered) -> None:
        row = asdict(mail) | {
            "subject": mail.subject.text,
            "headers": _headers(mail.unsubscribe_url),
            "items": mail.items,
        }
        del row["mail"]
        self._file.write(orjson.dumps(row).decode() + "\n")


class _Sheet:
    """Rows under a header, for mail merges."""

    def __init__(self, file: TextIO) -> None:
        self._rows = csv.writer(file)
        self._rows.writerow(_COLUMNS)

    def write(self, mail: Rendered) -> None:
        row = asdict(mail) | {"subject": mail.subject.text}
        self._rows.writerow([row[name] for name in _COLUMNS])


def _writer(path: Path, file: TextIO) -> HandOver:
    return _Lines(file) if path.suffix == ".jsonl" else _Sheet(file)


def _headers(unsubscribe_url: str) -> dict[str, str]:
    """Return the headers that the mail system has to add (RFC 8058)."""
    if not unsubscribe_url:
        return {}
    return {
        "List-Unsubscribe": f"<{unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
