"""A digest follows from the content of a table, and from nothing else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from recsys.dataset.dataset import Dataset
from training.digests import run_key, tables_of
from training.material import Material
from training.pipeline import Plan


def _with(material: Material, table: str, frame: pd.DataFrame) -> Material:
    frames = {**material.dataset.frames, table: frame}
    return replace(material, dataset=Dataset(frames))


def _digests(material: Material) -> dict[str, str]:
    return {table.name: table.digest for table in tables_of(material)}


def test_equal_tables_have_equal_digests(material: Material) -> None:
    copied = _with(material, "events", material.dataset["events"].copy().set_axis(
        range(5, 5 + len(material.dataset["events"]))
    ))  # fmt: skip
    assert _digests(copied) == _digests(material)
    assert all(len(digest) == 32 for digest in _digests(material).values())


@pytest.mark.parametrize(
    ("table", "changed"),
    [
        ("events", lambda frame: frame.iloc[:-1]),
        ("events", lambda frame: frame.assign(event_id=frame["event_id"] + "x")),
        ("contents", lambda frame: frame.assign(title=frame["title"].str.upper())),
        ("employees", lambda frame: frame.drop(columns="site")),
    ],
)
def test_another_value_row_or_column_is_another_digest(
    material: Material, table: str, changed: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    before = _digests(material)
    other = _with(material, table, changed(material.dataset[table]))
    after = _digests(other)
    assert [name for name in before if before[name] != after[name]] == [table]


def test_events_after_the_end_and_tables_nobody_learns_from_do_not_count(
    material: Material,
) -> None:
    events = material.dataset["events"]
    later = events.tail(3).assign(occurred_at=material.until + timedelta(days=1))
    with_later = _with(material, "events", pd.concat([events, later], ignore_index=True))
    other = _with(with_later, "kpis", material.dataset["kpis"].iloc[:0])
    assert _digests(other) == _digests(material)


def test_the_key_of_a_run_knows_everything_that_makes_it(material: Material, plan: Plan) -> None:
    tables = tables_of(material)

    def key(**changes: Any) -> str:
        given: dict[str, Any] = {
            "tables": tables,
            "material": material,
            "recipe": plan.recipe,
            "seed": 0,
        }
        return run_key(**(given | {"recipe": plan.recipe} | changes))

    others = [
        key(),
        key(seed=1),
        key(recipe=replace(plan.recipe, text_size=9)),
        key(material=replace(material, split=material.split - timedelta(hours=1))),
        key(tables=tables[1:]),
        run_key(tables, material, plan.recipe, 0, "code 2"),
    ]
    assert len(set(others)) == len(others)
    assert key() == others[0]
