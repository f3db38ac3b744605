"""Does what is published reach anybody? Shares of contents that were shown and read, by age."""

import numpy as np
import numpy.typing as npt

from recsys.event_columns import CODE_OF_TYPE
from recsys.features.content_vectors import ContentVectors
from recsys.model import Model
from recsys.reports.suppression import DEFAULT_K
from recsys.times import DAY_US
from training.monitoring.figures import Fact, Finding, Measured, figure
from training.monitoring.watched import Watched

__all__ = ["coverage", "without_features"]

_AGES = {"week": 7 * DAY_US, "month": 28 * DAY_US, "older": np.iinfo(np.int64).max}
"""Up to which age, at the end of the week; a month is what a front page still shows."""
_LEAST_CONTENTS = 20
_LOST_SHARE = 0.6
"""Coverage below this part of the usual, and below every week of the reference, has collapsed."""
_BLANK_SHARE = 0.2
"""One content in five without a text the model can read."""

Float = npt.NDArray[np.float64]


def coverage(watched: Watched) -> Measured:
    """Return which share of the contents that were live in a week anybody saw, and anybody read.

    Only what was shown of the last four weeks can raise an alarm: how fast older contents are
    forgotten depends on how many there are, and what sixty people happen to read varies by half.
    """
    weeks, measured = watched.weeks, Measured()
    people = min(watched.people(watched.week == 0), watched.people(watched.week > 0))
    found = [_of_week(watched, week) for week in range(weeks.n + 1)]
    for kind in ("shown", "read"):
        for age in _AGES:
            now, *before = (one[kind, age] for one in found)
            usual = np.array([share for share, n in before if n])
            labels = {"kind": kind, "age": age}
            low = _LOST_SHARE * float(usual.mean()) if len(usual) else None
            past = tuple(share if n else None for share, n in reversed(before))
            measured.figures.append(
                figure("coverage_share", now[0], people, low=low, labels=labels, weeks=past)
            )
            is_lost = low is not None and now[0] < min(low, float(usual.min()))
            may_alert = kind == "shown" and age != "older"
            if is_lost and may_alert and now[1] >= _LEAST_CONTENTS and people >= DEFAULT_K:
                facts: dict[str, Fact] = {
                    "value": now[0], "mean": float(usual.mean()), "low": float(usual.min()),
                    "high": float(usual.max()), "n": now[1],
                    "n_before": round(float(np.mean([n for _, n in before]))),
                }  # fmt: skip
                measured.findings.append(Finding("coverage", {**labels, **facts}))
    # One finding for one collapse; the young tell first.
    measured.findings = measured.findings[:1]
    return measured


def _of_week(watched: Watched, week: int) -> dict[tuple[str, str], tuple[float, int]]:
    """Return share and number of contents by what happened to them and age."""
    log, contents, end = watched.log, watched.catalogue.contents, watched.weeks.ends(week)
    rows = (watched.week == week) & (log.content >= 0)
    is_shown = rows & (log.event_type == CODE_OF_TYPE["impression"])
    n = len(contents)
    touched = {
        "shown": np.bincount(log.content[is_shown], minlength=n) > 0,
        "read": np.bincount(log.content[rows & log.is_interaction], minlength=n) > 0,
    }
    # A day's grace: what was published in the last hours could not be seen by many yet.
    live = contents.live(end - DAY_US)
    age = end - contents.published_at[live]
    found, youngest = {}, 0
    for name, oldest in _AGES.items():
        of_age = live[(age >= youngest) & (age < oldest)]
        for kind, mask in touched.items():
            share = float(mask[of_age].mean()) if len(of_age) else np.nan
            found[kind, name] = share, len(of_age)
        youngest = oldest
    return found


def without_features(watched: Watched, model: Model) -> Measured:
    """Return the share of live contents whose text says nothing to the model."""
    contents = watched.catalogue.contents
    live = contents.live(watched.weeks.until)
    if not len(live):
        return Measured()
    vectors = ContentVectors(model.text, contents).of(live)
    is_blank = ~np.asarray(vectors).any(axis=1)
    share = float(is_blank.mean())
    measured = Measured(
        [figure("contents_without_text_share", share, DEFAULT_K, high=_BLANK_SHARE)]
    )
    if share > _BLANK_SHARE and len(live) >= _LEAST_CONTENTS:
        facts: dict[str, Fact] = {"value": share, "high": _BLANK_SHARE, "n": len(live)}
        measured.findings.append(Finding("without_text", facts))
    return measured
