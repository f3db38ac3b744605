"""Text → instants, a whole column at a time."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from recsys.dataset.texts import Mask, text_series, to_mask
from recsys.errors import ConfigurationError
from recsys.times import NO_TIME, series_to_micros

__all__ = ["ParsedTimes", "load_zone", "parse_times"]

_DAY = r"^\d{4}-\d{2}-\d{2}"
_CLOCK = r"[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?"
_ZONED = f"{_DAY}{_CLOCK}(Z|[+-]\\d{{2}}(:?\\d{{2}})?)$"
_NAIVE = f"{_DAY}{_CLOCK}$"
_PLAIN_DAY = f"{_DAY}([T ]00:00(:00(\\.0+)?)?)?$"
"""A day, also as the midnight that a data frame makes of it."""


@dataclass(frozen=True, slots=True)
class ParsedTimes:
    """``micros``: int64 microseconds UTC, shape (n,), ``NO_TIME`` where none could be read.

    ``naive`` marks times without a zone that none was given for, ``skipped`` local times that the
    clocks jump over; both have no instant.
    """

    micros: npt.NDArray[np.int64]
    naive: Mask
    skipped: Mask


def load_zone(name: str | None) -> ZoneInfo | None:
    """Return the time zone ``name``; :class:`ConfigurationError` if there is none such."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; malformed; a folder of zones
        raise ConfigurationError(
            f"{name!r} is no time zone; expected an IANA name such as Asia/Tokyo or UTC"
        ) from None


def parse_times(texts: pa.Array, *, zone: ZoneInfo | None, allow_days: bool) -> ParsedTimes:
    """Read ISO 8601 times, shape (n,), Arrow text; fractions beyond a microsecond are cut off.

    A local time that occurs twice, when clocks are set back, is taken as its first occurrence.
    With ``allow_days`` a day stands for its midnight in UTC, whatever ``zone`` says.
    """
    texts = _cut_fraction(pc.ascii_upper(texts))
    zoned = to_mask(pc.match_substring_regex(texts, _ZONED))
    naive = to_mask(pc.match_substring_regex(texts, _NAIVE))
    micros = _instants(texts, zoned)
    skipped = np.zeros(len(zoned), np.bool_)
    if allow_days:
        days = to_mask(pc.match_substring_regex(texts, _PLAIN_DAY))
        micros = np.where(days, _instants(texts, days), micros)
        naive &= ~days
    if zone is not None and naive.any():
        local, skipped = _local_instants(texts, naive, zone)
        micros = np.where(naive, local, micros)
        naive = np.zeros(len(zoned), np.bool_)
    return ParsedTimes(micros, naive, skipped)


def _cut_fraction(texts: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(texts, r"(\.\d{6})\d+", r"\1")


def _read(texts: pa.Array, chosen: Mask, *, utc: bool) -> "pd.Series[pd.Timestamp]":
    only = text_series(pc.if_else(pa.array(chosen), texts, pa.scalar(None, pa.large_string())))
    return pd.to_datetime(only, format="ISO8601", utc=utc, errors="coerce")


def _instants(texts: pa.Array, chosen: Mask) -> npt.NDArray[np.int64]:
    if not chosen.any():
        return np.full(len(chosen), NO_TIME, np.int64)
    return series_to_micros(_read(texts, chosen, utc=True))


def _local_instants(
    texts: pa.Array, chosen: Mask, zone: ZoneInfo
) -> tuple[npt.NDArray[np.int64], Mask]:
    local = _read(texts, chosen, utc=False)
    first = np.ones(len(local), np.bool_)  # of two occurrences: the one in summer time
    instants = local.dt.tz_localize(zone, ambiguous=first, nonexistent="NaT")
    skipped: Mask = (instants.isna() & local.notna()).to_numpy()
    return series_to_micros(instants), skipped
