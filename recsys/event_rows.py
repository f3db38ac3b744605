"""From callers' events to columns of numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from recsys.answers import Rejected
from recsys.borders import checked_rows
from recsys.catalogue.catalogue import Catalogue
from recsys.event_columns import EventColumns
from recsys.plain_events import encode_plain, read_plain

__all__ = ["encode_events"]


def encode_events(
    rows: pd.DataFrame | Sequence[Mapping[str, Any]], catalogue: Catalogue
) -> tuple[EventColumns, tuple[Rejected, ...]]:
    """Return the good events as columns, giving new ids their indices, and the bad rows.

    What is good is for :func:`recsys.dataset.validation.validate` to say. Dicts are first read by
    :func:`recsys.plain_events.read_plain`, in 15 µs for one where the check of whole columns takes
    milliseconds to set out; at the first value that is not plain it leaves the batch to that check.

    Raises :class:`recsys.errors.DatasetError` where two columns have one name.
    """
    if isinstance(rows, list | tuple):
        plain = read_plain(rows)
        if plain is not None:
            return encode_plain(plain, catalogue), ()
    frame, rejects = checked_rows("events", rows)
    return catalogue.encode(frame), rejects
