"""Tests of the newcomers benchmark: bands, twins and the table."""

import numpy as np

from benchmarks.newcomers import BANDS, band_of, newcomers_table
from recsys.evaluation.protocol import Ranks
from recsys.interactions import Targets


def test_bands_meet_without_gap() -> None:
    labels = np.array(list(BANDS))[band_of(np.array([0, 1, 2, 3, 5, 6, 20, 21, 500]))]
    assert labels.tolist() == [
        "0", "1–2", "1–2", "3–5", "3–5", "6–20", "6–20", "more", "more",
    ]  # fmt: skip


def test_table_shows_means_and_differences_and_no_group_below_ten() -> None:
    n = 20
    before = np.where(np.arange(n) < 11, 0, 4).astype(np.int64)  # 11 people, and 9
    targets = Targets(
        np.arange(n, dtype=np.int32), np.zeros(n, np.int32), np.zeros(n, np.int64), before
    )
    models = ("recsys", "know_nothing", "popularity_1h", "popular_in_department")
    rank = np.tile([1.0, 1.0, 11.0, 3.0], (n, 1))
    ranks = Ranks(models, targets, rank, np.full(n, 30, np.int32), 0)
    rows = {line.split(" | ")[0]: line for line in newcomers_table(ranks).splitlines()}
    shown = "| 0 | 11 | 11 | 1.000 | 1.000 | 0.000 | 0.500 | +0.500 (+0.500 to +0.500) | +0.000"
    assert rows["| 0"].startswith(shown)
    assert rows["| 3–5"] == "| 3–5 | 9 | 9 | – | – | – | – | – | – |"
