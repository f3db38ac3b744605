"""The log as the reference learner reads it: what was shown to whom, and what came of it when."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.dataset.dataset import Dataset
from recsys.ids import IdMap
from recsys.kernels import kernel
from recsys.simulator.config import FORMATS_IN_USE, Response
from recsys.simulator.response import open_utility
from recsys.simulator.traits import Records
from recsys.state.live import VISIT_US
from recsys.times import HOUR_US, NO_TIME, series_to_micros

__all__ = ["SHOWINGS", "read_showings"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SHOWINGS = np.dtype(
    [
        ("known_at", np.int64),  # microseconds; from then on the outcome may be used
        ("shown_at", np.int64),
        ("employee", np.int64),
        ("content", np.int64),
        ("form", np.int64),
        ("position", np.int64),
        ("utility", np.float64),  # the known part of the logit of opening
        # Likelihood of what came of it at P(open | looked at) = p: certain + slope * p.
        ("certain", np.float64),
        ("slope", np.float64),
    ]
)
"""One record per impression, in the order of ``known_at``."""

_IGNORED, _OPENED, _DISMISSED = range(3)
_PAIR = ["employee", "content"]


def read_showings(
    dataset: Dataset, ids: tuple[IdMap, IdMap], response: Response, traits: Records, facts: Records
) -> Records:
    """Return all impressions with their outcome.

    ``ids`` are the maps of employees and contents; ``traits`` and ``facts`` hold, in their order,
    what is visible of them. What was opened or dismissed is known at once; that an impression was
    ignored is known when its visit is over. An answer later than that is not connected with it.
    """
    events = dataset["events"].sort_values("occurred_at", kind="stable")
    events = events[events["event_type"].isin(["impression", "open", "dismiss"])]
    events = events.assign(
        time=series_to_micros(events["occurred_at"]),
        employee=ids[0].indices(events["employee_id"]),
        content=ids[1].indices(events["content_id"]),
    )
    is_shown = events["event_type"] == "impression"
    shown, answers = events[is_shown], events[~is_shown]
    rows = np.zeros(len(shown), SHOWINGS)
    rows["shown_at"], rows["position"] = shown["time"], shown["position"].astype(np.int64)
    for name in _PAIR:
        rows[name] = shown[name]
    formats = dataset["renditions"].set_index("rendition_id")["format"]
    rows["form"] = IdMap(FORMATS_IN_USE).indices(shown["rendition_id"].map(formats))
    _add_utilities(rows, _first_reads(answers), response, traits, facts)
    _add_outcomes(rows, *_outcomes(shown, answers), response)
    return rows[np.argsort(rows["known_at"], kind="stable")]


def _outcomes(shown: pd.DataFrame, answers: pd.DataFrame) -> tuple[IntArray, IntArray]:
    """Return for every impression what came of it and when that is known."""
    slot = ["request_id", "content_id"]
    answers = answers.dropna(subset=slot).drop_duplicates(slot)
    both = shown[[*slot, "time"]].merge(
        answers[[*slot, "time", "event_type"]], on=slot, how="left", suffixes=("", "_answered")
    )
    over = both["time"].to_numpy() + VISIT_US
    answered = both["time_answered"].fillna(NO_TIME).to_numpy(np.int64)
    in_time = both["time_answered"].notna().to_numpy() & (answered < over)
    kind = np.where(both["event_type"] == "open", _OPENED, _DISMISSED)
    return np.where(in_time, kind, _IGNORED), np.where(in_time, answered, over)


def _add_outcomes(rows: Records, outcome: IntArray, known_at: IntArray, response: Response) -> None:
    """Fill in the likelihoods.

    Opened: p, up to a factor. Dismissed: 1 − p, because it was looked at. Ignored:
    1 − P(looked at) p; that one in a hundred of those looked at is dismissed is not counted here.
    """
    looked = rows["position"].astype(np.float64) ** -response.position_exponent
    rows["known_at"] = known_at
    rows["certain"] = np.where(outcome == _OPENED, 0.0, 1.0)
    rows["slope"] = np.select([outcome == _OPENED, outcome == _DISMISSED], [1.0, -1.0], -looked)


def _first_reads(answers: pd.DataFrame) -> tuple[IntArray, IntArray, IntArray]:
    """Return time, employee and content of the opens that count as reading, in order of time."""
    first = answers.drop_duplicates(_PAIR)
    first = first[first["event_type"] == "open"]
    time, employee, content = (first[n].to_numpy(np.int64) for n in ("time", *_PAIR))
    return time, employee, content


def _add_utilities(
    rows: Records,
    reads: tuple[IntArray, IntArray, IntArray],
    response: Response,
    traits: Records,
    facts: Records,
) -> None:
    shape = (int(traits["team"].max(initial=-1)) + 1, len(facts))
    _walk(rows, *reads, response, traits, facts, np.zeros(shape), np.zeros(shape, np.int64))


@kernel
def _walk(
    rows: Records,
    time: IntArray,
    employee: IntArray,
    content: IntArray,
    response: Response,
    traits: Records,
    facts: Records,
    counts: FloatArray,
    counted_at: IntArray,
) -> None:
    """Fill in the known part of every utility; ``counts`` are decayed reads by team."""
    following = 0
    half_life = response.colleagues_half_life_hours * HOUR_US
    for index in range(len(rows)):
        row = rows[index]
        while following < len(time) and time[following] < row["shown_at"]:
            team, story = traits[employee[following]]["team"], content[following]
            gone = (time[following] - counted_at[team, story]) / half_life
            counts[team, story] = 1.0 + counts[team, story] * 0.5**gone
            counted_at[team, story] = time[following]
            following += 1
        team, story = traits[row["employee"]]["team"], row["content"]
        gone = (row["shown_at"] - counted_at[team, story]) / half_life
        age_hours = (row["shown_at"] - facts[story]["published"]) / HOUR_US
        rows[index]["utility"] = open_utility(
            response, traits[row["employee"]], facts[story], row["form"], age_hours,
            counts[team, story] * 0.5**gone,
        )  # fmt: skip
