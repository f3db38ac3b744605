"""Columns nobody declared: kept per row as one JSON object, never dropped."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from recsys.dataset.dataset import ATTRIBUTES
from recsys.dataset.parsing import Parsed, Problem, parse_column
from recsys.dataset.texts import compact_json, in_ascii, is_absent, text_series, to_mask
from recsys.schema import Column, Kind

__all__ = ["gather_attributes"]

_COLUMN = Column(ATTRIBUTES, Kind.JSON)


def gather_attributes(frame: pd.DataFrame, undeclared: list[str]) -> Parsed:
    """Return one JSON object text per row, NA for a row that has nothing undeclared.

    Absent values are left out. A column that is called ``attributes`` itself holds such objects
    already (it was written from a canonical frame); the other columns are added to them.
    Cost: one Python step per *distinct* value of an undeclared column.
    """
    members = [_members(frame[name], name) for name in undeclared if name != ATTRIBUTES]
    problems: tuple[Problem, ...] = ()
    if ATTRIBUTES in undeclared:
        given = parse_column(_COLUMN, frame[ATTRIBUTES], zone=None)
        texts = pa.array(given.values, pa.large_string())
        not_object = to_mask(pc.invert(pc.starts_with(texts, "{")))
        problems = (*given.problems, Problem(not_object, 'a JSON object such as {"floor": "3"}'))
        members.insert(0, pc.utf8_slice_codeunits(texts, 1, -1))
    if not members:
        return Parsed(pd.Series(index=range(len(frame)), dtype="str"))
    return Parsed(text_series(_joined(members)), problems)


def _joined(members: list[pa.Array]) -> pa.Array:
    nothing = pa.scalar(None, pa.large_string())
    filled = [pc.if_else(pc.equal(texts, ""), nothing, texts) for texts in members]
    # Each member brings a comma along, the last one is cut off. (Joining by "," and skipping nulls
    # would lose the rows in which all are null: Arrow 25 leaves them out of the result.)
    with_comma = [pc.binary_join_element_wise(texts, *_literals(",", "")) for texts in filled]
    inner = pc.binary_join_element_wise(*with_comma, *_literals(""), null_handling="replace")
    opening, closing, separator = _literals("{", "}", "")
    inner = pc.if_else(pc.equal(inner, ""), nothing, pc.utf8_slice_codeunits(inner, 0, -1))
    return pc.binary_join_element_wise(opening, inner, closing, separator)


def _literals(*texts: str) -> list[pa.Scalar]:
    return [pa.scalar(text, pa.large_string()) for text in texts]


def _members(column: "pd.Series[Any]", name: str) -> pa.Array:
    """Return ``"name":value`` per row as Arrow text, null where the value is absent."""
    try:
        codes, index = pd.factorize(column)
        distinct = list(index)
    except TypeError:  # lists and dictionaries have no hash to tell them apart by
        codes, distinct = np.arange(len(column)), list(column)
    key = compact_json(name)
    texts = pa.array([_member(key, value) for value in distinct], pa.large_string())
    return pc.take(texts, pa.array(codes, mask=codes < 0))


def _member(key: str, value: object) -> str | None:
    if is_absent(value) or value == "":
        return None
    try:
        return f"{key}:{compact_json(value)}"
    except (TypeError, ValueError, RecursionError):
        return f"{key}:{compact_json(in_ascii(value))}"
