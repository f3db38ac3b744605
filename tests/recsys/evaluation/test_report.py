import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from recsys.evaluation.data import EvaluationData
from recsys.evaluation.protocol import Ranks
from recsys.evaluation.report import slice_table, summary_json, summary_table, write_ranks
from recsys.evaluation.summary import summarise

Build = Callable[[list[int]], tuple[Ranks, EvaluationData]]


def _text(table: object) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()


def test_json_is_strict_and_unrounded(ranked_departments: Build) -> None:
    ranks, data = ranked_departments([20, 4])
    summary = summarise(ranks, data, np.random.default_rng(1))
    answer = json.loads(json.dumps(summary_json(summary), allow_nan=False))
    assert answer["overall"]["models"]["fair"]["mrr"]["value"] == pytest.approx(1 / 3, 1e-12)
    assert answer["differences"]["reference"] == "good"
    assert answer["differences"]["minus"]["fair"]["ndcg@10"]["interval"] == [0.5, 0.5]
    hidden = {part["name"]: part for part in answer["slices"]}["department b"]
    assert hidden == {
        "name": "department b",
        "n_targets": None,
        "n_employees": None,
        "suppressed": True,
        "models": None,
    }


def test_what_is_unknown_is_null(ranked_departments: Build) -> None:
    ranks, data = ranked_departments([1])
    one = ranks.targets.employee == 0
    single = Ranks(ranks.models, ranks.targets.take(one), ranks.rank[one],
                   ranks.n_candidates[one], 0)  # fmt: skip
    summary = summarise(single, data, np.random.default_rng(1))
    cell = summary_json(summary)["overall"]["models"]["good"]["mrr"]
    assert cell == {"value": 1.0, "interval": [None, None]}
    assert "– … –" in _text(summary_table(summary))


def test_tables_show_models_and_only_slices_that_may_be_shown(ranked_departments: Build) -> None:
    ranks, data = ranked_departments([20, 30, 4, 12])
    summary = summarise(ranks, data, np.random.default_rng(1))
    text = _text(summary_table(summary))
    assert "134 choices of 67 employees" in text
    assert "4 ineligible" in text
    assert "0.500 … 0.500" in text
    slices = _text(slice_table(summary))
    assert "department b" in slices
    assert "department c" not in slices


def test_rank_file(ranked_departments: Build, tmp_path: Path) -> None:
    ranks, data = ranked_departments([2])
    write_ranks(tmp_path / "ranks.parquet", (ranks, data))
    frame = pd.read_parquet(tmp_path / "ranks.parquet")
    assert frame.columns.tolist() == [
        "employee_id", "content_id", "occurred_at", "model", "rank", "n_candidates",
    ]  # fmt: skip
    assert len(frame) == 12
    third = frame.iloc[3]
    assert (third["employee_id"], third["content_id"], third["model"]) == ("e0", "old", "fair")
    assert (third["rank"], third["n_candidates"]) == (3.0, 9)
    assert third["occurred_at"] == pd.Timestamp("1970-01-11", tz="UTC")
    assert all(isinstance(value, str) for value in frame["employee_id"])
