"""The showings to learn the format model from: every impression on its own, with its outcome."""

import numpy as np
import numpy.typing as npt

from recsys.catalogue.catalogue import Catalogue
from recsys.event_columns import CODE_OF_TYPE, EventColumns
from recsys.formats.mixed_effects import Index
from recsys.state.format_counts import completed, counted_in_formats
from recsys.state.showings import Showings, circumstances

__all__ = ["training_showings"]

_IMPRESSION = CODE_OF_TYPE["impression"]


def training_showings(events: EventColumns, catalogue: Catalogue) -> Showings:
    """Return one row per impression, sorted by employee, content, format and time.

    A completion belongs to the last impression before it, once. One without any impression before
    it, and an interaction without any, become a row with 0 impressions. The live state keeps sums
    over the impressions of a content instead; fitted on those, old age and low positions would
    take the blame for all the failures that came before a success.
    """
    formats = catalogue.renditions.formats(events.rendition, events.content)
    told = counted_in_formats(events, formats, catalogue)
    events, form = events.take(told), formats[told].astype(np.int64)
    done = completed(events, catalogue.renditions.expected_seconds(events.rendition))
    is_impression = events.event_type == _IMPRESSION
    key = (events.employee.astype(np.int64) << 36) | (events.content.astype(np.int64) << 4) | form
    order = np.lexsort((~is_impression, events.occurred_at, key))
    key, shown, done = key[order], is_impression[order], done[order]
    owner = _owners(key, shown)
    n_shown = np.bincount(owner, weights=shown, minlength=len(key)).astype(np.int64)
    has_done = np.bincount(owner, weights=done, minlength=len(key)) > 0
    rows = np.flatnonzero(owner == np.arange(len(key)))
    rows = rows[_first_completion(key[rows], has_done[rows])]
    kept = events.take(order[rows])
    return Showings(
        employee=kept.employee.astype(np.int64),
        content=kept.content.astype(np.int64),
        form=form[order[rows]],
        first_at=kept.occurred_at,
        impressions=n_shown[rows],
        completed=has_done[rows],
        circumstances=circumstances(kept, catalogue.contents) * (n_shown[rows] > 0)[:, None],
    )


def _owners(key: Index, shown: npt.NDArray[np.bool_]) -> Index:
    """Return for each row the latest impression of its key up to it, else its key's first row."""
    begins = np.diff(key, prepend=-1) != 0
    marks = np.where(shown | begins, np.arange(len(key)), 0)
    return np.maximum.accumulate(marks)


def _first_completion(key: Index, has_done: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return which rows come no later than the first completed one of their key."""
    before: Index = np.cumsum(has_done) - has_done
    begins = np.diff(key, prepend=-1) != 0
    at_start = np.maximum.accumulate(np.where(begins, before, 0))
    return np.asarray(before == at_start)
