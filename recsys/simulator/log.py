"""The buffer the simulation writes its rows into, column by column."""

from typing import cast

import numpy as np

from recsys.kernels import kernel
from recsys.schema import DISMISS_REASONS, EVENT_TYPES, SHARE_REASONS
from recsys.simulator.traits import Records

__all__ = ["LOG", "REASONS", "constant", "event_kind", "note"]

REASONS: tuple[str, ...] = (*SHARE_REASONS, *DISMISS_REASONS, "propose")
"""What a reason code means."""


LOG = np.dtype(
    [
        ("time", np.int64),  # microseconds since 1970
        ("propensity", np.float64),
        ("rendition_propensity", np.float64),
        ("dwell", np.float64),  # seconds
        ("progress", np.float64),
        ("employee", np.int32),
        ("content", np.int32),
        ("rendition", np.int32),
        ("visit", np.int32),
        ("p_looked", np.float32),  # planted truth of impressions, never part of the dataset
        ("p_open", np.float32),
        ("p_complete", np.float32),
        ("position", np.int16),  # 0 for none
        ("kind", np.int8),  # index into EVENT_TYPES
        ("page", np.int8),  # page of the visit, −1 for what came by a link
        ("reason", np.int8),  # index into REASONS, −1 for none
    ],
    align=True,
)
"""One record per event under construction; missing numbers are NaN."""


def constant(value: int) -> int:
    """Return ``value`` as a NumPy number for use in kernels.

    Numba takes a plain constant for a type of its own and compiles whatever it is passed to once
    for each value; with NumPy numbers the simulation compiles in half the time.
    """
    return cast("int", np.int64(value))


def event_kind(event_type: str) -> int:
    """Return the code of an event type, for kernels."""
    return constant(EVENT_TYPES.index(event_type))


@kernel
def note(
    log: Records, row: int, time: int, kind: int, employee: int, content: int, rendition: int,
    visit: int, page: int,
) -> int:  # fmt: skip
    """Write one row without numbers; return the index of the next row."""
    entry = log[row]
    entry["time"] = time
    entry["kind"] = kind
    entry["employee"] = employee
    entry["content"] = content
    entry["rendition"] = rendition
    entry["visit"] = visit
    entry["page"] = page
    entry["position"] = 0
    entry["reason"] = -1
    entry["propensity"] = np.nan
    entry["rendition_propensity"] = np.nan
    entry["dwell"] = np.nan
    entry["progress"] = np.nan
    entry["p_looked"] = np.nan
    entry["p_open"] = np.nan
    entry["p_complete"] = np.nan
    return row + 1
