"""Canonical frames to database values and back, column by column.

A database value is a Python ``str``, ``bool``, ``int``, ``float`` or ``None`` for a missing one;
times are integer microseconds UTC.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from recsys.dataset.dataset import canonical_dtypes
from recsys.schema import Column, Kind, Table
from recsys.store.tables import stored_columns
from recsys.times import series_to_micros

__all__ = ["Row", "Value", "to_columns", "to_frame"]

Value: TypeAlias = str | bool | int | float | None
Row: TypeAlias = tuple[Value, ...]


def to_columns(table: Table, frame: pd.DataFrame) -> list[list[Value]]:
    """Return one list of database values per stored column of ``table``, each of ``len(frame)``.

    ``frame`` is canonical; a column that is missing or of another type raises (``KeyError``,
    ``TypeError`` or ``ValueError``), because checking rows is the importer's work.
    """
    columns, dtypes = stored_columns(table), canonical_dtypes(table)
    canonical = frame.astype({column.name: dtypes[column.name] for column in columns})
    return [_values(column, canonical[column.name]) for column in columns]


def _values(column: Column, series: "pd.Series[Any]") -> list[Value]:
    missing = series.isna().to_numpy()
    if missing.all():
        return [None] * len(series)
    values = _plain(column.kind, series, missing).astype(object)
    values[missing] = None
    plain: list[Value] = values.tolist()
    return plain


def _plain(
    kind: Kind, series: "pd.Series[Any]", missing: npt.NDArray[np.bool_]
) -> npt.NDArray[np.generic]:
    """Return an array of the plain NumPy type; where ``missing`` it holds anything."""
    if kind in (Kind.TIME, Kind.DATE):
        return series_to_micros(series)
    if kind is Kind.INTEGER:  # not through floats: they would round beyond 2**53
        return series.where(~missing, 0).to_numpy(np.int64)
    if kind is Kind.FLAG:
        return series.where(~missing, False).to_numpy(np.bool_)
    return series.to_numpy(np.float64 if kind is Kind.NUMBER else object)


def to_frame(table: Table, columns: Sequence[Sequence[Any]]) -> pd.DataFrame:
    """Return a canonical frame of database values given per stored column (all of one length)."""
    dtypes = canonical_dtypes(table)
    named = zip(stored_columns(table), columns, strict=True)
    return pd.DataFrame({c.name: _series(c, values, dtypes[c.name]) for c, values in named})


def _series(column: Column, values: Sequence[Any], dtype: str) -> "pd.Series[Any]":
    if column.kind in (Kind.TIME, Kind.DATE):  # pandas alone would go through nanoseconds
        times: pd.Series[Any] = pa.array(values, pa.timestamp("us", tz="UTC")).to_pandas()
        return times
    return pd.Series(values, dtype=dtype)
