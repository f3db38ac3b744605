"""Numbers out of a column, and why an entry is none."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["CAUSES", "Column", "labels", "numbers", "truths"]

Float = npt.NDArray[np.float64]

CAUSES: Final = (
    "", "missing", "infinite", "not a number", "neither 0/1 nor true/false", "complex number",
)  # fmt: skip
"""By code; 0 is a number that counts."""
_MISSING, _INFINITE, _NO_NUMBER, _NO_TRUTH, _COMPLEX = 1, 2, 3, 4, 5

_LARGEST = 1e150
"""The square of a larger number, summed, is infinite."""
_MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none", "<na>"})
_TRUTHS = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True, slots=True)
class Column:
    """Values, and for each the code of why it does not count."""

    values: Float
    """Shape (n,); NaN where the cause is not 0."""
    cause: npt.NDArray[np.int8]
    """Shape (n,), places in :data:`CAUSES`."""


def numbers(series: "pd.Series[Any]") -> Column:
    """Return the numbers of a column of any type; true and false in any case are 1 and 0.

    Empty, NA, NaN and null are missing.
    """
    return _read(series, _NO_NUMBER)


def truths(series: "pd.Series[Any]") -> Column:
    """Return the same of a column that should hold 0/1 or true/false.

    Other numbers come back as they are: a column with a 2 in it is not a proportion, and it is for
    the caller to say so.
    """
    return _read(series, _NO_TRUTH)


def _read(series: "pd.Series[Any]", otherwise: int) -> Column:
    if pd.api.types.is_complex_dtype(series.dtype):
        return _real_parts(series)
    if pd.api.types.is_numeric_dtype(series.dtype):  # booleans too
        values = np.asarray(series.to_numpy(np.float64, na_value=np.nan), np.float64)
        return _column(values, np.isnan(values), otherwise)
    texts = _texts(series)
    known = texts.str.lower().map(_TRUTHS)
    values = np.asarray(known.fillna(pd.to_numeric(texts, errors="coerce")), np.float64)
    return _column(values, _is_missing(texts), otherwise)


def _real_parts(series: "pd.Series[Any]") -> Column:
    """Return the numbers of a complex column that lie on the real line."""
    values = series.to_numpy(np.complex128)
    found = _column(values.real, np.isnan(values), _NO_NUMBER)
    cause = np.where((values.imag != 0) & ~np.isnan(values), _COMPLEX, found.cause)
    return Column(np.where(cause == 0, values.real, np.nan), cause.astype(np.int8))


def labels(series: "pd.Series[Any]") -> "pd.Series[str]":
    """Return a column as text, missing where it is empty; whole numbers have no point.

    Words such as "none" are labels like any other: a control may be called that.
    """
    if pd.api.types.is_float_dtype(series.dtype):
        values = series.to_numpy(np.float64, na_value=np.nan)
        is_whole = np.isnan(values) | (np.isfinite(values) & (values == np.floor(values)))
        if is_whole.all():
            series = pd.Series(values, index=series.index).astype("Int64").astype(object)
    is_missing = series.isna()
    texts = series.astype(object).where(~is_missing, "").map(str)
    return texts.where(texts.str.strip() != "")


def _texts(series: "pd.Series[Any]") -> "pd.Series[str]":
    is_missing = series.isna()
    return series.astype(object).where(~is_missing, "").map(str).str.strip()


def _is_missing(texts: "pd.Series[str]") -> npt.NDArray[np.bool_]:
    return texts.str.lower().isin(_MISSING_WORDS).to_numpy(np.bool_)


def _column(values: Float, is_missing: npt.NDArray[np.bool_], otherwise: int) -> Column:
    cause = np.zeros(len(values), np.int8)
    cause[np.isnan(values)] = otherwise
    cause[is_missing] = _MISSING
    cause[np.abs(values) > _LARGEST] = _INFINITE
    return Column(np.where(cause == 0, values, np.nan), cause)
