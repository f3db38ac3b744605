"""Rows from callers: checked into canonical frames, the bad ones named."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from recsys.answers import Rejected
from recsys.dataset.validation import frame_of, validate
from recsys.schema import TABLES

__all__ = ["checked_rows"]


def checked_rows(
    table: str, rows: pd.DataFrame | Sequence[Mapping[str, Any]]
) -> tuple[pd.DataFrame, tuple[Rejected, ...]]:
    """Return the good rows as a canonical frame, and the bad ones with their place in ``rows``.

    Dicts may leave out what they do not have; a row without a required value is a bad row.
    """
    declared = TABLES[table]
    frame = rows if isinstance(rows, pd.DataFrame) else frame_of(rows)
    missing = [name for name in declared.required_names if name not in frame.columns]
    if missing:
        frame = frame.assign(**dict.fromkeys(missing))
    checked = validate(declared, frame)
    rejects = tuple(Rejected(r.row, r.column, r.value, r.expected) for r in checked.rejects)
    return checked.frame, rejects
