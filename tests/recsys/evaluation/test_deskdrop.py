"""The protocol against figures that were measured independently on a public log (its README)."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from recsys.evaluation.baselines import HALF_LIVES, DecayedPopularity, NewestFirst
from recsys.evaluation.metrics import ndcg
from recsys.evaluation.protocol import evaluate
from recsys.interactions import InteractionLog, Targets, find_targets
from recsys.schema import INTERACTIONS

_CANONICAL = Path(__file__).parents[3] / "../shared/data/deskdrop/canonical"

pytestmark = pytest.mark.skipif(
    not _CANONICAL.is_dir(), reason="the Deskdrop log is not part of the repository"
)


def _micros(times: "pd.Series[str]") -> npt.NDArray[np.int64]:
    utc = pd.to_datetime(times, utc=True).dt.tz_localize(None)
    return utc.to_numpy("datetime64[us]").view(np.int64)


class Deskdrop:
    """The log, and a world in which everything published and not yet seen is a candidate."""

    def __init__(self) -> None:
        contents = pd.read_csv(_CANONICAL / "contents.csv", dtype=str)
        events = pd.read_csv(_CANONICAL / "events.csv", dtype=str)
        employee_ids = pd.Index(pd.read_csv(_CANONICAL / "employees.csv", dtype=str).employee_id)
        self.published_at = _micros(contents.published_at)
        self.everything = InteractionLog(
            employee_ids.get_indexer(pd.Index(events.employee_id)).astype(np.int32),
            pd.Index(contents.content_id).get_indexer(pd.Index(events.content_id)).astype(np.int32),
            _micros(events.occurred_at),
        )
        keep = events.event_type.isin(INTERACTIONS).to_numpy()
        self.log = InteractionLog(
            self.everything.employee[keep],
            self.everything.content[keep],
            self.everything.occurred_at[keep],
        )
        self._seen = np.zeros((len(employee_ids), len(contents)), np.bool_)
        self._n_seen = 0

    def advance(self, at: int) -> None:
        end = int(np.searchsorted(self.log.occurred_at, at))
        new = slice(self._n_seen, end)
        self._seen[self.log.employee[new], self.log.content[new]] = True
        self._n_seen = end

    def candidates(self, employee: int, at: int) -> npt.NDArray[np.int32]:
        unseen = (self.published_at <= at) & ~self._seen[employee]
        return np.flatnonzero(unseen).astype(np.int32)

    def targets(self, start: str, end: str) -> Targets:
        window = _micros(pd.Series([start, end]))
        return find_targets(self.log, int(window[0]), int(window[1]))


def test_baselines_reach_the_published_figures() -> None:
    """The figures count follow events as repeats, so this log does too; targets are the same."""
    world = Deskdrop()
    targets = world.targets("2016-10-01", "2016-12-01")
    assert len(targets) == 4_706
    assert len(np.unique(targets.employee)) == 914
    n_contents = len(world.published_at)
    scorers = [NewestFirst(world.published_at)] + [
        DecayedPopularity(label, world.everything, half_life_seconds=seconds, n_contents=n_contents)
        for label, seconds in HALF_LIVES.items()
    ]
    ranks = evaluate(targets, world, scorers)
    assert ranks.n_ineligible == 0
    figures = dict(zip(ranks.models, ndcg(ranks.rank, 10).mean(axis=0).tolist(), strict=True))
    assert figures == pytest.approx(
        {"newest_first": 0.420, "5min": 0.446, "1h": 0.489, "6h": 0.468, "1d": 0.390, "3d": 0.275},
        abs=6e-4,
    )
