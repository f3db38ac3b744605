"""Instants: aware UTC datetimes at the borders, int64 microseconds since 1970 inside."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from recsys.errors import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DAY_US",
    "HOUR_US",
    "NO_TIME",
    "SECOND_US",
    "WEEK_US",
    "from_micros",
    "parse_instant",
    "series_to_micros",
    "to_micros",
]

SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US
WEEK_US = 7 * DAY_US
NO_TIME = np.iinfo(np.int64).min
"""Stands for a missing instant; the same bits as NaT."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(at: datetime) -> int:
    """Return microseconds since 1970-01-01T00:00Z; raises on a time without a zone."""
    if at.tzinfo is None:
        raise ConfigurationError(
            f"time {at.isoformat()} has no zone; pass an aware datetime, e.g. with tzinfo=UTC"
        )
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the aware UTC datetime of ``micros``."""
    return _EPOCH + timedelta(microseconds=micros)


def parse_instant(text: str) -> datetime:
    """Read a date or an ISO 8601 time as UTC; a plain date is its midnight (for command lines)."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"{text!r} is no time; expected ISO 8601 such as 2016-10-01 or 2016-10-01T12:00:00Z"
        ) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def series_to_micros(times: "pd.Series[pd.Timestamp]") -> npt.NDArray[np.int64]:
    """Return int64 microseconds, shape (n,), of an aware datetime column; NaT gives ``NO_TIME``."""
    utc = times.dt.tz_convert("UTC").dt.tz_localize(None)
    return utc.to_numpy(dtype="datetime64[us]").view(np.int64)
