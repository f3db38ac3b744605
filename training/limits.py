"""Known limits of a model, as sentences that follow from its data."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from recsys.evaluation.summary import Summary
from training.material import Material

__all__ = ["known_limits"]

_FEW_CHOICES = 500
"""Fewer leave NDCG@10 uncertain by more than about ±0.035."""

_FEW_SHARE = 0.5
"""Where less than half has a value, what is learned is mostly about the others."""


def known_limits(material: Material, summary: Summary) -> list[str]:
    """Return sentences without full stop, most important first; none where nothing is missing."""
    return [
        *_of_showings(material),
        *_of_formats(material),
        *_of_people(material),
        *_of_texts(material),
        *_of_figures(summary),
    ]


def _of_showings(material: Material) -> Iterator[str]:
    events = _used(material)
    if not (events["event_type"] == "impression").any():
        yield (
            "No impression was logged: nobody knows what was shown and passed over, so the "
            "features of the group response say no more than those of popularity"
        )


def _of_formats(material: Material) -> Iterator[str]:
    formats = sorted(material.dataset["renditions"]["format"].dropna().unique().tolist())
    if len(formats) < 2:
        what = f"all renditions are of the format {formats[0]}" if formats else "no renditions"
        yield f"There is nothing to choose among ({what}): preferred formats cannot be learned"
    elif not _used(material)["rendition_propensity"].notna().any():
        yield (
            "No rendition was shown with a logged probability: a preferred format may be a "
            "preferred topic in disguise"
        )


def _of_people(material: Material) -> Iterator[str]:
    people = material.dataset["employees"].drop_duplicates("employee_id", keep="last")
    share = _share_with(people["department"])
    if share == 0.0:
        yield "No department is known: colleagues are told apart by other attributes or not at all"
    elif share < _FEW_SHARE:
        yield f"The department of only {share:.0%} of the employees is known"


def _of_texts(material: Material) -> Iterator[str]:
    contents = material.dataset["contents"]
    share = _share_with(contents["body"].fillna(contents["summary"]))
    if share < _FEW_SHARE:
        yield f"Only {share:.0%} of the contents have more text than a title to compare them by"
    languages = contents["language"].dropna()
    if languages.empty:
        yield "The language of no content is known, so nobody is spared one they cannot read"
    elif languages.nunique() == 1:
        yield f"All contents are in one language ({languages.iloc[0]}): nothing is known of others"


def _of_figures(summary: Summary) -> Iterator[str]:
    overall = summary.overall
    if overall.n_targets >= _FEW_CHOICES:
        return
    sure = ""
    if overall.estimates is not None:
        place = 0, summary.metrics.index("ndcg@10")
        half = float(overall.estimates.high[place] - overall.estimates.low[place]) / 2
        sure = f": NDCG@10 is known to about ±{half:.2f}" if np.isfinite(half) else ""
    yield f"The figures rest on only {overall.n_targets:,} choices{sure}"


def _used(material: Material) -> pd.DataFrame:
    events = material.dataset["events"]
    return events[events["occurred_at"] < material.until]


def _share_with(values: "pd.Series[str]") -> float:
    """Return the share that is neither missing nor blank; 0 without rows."""
    return float((values.fillna("").str.strip() != "").mean()) if len(values) else 0.0
