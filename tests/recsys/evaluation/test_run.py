from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse as sp

from recsys.affinity.lightfm_probe import LightFMStatus
from recsys.evaluation import run
from recsys.evaluation.data import EvaluationData
from recsys.evaluation.run import Evaluation, run_evaluation
from recsys.ids import IdMap
from recsys.interactions import InteractionLog
from recsys.times import DAY_US, HOUR_US, to_micros

_START = datetime(2026, 1, 1, tzinfo=UTC)
_SPLIT, _END = datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 1, 20, tzinfo=UTC)
_EMPLOYEES, _CONTENTS = 30, 20


@pytest.fixture
def data() -> EvaluationData:
    """One content a day is published at midnight and read by many within hours."""
    rng = np.random.default_rng(1)
    start = to_micros(_START)
    content = np.arange(_CONTENTS).repeat(12)
    at = start + content * DAY_US + rng.integers(1, 20, len(content)) * HOUR_US
    order = np.argsort(at, kind="stable")
    return EvaluationData(
        employees=IdMap(f"e{i}" for i in range(_EMPLOYEES)),
        contents=IdMap(f"c{i}" for i in range(_CONTENTS)),
        log=InteractionLog(
            rng.integers(0, _EMPLOYEES, len(content)).astype(np.int32)[order],
            content[order].astype(np.int32),
            at[order],
        ),
        published_at=start + np.arange(_CONTENTS) * DAY_US,
        departments=IdMap(["a", "b"]),
        department=(np.arange(_EMPLOYEES) % 2).astype(np.int32),
        employee_attributes=sp.csr_array((_EMPLOYEES, 0), dtype=np.float32),
        content_attributes=sp.csr_array((_CONTENTS, 0), dtype=np.float32),
    )


@dataclass
class World:
    data: EvaluationData
    seen: npt.NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.seen = np.zeros((_EMPLOYEES, _CONTENTS), np.bool_)

    def advance(self, at: int) -> None:
        n = np.searchsorted(self.data.log.occurred_at, at)
        self.seen[self.data.log.employee[:n], self.data.log.content[:n]] = True

    def candidates(self, employee: int, at: int) -> npt.NDArray[np.int32]:
        published = self.data.published_at <= at
        return np.flatnonzero(published & ~self.seen[employee]).astype(np.int32)


class Oldest:
    name = "oldest"

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float64]:
        return -candidates.astype(np.float64)


def _run(data: EvaluationData) -> Evaluation:
    return run_evaluation(data, World(data), [Oldest()], train_until=_SPLIT, until=_END, seed=3)


def test_all_baselines_of_the_protocol_rank_beside_the_model(data: EvaluationData) -> None:
    result = _run(data)
    named = set(result.ranks.models) | set(result.notes)
    assert named == {
        "oldest", "newest_first", "popularity_5min", "popularity_1h", "popularity_6h",
        "popularity_1d", "popularity_3d", "popular_in_department", "ease", "item_knn", "als",
        "lightfm",
    }  # fmt: skip
    assert result.ranks.models[0] == "oldest"
    mean = dict(zip(result.ranks.models, result.ranks.rank.mean(axis=0).tolist(), strict=True))
    assert mean["newest_first"] == 1.0
    assert mean["popularity_1h"] < mean["oldest"]
    assert result.summary.differences.value.shape == (len(result.ranks.models) - 1, 4)


def test_same_seed_same_figures_and_progress_counts(data: EvaluationData) -> None:
    n_calls = 0

    def progress() -> None:
        nonlocal n_calls
        n_calls += 1

    a = _run(data)
    b = run_evaluation(
        data, World(data), [Oldest()], train_until=_SPLIT, until=_END, seed=3,
        progress=progress,
    )  # fmt: skip
    assert np.array_equal(a.ranks.rank, b.ranks.rank)
    assert n_calls == len(a.ranks.targets) + a.ranks.n_ineligible
    assert a.summary.overall.estimates is not None
    assert b.summary.overall.estimates is not None
    assert np.array_equal(a.summary.overall.estimates.low, b.summary.overall.estimates.low)


def test_a_baseline_that_cannot_run_is_noted(
    data: EvaluationData, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = LightFMStatus(usable=False, version=None, reason="no lightfm here")
    monkeypatch.setattr(run, "lightfm_status", lambda: absent)
    monkeypatch.setattr(run, "find_spec", lambda _: None)
    result = _run(data)
    assert result.notes == {
        "lightfm": "no lightfm here",
        "als": "the package implicit is not installed",
    }
    assert "lightfm" not in result.ranks.models


def test_days_without_a_model_are_noted(
    data: EvaluationData, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run_evaluation(data, World(data), [Oldest()], train_until=_START, until=_END, seed=3)
    assert result.notes["ease"].startswith("no model on 1 of 19 days: nothing has been read yet")


def test_few_of_many_targets_are_ranked_as_they_are_among_all(data: EvaluationData) -> None:
    everything = _run(data).ranks
    some = run_evaluation(
        data, World(data), [Oldest()], train_until=_SPLIT, until=_END, seed=3, max_targets=7
    ).ranks
    assert len(some.targets) + some.n_ineligible == 7
    place = {
        pair: row
        for row, pair in enumerate(
            zip(everything.targets.employee, everything.targets.content, strict=True)
        )
    }
    rows = [place[p] for p in zip(some.targets.employee, some.targets.content, strict=True)]
    assert rows == sorted(rows)
    live = [i for i, m in enumerate(everything.models) if m.startswith(("oldest", "new", "pop"))]
    assert np.array_equal(some.rank[:, live], everything.rank[rows][:, live])


class Newest:
    name = "probe"

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float64]:
        return candidates.astype(np.float64)


def test_probes_are_ranked_and_stay_out_of_the_figures(data: EvaluationData) -> None:
    plain = _run(data)
    probed = run_evaluation(
        data, World(data), [Oldest()], train_until=_SPLIT, until=_END, seed=3, probes=[Newest()]
    )
    assert plain.probes.models == ()
    assert probed.probes.models == ("probe",)
    assert probed.ranks.models == plain.ranks.models == probed.summary.models
    assert np.array_equal(probed.ranks.rank, plain.ranks.rank)
    newest = probed.ranks.models.index("newest_first")
    assert np.array_equal(probed.probes.rank[:, 0], probed.ranks.rank[:, newest])
    assert probed.probes.targets is probed.ranks.targets
