"""From canonical frames to arrays, and arrays that grow by index."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.ids import UNKNOWN_INDEX
from recsys.times import series_to_micros

__all__ = ["GrowingColumns", "flags", "id_codes", "micros", "numbers", "texts"]


_LARGEST = float(np.finfo(np.float32).max)


def micros(column: "pd.Series[pd.Timestamp]") -> npt.NDArray[np.int64]:
    """Return int64 microseconds, ``NO_TIME`` where missing."""
    return series_to_micros(column)


def flags(column: "pd.Series[bool]", *, default: bool = False) -> npt.NDArray[np.bool_]:
    """Return bool, ``default`` where missing."""
    return column.fillna(default).to_numpy(dtype=np.bool_)


def numbers(column: "pd.Series[float]") -> npt.NDArray[np.float32]:
    """Return float32, NaN where missing; what is beyond its range is the largest it has."""
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.clip(values, -_LARGEST, _LARGEST).astype(np.float32)


def texts(column: "pd.Series[str]") -> list[str]:
    """Return a list of strings, empty where missing."""
    return column.fillna("").tolist()


def id_codes(
    column: "pd.Series[str]", choices: Sequence[str], *, default: str | None = None
) -> npt.NDArray[np.int8]:
    """Return int8 positions in ``choices``; missing gives ``default``'s, or −1."""
    filled = column if default is None else column.fillna(default)
    return pd.Categorical(filled, categories=list(choices)).codes.astype(np.int8)


class GrowingColumns:
    """Named arrays of equal length that grow as indices appear; new rows hold the default."""

    def __init__(self, columns: dict[str, tuple[type[np.generic], object]]) -> None:
        self._defaults = {name: default for name, (_, default) in columns.items()}
        self._arrays: dict[str, npt.NDArray[np.generic]] = {
            name: np.zeros(0, dtype) for name, (dtype, _) in columns.items()
        }

    def view(self, name: str, n_rows: int) -> npt.NDArray[np.generic]:
        """Return rows 0..n_rows−1 of a column."""
        return self._reserved(name, n_rows)[:n_rows]

    def put(self, name: str, rows: npt.NDArray[np.int32], values: npt.NDArray[np.generic]) -> None:
        """Set ``values`` at ``rows``; none of the rows may be ``UNKNOWN_INDEX``."""
        if len(rows):
            assert rows.min() > UNKNOWN_INDEX
            self._reserved(name, int(rows.max()) + 1)[rows] = values

    def _reserved(self, name: str, n_rows: int) -> npt.NDArray[np.generic]:
        array = self._arrays[name]
        if len(array) < n_rows:
            grown = np.full(max(n_rows, 2 * len(array)), self._defaults[name], array.dtype)
            grown[: len(array)] = array
            self._arrays[name] = array = grown
        return array
