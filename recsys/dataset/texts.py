"""Any column as text: the one form in which every kind of value is checked.

A column from a CSV file is text already; from JSON or a data frame it holds Python objects. Both
become one Arrow text array, so that there is a single grammar per kind and no second, laxer one.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from recsys.schema import Kind

__all__ = [
    "Mask",
    "Texts",
    "compact_json",
    "in_ascii",
    "is_absent",
    "text_series",
    "to_mask",
    "to_texts",
]

Mask = npt.NDArray[np.bool_]

_INTEGRAL_KINDS = "iu"
"""NumPy's letters for signed and unsigned integers."""

_TEXT_WITH_GAPS = frozenset({str, type(None), float, type(pd.NaT), type(pd.NA)})
"""Types of a text column's objects; a float is NaN there, for nothing."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A column as text.

    ``values`` is an Arrow large_string array, shape (n,), null where nothing was given or where
    the value has no text; ``unsuitable`` marks the latter: a dictionary in a text column, an id
    that has been through a float.
    """

    values: pa.Array
    unsuitable: Mask


def to_mask(condition: pa.Array) -> Mask:
    """Return an Arrow boolean array as a NumPy one; null counts as false."""
    mask: Mask = pc.fill_null(condition, False).to_numpy(zero_copy_only=False)
    return mask


def text_series(values: pa.Array) -> "pd.Series[str]":
    """Return an Arrow text array as a pandas column of dtype ``str``."""
    column: pd.Series[str] = values.to_pandas()
    return column.astype("str") if column.dtype != "str" else column


def is_absent(value: object) -> bool:
    """Say whether a single Python value stands for nothing: None, NaN, NaT or NA."""
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    if isinstance(value, float | np.floating):
        return bool(np.isnan(value))
    return isinstance(value, np.datetime64) and bool(np.isnat(value))


def in_ascii(value: object) -> str:
    """Return ``ascii(value)``, or its type where Python refuses: whole numbers without end."""
    try:
        return ascii(value)
    except (ValueError, RecursionError):
        return f"<{type(value).__name__}>"


def to_texts(column: "pd.Series[Any]", kind: Kind) -> Texts:
    """Return ``column`` as text for a column of ``kind``; cost is a Python step per object only.

    Text, whole numbers and flags are converted in compiled code. Times become ISO 8601, lists are
    joined by ``;`` and objects become JSON, each only where ``kind`` can hold them.
    """
    dtype: Any = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return to_texts(column.astype(dtype.categories.dtype), kind)
    if isinstance(dtype, pd.StringDtype) or dtype.kind in _INTEGRAL_KINDS:
        try:
            values = pc.cast(_combined(pa.array(column)), pa.large_string())
            return Texts(values, np.zeros(len(column), np.bool_))
        except UnicodeEncodeError:
            pass  # half a surrogate pair, found one by one below
    objects = column.astype(object)
    plain = _plain_texts(objects)
    return _objects_to_texts(objects, kind) if plain is None else plain


def _combined(array: pa.Array) -> pa.Array:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _plain_texts(objects: "pd.Series[Any]") -> Texts | None:
    """Return a column of text with gaps, in compiled code; None if it holds anything else."""
    values = objects.to_numpy()
    if not _TEXT_WITH_GAPS.issuperset(map(type, values)):  # subclasses may print as they like
        return None
    try:
        texts = pa.array(values, pa.large_string(), from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):
        return None  # a float that is a number, half a surrogate pair
    return Texts(texts, np.zeros(len(values), np.bool_))


def _objects_to_texts(values: Iterable[object], kind: Kind) -> Texts:
    convert = _CONVERTERS.get(kind, _scalar_text)
    found = [None if is_absent(value) else _encodable(convert, value) for value in values]
    unsuitable = np.fromiter((text is _NO_TEXT for text in found), np.bool_, len(found))
    texts = [None if text is _NO_TEXT else text for text in found]
    return Texts(pa.array(texts, pa.large_string()), unsuitable)


class _NoText:
    """The answer for a value that has no text in this kind of column."""


_NO_TEXT = _NoText()


def _encodable(convert: Callable[[object], str | _NoText], value: object) -> str | _NoText:
    text = convert(value)
    if isinstance(text, str) and not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return _NO_TEXT
    return text


def _scalar_text(value: object) -> str | _NoText:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, date):
        return _time_text(value)
    if isinstance(value, int | float | np.number):
        return _number_text(value)
    return str(value) if isinstance(value, Decimal | np.datetime64) else _NO_TEXT


def _number_text(value: float | np.number[Any]) -> str | _NoText:
    number = value.item() if isinstance(value, np.number) else value
    if isinstance(number, float):
        # Whole numbers with gaps arrive as floats; 3.0 means 3.
        return str(int(number)) if abs(number) < 2**53 and number % 1 == 0 else repr(number)
    # Python refuses to write integers of thousands of digits; 64 bits and some are plenty here.
    is_writable = isinstance(number, int) and number.bit_length() <= 128
    return str(number) if is_writable else _NO_TEXT


def _time_text(value: date) -> str | _NoText:
    if not isinstance(value, datetime) or value.utcoffset() is None:
        return value.isoformat()
    try:
        return value.astimezone(UTC).isoformat()  # historic offsets have seconds, ISO 8601 has not
    except OverflowError:
        return _NO_TEXT


def _id_text(value: object) -> str | _NoText:
    """Refuse floats: beyond 2**53 they are another id already, below they gain a ``.0``."""
    if isinstance(value, bool | np.bool_ | float | np.floating):
        return _NO_TEXT
    return _scalar_text(value)


def _list_text(value: object) -> str | _NoText:
    if not isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return _scalar_text(value)
    members = list(np.atleast_1d(value)) if isinstance(value, np.ndarray) else list(value)
    texts = [_scalar_text(member) for member in members if not is_absent(member)]
    if any(isinstance(text, _NoText) for text in texts):
        return _NO_TEXT
    return ";".join(str(text) for text in texts)


def _json_text(value: object) -> str | _NoText:
    if isinstance(value, str):
        return str(value)
    try:
        return compact_json(value)
    except (TypeError, ValueError, RecursionError):
        return _NO_TEXT


_CONVERTERS: dict[Kind, Callable[[object], str | _NoText]] = {
    Kind.ID: _id_text,
    Kind.LIST: _list_text,
    Kind.JSON: _json_text,
}


def compact_json(value: object) -> str:
    """Return ``value`` as strict JSON without spaces.

    Raises ``TypeError`` or ``ValueError`` (NaN, a circular or too deep object, half a surrogate
    pair) where JSON has no such value.
    """
    text = json.dumps(
        value, default=_json_default, allow_nan=False, ensure_ascii=False, separators=(",", ":")
    )
    text.encode()
    return text


def _json_default(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
