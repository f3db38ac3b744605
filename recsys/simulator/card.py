"""What a simulated dataset looks like in figures, beside a real one where that can be had."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recsys.dataset.dataset import Dataset
from recsys.dataset.reading import read_dataset
from recsys.evaluation.data import EvaluationData, prepare
from recsys.evaluation.metrics import ndcg
from recsys.evaluation.protocol import Scorer, evaluate
from recsys.evaluation.run import live_scorers
from recsys.interactions import FirstInteractions, find_targets, first_interactions
from recsys.simulator.ceilings import TrueAppeal
from recsys.simulator.truth import Truth, load_truth
from recsys.times import DAY_US, HOUR_US, series_to_micros

__all__ = ["Card", "draw_card", "gini"]

_TEST_DAYS = 14
_N_TARGETS = 2000
"""Sampled targets; the standard error of a mean NDCG is then below 0.01."""


@dataclass(frozen=True, slots=True)
class Card:
    """Figures by name; a planted figure exists for simulated data only."""

    shape: dict[str, float]
    planted: dict[str, float]
    ndcg: dict[str, float]
    """Model → NDCG@10 of the live protocol on a sample of the last two weeks."""


def draw_card(directory: Path, truth_directory: Path | None, *, seed: int = 0) -> Card:
    """Measure a canonical dataset.

    With ``truth_directory`` two rankings by the truth are added, ``truth_impersonal`` and
    ``truth_personal``; their difference is what personalisation can add in this world.
    """
    dataset = read_dataset(directory).dataset
    log_end = dataset["events"]["occurred_at"].iloc[-1].to_pydatetime()
    data = prepare(dataset, train_until=log_end - timedelta(days=_TEST_DAYS))
    pairs = first_interactions(data.log)
    scorers: list[Scorer] = live_scorers(data)
    planted: dict[str, float] = {}
    if truth_directory is not None:
        truth = load_truth(truth_directory)
        planted = _planted(truth)
        for name, personal in (("truth_impersonal", False), ("truth_personal", True)):
            scorers.append(TrueAppeal(name, truth, data, dataset, personal=personal))
    return Card(_shape(data, pairs), planted, _ndcg(dataset, data, pairs, scorers, seed))


def gini(counts: npt.ArrayLike) -> float:
    """Return the Gini coefficient of counts ≥ 0: 0 = all equal, towards 1 = one has everything.

    Uses the sorted form sum((2i − n − 1) x_i) / (n sum(x)); NaN without any count.
    """
    values = np.sort(np.asarray(counts, np.float64))
    n, total = len(values), values.sum()
    if total == 0:
        return float("nan")
    return float((2 * np.arange(1, n + 1) - n - 1) @ values / (n * total))


def _shape(data: EvaluationData, pairs: FirstInteractions) -> dict[str, float]:
    """Return figures that real data have too; a content's first read is left out of its age."""
    later = ~pairs.is_content_first
    age = pairs.occurred_at[later] - data.published_at[pairs.content[later]]
    activity = np.bincount(data.log.employee)
    popularity = np.bincount(pairs.content)
    return {
        "events_interactions": float(len(data.log)),
        "reads_first": float(len(pairs.content)),
        "reads_within_24h_share": float(np.mean(age < DAY_US)),
        "median_age_at_read_hours": float(np.median(age) / HOUR_US),
        "gini_activity": gini(activity[activity > 0]),
        "gini_popularity": gini(popularity[popularity > 0]),
    }


def _planted(truth: Truth) -> dict[str, float]:
    """Return how much the truth differs from person to person and from content to content."""
    return {
        "interest_sd_logit": float(truth.traits["interest"].std(axis=0).mean()),
        "format_taste_sd_logit": float(truth.traits["attraction"].std(axis=0).mean()),
        "appeal_sd_logit": float(truth.facts["appeal"].std()),
        "silent_or_mute_share": float(np.mean(truth.traits["openness"] < -1.2)),
    }


def _ndcg(
    dataset: Dataset,
    data: EvaluationData,
    pairs: FirstInteractions,
    scorers: list[Scorer],
    seed: int,
) -> dict[str, float]:
    end = int(data.log.occurred_at[-1]) + 1
    targets = find_targets(data.log, end - _TEST_DAYS * DAY_US, end)
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(targets), np.bool_)
    chosen[rng.permutation(len(targets))[:_N_TARGETS]] = True
    world = _Unseen(dataset, data, pairs)
    ranks = evaluate(targets.take(chosen), world, scorers)
    values = ndcg(ranks.rank, 10).mean(axis=0)
    return dict(zip(ranks.models, values.tolist(), strict=True))


class _Unseen:
    """Candidates of the live protocol: published, not expired, readable, nothing done with it."""

    def __init__(self, dataset: Dataset, data: EvaluationData, pairs: FirstInteractions) -> None:
        contents = dataset["contents"].drop_duplicates("content_id", keep="last")
        contents = contents.set_index("content_id").reindex(list(data.contents.ids))
        people = dataset["employees"].drop_duplicates("employee_id", keep="last")
        people = people.set_index("employee_id").reindex(list(data.employees.ids))
        expires = series_to_micros(contents["expires_at"])
        self._published = data.published_at
        self._expires = np.where(contents["expires_at"].isna(), np.iinfo(np.int64).max, expires)
        self._language = contents["language"].fillna("").to_numpy()
        self._reads = people["language"].fillna("").to_numpy()
        self._pairs = pairs
        self._seen = np.zeros((len(data.employees), len(data.contents)), np.bool_)
        self._n_seen = 0

    def advance(self, at: int) -> None:
        """Mark the pairs formed strictly before ``at`` as seen."""
        end = self._pairs.count_before(at)
        new = slice(self._n_seen, end)
        self._seen[self._pairs.employee[new], self._pairs.content[new]] = True
        self._n_seen = end

    def candidates(self, employee: int, at: int) -> npt.NDArray[np.int32]:
        """Return the contents this employee could be shown now."""
        live = (self._published <= at) & (self._expires > at) & ~self._seen[employee]
        reads = self._reads[employee]
        readable = (self._language == "") | (self._language == reads) | (reads == "")
        return np.flatnonzero(live & readable).astype(np.int32)
