"""A company's data in memory: one checked frame per canonical table."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from recsys.schema import TABLES, Kind, Table

__all__ = ["ATTRIBUTES", "Dataset", "canonical_dtypes", "empty_frame"]

ATTRIBUTES = "attributes"
"""The column that keeps undeclared columns of a row, as one JSON object text."""

_DTYPES: dict[Kind, str] = {
    Kind.ID: "str",
    Kind.TEXT: "str",
    Kind.LIST: "str",  # joined by ';'
    Kind.JSON: "str",  # compact JSON text
    Kind.FLAG: "boolean",
    Kind.NUMBER: "float64",
    Kind.INTEGER: "Int64",
    Kind.TIME: "datetime64[us, UTC]",
    Kind.DATE: "datetime64[us, UTC]",
}


def canonical_dtypes(table: Table) -> dict[str, str]:
    """Return the pandas dtype of every column of a canonical frame, ``attributes`` included."""
    dtypes = {column.name: _DTYPES[column.kind] for column in table.columns}
    return dtypes | {ATTRIBUTES: "str"}


def empty_frame(table: Table) -> pd.DataFrame:
    """Return a canonical frame of ``table`` without rows."""
    return pd.DataFrame(
        {name: pd.Series([], dtype=dtype) for name, dtype in canonical_dtypes(table).items()}
    )


@dataclass(frozen=True, slots=True)
class Dataset:
    """Canonical frames by table name; a table that was not given is an empty frame.

    Every frame has all declared columns plus ``attributes``, in canonical dtypes
    (:func:`canonical_dtypes`); missing values are NA. ``events`` are ordered by ``occurred_at``,
    ties in the order of the file. Owners do not modify a frame they were handed.
    """

    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def __getitem__(self, table: str) -> pd.DataFrame:
        """Return the frame of ``table``; ``KeyError`` for an undeclared table."""
        frame = self.frames.get(table)
        return empty_frame(TABLES[table]) if frame is None else frame
