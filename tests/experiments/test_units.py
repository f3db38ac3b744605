from pathlib import Path

import pandas as pd
import pytest

from experiments.units import UnitList, read_units
from recsys.errors import DatasetError


@pytest.mark.parametrize(
    ("text", "column", "units", "n_empty"),
    [
        ("e-1\ne-2\n\ne-3\n", None, ("e-1", "e-2", "e-3"), 0),  # a plain list
        ("unit\ne-1\ne-2\n", None, ("e-1", "e-2"), 0),
        ("﻿employee_id\n007\n", None, ("007",), 0),
        ("name,employee_id\nx,e-1\ny,\nz\n", None, ("e-1",), 2),
        ("name,team\nx, t-1 \n", "team", ("t-1",), 0),
        ('"Doe, J."\n', None, ("Doe, J.",), 0),
        ("team\nt-1\n", "team", ("t-1",), 0),
    ],
)
def test_lists_of_units(
    text: str, column: str | None, units: tuple[str, ...], n_empty: int, tmp_path: Path
) -> None:
    path = tmp_path / "units.csv"
    path.write_text(text, encoding="utf-8")
    assert read_units(path, column) == UnitList(units, n_empty)


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "units.parquet"
    pd.DataFrame({"employee_id": ["e-1", None, "e-2"]}).to_parquet(path)
    assert read_units(path) == UnitList(("e-1", "e-2"), 1)


@pytest.mark.parametrize(
    ("content", "column", "said"),
    [
        (b"", None, "is empty"),
        (b"a,b\n1,2\n", None, "name the one that holds the units"),
        (b"a,b\n1,2\n", "c", "no column 'c'; it has a, b"),
        (b"\xff\xfe\x00", None, "cannot be read as CSV in UTF-8"),
    ],
)
def test_unclear_files_are_said(
    content: bytes, column: str | None, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "units.csv"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=said):
        read_units(path, column)


def test_a_broken_parquet_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "units.parquet"
    path.write_bytes(b"not parquet")
    with pytest.raises(DatasetError, match="cannot be read as Parquet"):
        read_units(path)
