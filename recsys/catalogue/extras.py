"""Columns that a company brought beyond the declared ones, as attributes with a text each."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.ids import UNKNOWN_INDEX, IdMap

__all__ = ["MOST_EXTRAS", "extra_codes"]

MOST_EXTRAS = 200
"""Names beyond these are left out, first come first kept: personnel systems export some dozens of
columns, and a name costs four bytes for every version of every employee."""

_LONGEST_TEXT = 500
"""Characters; a longer value is a note and not an attribute."""


def extra_codes(
    objects: "pd.Series[str]", maps: Callable[[str], IdMap | None]
) -> dict[str, npt.NDArray[np.int32]]:
    """Return by name the value index of each row, int32, shape (n,), −1 where there is none.

    Parameters
    ----------
    objects
        One JSON object text per row (:data:`recsys.dataset.dataset.ATTRIBUTES`), or missing.
    maps
        The id map of an attribute, which is given the new values; None if it is not wanted.

    Notes
    -----
    Flags become ``true`` and ``false``, whole numbers lose their ``.0`` (a column with gaps has
    been through floats), a list of such values counts as one attribute with several values. What
    is nested otherwise, empty or longer than 500 characters is left out: no rule could mean it.
    Cost: 2 µs a value, of each distinct object once.
    """
    place, distinct = pd.factorize(objects)
    found: dict[str, npt.NDArray[np.int32]] = {}
    numbers: dict[str, IdMap | None] = {}
    for row, text in enumerate(distinct.tolist()):
        for name, value in _members(text):
            if name not in numbers:
                numbers[name] = maps(name)
            values, told = numbers[name], _as_text(value)
            if values is None or not told:
                continue
            if name not in found:
                found[name] = np.full(len(distinct) + 1, UNKNOWN_INDEX, np.int32)
            found[name][row] = values.add(told)
    return {name: codes[place] for name, codes in found.items()}  # −1 takes the appended one


def _members(text: str) -> list[tuple[str, Any]]:
    loaded = json.loads(text)  # what is stored is JSON; a faster reader loses digits of long ids
    return list(loaded.items()) if isinstance(loaded, dict) else []


def _as_text(value: object) -> str:
    """Return a value as rules compare it; empty for what is left out."""
    if isinstance(value, list):
        parts = [_as_text(part) for part in value if not isinstance(part, list)]
        told = ";".join(part for part in parts if part)
    elif isinstance(value, bool):
        told = str(value).lower()
    elif isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        told = str(int(value))
    elif isinstance(value, str | int | float):
        told = str(value)
    else:
        told = ""
    return told if len(told) <= _LONGEST_TEXT else ""
