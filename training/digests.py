"""Digests of data sets: the same tables, the same digest, on any machine and in any run."""

import json
from collections.abc import Sequence
from hashlib import sha256

import numpy as np
import pandas as pd
from pandas.api import types

from recsys.dataset.dataset import Dataset
from recsys.fitting import Recipe
from training.material import Material
from training.recipe import flatten
from training.tracked import Table

__all__ = ["dataset_tables", "digest_of", "run_key", "tables_of"]

_LEARNED = ("employees", "preferences", "contents", "renditions", "events")
"""Tables a model is learned from."""

_KINDS = {
    "boolean": types.is_bool_dtype,
    "long": types.is_integer_dtype,
    "double": types.is_float_dtype,
    "datetime": types.is_datetime64_any_dtype,
}


def tables_of(material: Material) -> tuple[Table, ...]:
    """Return the tables a training run learns from; of the events those before its end."""
    events = material.dataset["events"]
    used = events[events["occurred_at"] < material.until]
    return dataset_tables(Dataset({**material.dataset.frames, "events": used}))


def dataset_tables(dataset: Dataset) -> tuple[Table, ...]:
    """Return the tables of a data set that models learn from and that have rows."""
    return tuple(_table(name, dataset[name]) for name in _LEARNED if len(dataset[name]))


def run_key(
    tables: Sequence[Table], material: Material, recipe: Recipe, seed: int, *more: str
) -> str:
    """Return what makes a run the same run, as 32 hexadecimal digits.

    Data, window, recipe and seed, and ``more``: options, the code's digest.
    """
    window = [material.split.isoformat(), material.until.isoformat()]
    return digest_of([t.digest for t in tables], window, flatten(recipe), seed, more)


def digest_of(*parts: object) -> str:
    """Return 32 hexadecimal digits that follow from values JSON can hold."""
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _table(name: str, frame: pd.DataFrame) -> Table:
    columns = {str(column): _kind(frame[column]) for column in frame.columns}
    content = sha256(json.dumps(columns).encode())
    for column in frame.columns:
        # Values that repeat are hashed once; an event's id never repeats, so looking is lost time.
        hashed = pd.util.hash_pandas_object(
            frame[column], index=False, categorize=column != "event_id"
        )
        content.update(hashed.to_numpy(np.uint64).tobytes())
    return Table(name, content.hexdigest()[:32], columns, len(frame))


def _kind(values: "pd.Series[str]") -> str:
    return next((kind for kind, is_kind in _KINDS.items() if is_kind(values.dtype)), "string")
