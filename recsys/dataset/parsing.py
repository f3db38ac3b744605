"""One column, checked: canonical values, and what was expected where a value is bad."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from recsys.dataset.instants import ParsedTimes, parse_times
from recsys.dataset.texts import Mask, Texts, compact_json, text_series, to_mask, to_texts
from recsys.schema import Column, Kind
from recsys.times import NO_TIME, series_to_micros, to_micros

__all__ = ["EARLIEST", "END", "LARGEST_WHOLE", "LONGEST_ID", "Parsed", "Problem", "parse_column"]

EARLIEST = to_micros(datetime(1970, 1, 1, tzinfo=UTC))
END = to_micros(datetime(2201, 1, 1, tzinfo=UTC))
"""Outside these years a time is a typing error or a placeholder such as 9999-12-31."""

LARGEST_WHOLE = 2.0**53
"""Up to here every whole number is a float of its own."""

LONGEST_ID = 400
"""Characters of an id: what an address can carry, and two together what an index entry of
PostgreSQL holds (2,704 bytes), unless most take four bytes."""

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_SPREADSHEET_NUMBER = r"^-?\d(\.\d+)?[eE]\+\d+$"
"""What a spreadsheet makes of a long id, 1.23E+18: the digits are lost."""

_TRUE = ("true", "yes", "1", "1.0")
_FALSE = ("false", "no", "0", "0.0")

_ZONED_TIME = "a time with a zone, ISO 8601, e.g. 2026-05-01T09:00:00Z"
_DAY_OR_TIME = f"a day such as 2026-05-01, or {_ZONED_TIME}"
_ID_AS_TEXT = "an id as text; read ids as strings, never as numbers (floats lose digits)"
_SHORT_ID = f"an id of at most {LONGEST_ID} characters"
_CLEAN_TEXT = "text without NUL characters or halves of surrogate pairs"


@dataclass(frozen=True, slots=True)
class Problem:
    """Rows in which a value is bad (mask, shape (n,)) and what was expected instead."""

    mask: Mask
    expected: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A column in its canonical dtype, shape (n,), NA where nothing was given or it was bad."""

    values: "pd.Series[Any]"
    problems: tuple[Problem, ...] = ()


def parse_column(column: Column, raw: "pd.Series[Any]", *, zone: ZoneInfo | None) -> Parsed:
    """Check one column and bring it to its canonical dtype.

    Empty text, None, NaN and NaT are absent. Ids, numbers, flags, times and choices are trimmed,
    free text is kept as it is. ``zone`` is where times without a zone are from; None rejects them.
    """
    return _PARSERS[column.kind](column, raw, zone)


def _trimmed(texts: pa.Array) -> pa.Array:
    texts = pc.utf8_trim_whitespace(texts)
    return _without_empty(texts, texts)


def _without_empty(texts: pa.Array, trimmed: pa.Array) -> pa.Array:
    empty = pc.equal(trimmed, "")
    if not pc.any(empty).as_py():
        return texts
    return pc.if_else(empty, pa.scalar(None, pa.large_string()), texts)


def _parsed_text(values: pa.Array, *problems: Problem) -> Parsed:
    found = tuple(problem for problem in problems if problem.mask.any())
    return Parsed(text_series(values), found)


def _parse_id(_: Column, raw: "pd.Series[Any]", __: ZoneInfo | None) -> Parsed:
    texts = to_texts(raw, Kind.ID)
    values = _trimmed(texts.values)
    mangled = texts.unsuitable | to_mask(pc.match_substring_regex(values, _SPREADSHEET_NUMBER))
    too_long = to_mask(pc.greater(pc.utf8_length(values), LONGEST_ID))
    return _parsed_text(
        values, Problem(mangled, _ID_AS_TEXT), _nul_problem(values), Problem(too_long, _SHORT_ID)
    )


def _nul_problem(values: pa.Array) -> Problem:
    # PostgreSQL cannot keep NUL in text; better one rejected row than a failed transaction.
    return Problem(to_mask(pc.match_substring(values, "\0")), _CLEAN_TEXT)


def _parse_text(column: Column, raw: "pd.Series[Any]", _: ZoneInfo | None) -> Parsed:
    texts = to_texts(raw, Kind.TEXT)
    if column.choices:
        return _parse_choice(column, texts)
    values = _without_empty(texts.values, pc.utf8_trim_whitespace(texts.values))
    return _parsed_text(values, Problem(texts.unsuitable, _CLEAN_TEXT), _nul_problem(values))


def _parse_choice(column: Column, texts: Texts) -> Parsed:
    values = _trimmed(texts.values)
    known = pc.is_in(values, value_set=pa.array(column.choices, pa.large_string()))
    unknown = texts.unsuitable | to_mask(pc.and_(pc.is_valid(values), pc.invert(known)))
    return _parsed_text(values, Problem(unknown, f"one of {', '.join(column.choices)}"))


def _parse_list(_: Column, raw: "pd.Series[Any]", __: ZoneInfo | None) -> Parsed:
    texts = to_texts(raw, Kind.LIST)
    separated = pc.replace_substring_regex(texts.values, r"\s*;[\s;]*", ";")
    values = _trimmed(pc.utf8_trim(pc.utf8_trim_whitespace(separated), ";"))
    expected = "values separated by ';', or a list of texts"
    return _parsed_text(values, Problem(texts.unsuitable, expected), _nul_problem(values))


def _parse_json(_: Column, raw: "pd.Series[Any]", __: ZoneInfo | None) -> Parsed:
    texts = to_texts(raw, Kind.JSON)
    coded = _trimmed(texts.values).dictionary_encode()
    compact = [_compact_or_none(text) for text in coded.dictionary.to_pylist()]
    values = pc.take(pa.array(compact, pa.large_string()), coded.indices)
    malformed = to_mask(pc.and_(pc.is_valid(coded.indices), pc.is_null(values)))
    expected = 'a JSON object such as {"department": ["sales"]}'
    return _parsed_text(values, Problem(texts.unsuitable | malformed, expected))


def _compact_or_none(text: str) -> str | None:
    try:
        value = json.loads(text)
        return compact_json(value) if isinstance(value, dict | list) else None
    except (ValueError, RecursionError):
        return None


def _parse_flag(_: Column, raw: "pd.Series[Any]", __: ZoneInfo | None) -> Parsed:
    if pd.api.types.is_bool_dtype(raw.dtype):
        return Parsed(raw.astype("boolean"))
    texts = to_texts(raw, Kind.FLAG)
    values = pc.utf8_lower(_trimmed(texts.values))
    true = pc.is_in(values, value_set=pa.array(_TRUE, pa.large_string()))
    false = pc.is_in(values, value_set=pa.array(_FALSE, pa.large_string()))
    known = to_mask(pc.or_(true, false))
    bad = texts.unsuitable | (to_mask(pc.is_valid(values)) & ~known)
    flags = pd.Series(pd.arrays.BooleanArray(to_mask(true), ~known))
    return Parsed(flags, (Problem(bad, "true or false (also yes/no, 1/0)"),))


def _parse_number(column: Column, raw: "pd.Series[Any]", _: ZoneInfo | None) -> Parsed:
    values, unreadable = _numbers(raw)
    bad = unreadable | np.isinf(values)
    with np.errstate(invalid="ignore"):
        if column.minimum is not None:
            bad |= values < column.minimum
        if column.maximum is not None:
            bad |= values > column.maximum
        if column.kind is Kind.INTEGER:
            bad |= np.abs(values) > LARGEST_WHOLE
            bad |= np.isfinite(values) & (values != np.floor(values))
    problem = Problem(bad, _expected_number(column))
    series = pd.Series(np.where(bad, np.nan, values))
    return Parsed(series.astype("Int64") if column.kind is Kind.INTEGER else series, (problem,))


def _numbers(raw: "pd.Series[Any]") -> tuple[npt.NDArray[np.float64], Mask]:
    """Return float64 values, shape (n,), NaN where absent, and where text is no number."""
    dtype: Any = raw.dtype
    if pd.api.types.is_numeric_dtype(dtype) and dtype.kind in "iuf":
        return raw.to_numpy(dtype="float64", na_value=np.nan), np.zeros(len(raw), np.bool_)
    texts = to_texts(raw, Kind.NUMBER)
    values = _trimmed(texts.values)
    values = pc.if_else(
        pc.equal(pc.utf8_lower(values), "nan"), pa.scalar(None, pa.large_string()), values
    )
    readable = pc.match_substring_regex(values, _NUMBER)
    unreadable = texts.unsuitable | to_mask(pc.invert(readable))
    plain = pc.utf8_ltrim(pc.if_else(readable, values, pa.scalar(None, pa.large_string())), "+")
    return pc.cast(plain, pa.float64()).to_numpy(zero_copy_only=False), unreadable


def _expected_number(column: Column) -> str:
    noun = "a whole number" if column.kind is Kind.INTEGER else "a finite number"
    if column.minimum is None:
        return noun
    if column.maximum is None:
        return f"{noun} of at least {column.minimum:.15g}"
    return f"{noun} between {column.minimum:.15g} and {column.maximum:.15g}"


def _parse_time(column: Column, raw: "pd.Series[Any]", zone: ZoneInfo | None) -> Parsed:
    is_date = column.kind is Kind.DATE
    if isinstance(raw.dtype, pd.DatetimeTZDtype):
        given = raw.notna().to_numpy()
        times = _aware_times(raw)
    else:
        texts = to_texts(raw, column.kind)
        trimmed = _trimmed(texts.values)
        given = texts.unsuitable | to_mask(pc.is_valid(trimmed))
        times = parse_times(trimmed, zone=zone, allow_days=is_date)
    expected = _DAY_OR_TIME if is_date else _ZONED_TIME
    return _checked_times(times, given, expected, zone)


def _aware_times(raw: "pd.Series[Any]") -> ParsedTimes:
    nowhere = np.zeros(len(raw), np.bool_)
    return ParsedTimes(series_to_micros(raw), nowhere, nowhere)


def _checked_times(times: ParsedTimes, given: Mask, expected: str, zone: ZoneInfo | None) -> Parsed:
    outside = (times.micros != NO_TIME) & ((times.micros < EARLIEST) | (times.micros >= END))
    micros = np.where(outside, NO_TIME, times.micros)
    unread = given & (times.micros == NO_TIME) & ~times.naive & ~times.skipped
    values = pd.Series(micros.view("datetime64[us]")).dt.tz_localize("UTC")
    problems = (
        Problem(times.naive, f"{expected}; this one has no zone, a timezone can be given for all"),
        Problem(times.skipped, f"a time that exists in {zone}; the clocks jump over this one"),
        Problem(outside, f"{expected}, in the years 1970 to 2200"),
        Problem(unread, expected),
    )
    return Parsed(values, problems)


_PARSERS: dict[Kind, Callable[[Column, "pd.Series[Any]", ZoneInfo | None], Parsed]] = {
    Kind.ID: _parse_id,
    Kind.TEXT: _parse_text,
    Kind.LIST: _parse_list,
    Kind.JSON: _parse_json,
    Kind.FLAG: _parse_flag,
    Kind.NUMBER: _parse_number,
    Kind.INTEGER: _parse_number,
    Kind.TIME: _parse_time,
    Kind.DATE: _parse_time,
}
