"""What came of the slots of feeds: seen, opened, completed; told by the request id of events."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from recsys.catalogue.catalogue import Catalogue
from recsys.event_columns import CODE_OF_TYPE, IS_INTERACTION, EventColumns
from recsys.state.marks import completed

__all__ = ["NOT_SEEN", "Outcome", "Outcomes", "outcomes_of"]

_IMPRESSION = CODE_OF_TYPE["impression"]


class Outcome(NamedTuple):
    """Of one content in one feed."""

    seen: bool
    """Looked at, or opened without that being known."""
    opened: bool
    completed: bool


NOT_SEEN = Outcome(False, False, False)

Outcomes = Mapping[tuple[str, str, str], Outcome]
"""By employee id, request id and content id; what is missing was not seen."""


def outcomes_of(events: pd.DataFrame, columns: EventColumns, catalogue: Catalogue) -> Outcomes:
    """Return the outcomes that ``events`` tell of; ``columns`` are the same events, row by row."""
    done = completed(columns, catalogue.renditions.expected_seconds(columns.rendition))
    opened = IS_INTERACTION[columns.event_type] | done
    seen = opened | (columns.event_type == _IMPRESSION)
    keys = ["employee_id", "request_id", "content_id"]
    rows = np.flatnonzero(seen & events["request_id"].notna().to_numpy() & (columns.content >= 0))
    table = events.iloc[rows][keys].assign(opened=opened[rows], completed=done[rows])
    found = table.groupby(keys, sort=False)[["opened", "completed"]].any()
    flags = zip(found["opened"].tolist(), found["completed"].tolist(), strict=True)
    return {
        key: Outcome(True, *each) for key, each in zip(found.index.tolist(), flags, strict=True)
    }
