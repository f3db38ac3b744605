"""Who saw a variant: the first sign of it after it was served where it could differ."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from experiments.running.definition import Definition
from recsys.store.experiment_store import StoredExposure
from recsys.times import series_to_micros

__all__ = ["exposures_in"]


def exposures_in(
    definition: Definition, served: Sequence[StoredExposure], events: pd.DataFrame
) -> list[StoredExposure]:
    """Return the first exposure of everybody, read from the log; again gives the same.

    Assigned, served and exposed differ: a page may be made and never looked at. On the portal an
    impression exposes, in a newsletter the event that
    :attr:`experiments.running.definition.Definition.newsletter_begins_with` names. It counts from
    the moment on at which the variants first gave this employee different answers (the stage
    ``differing``): whoever would have got the same in every variant tells nothing about them.
    """
    since = {one.employee_id: one.at for one in served if one.stage == "differing"}
    if not since:
        return []
    surface, kind = events["surface"], events["event_type"]
    pages = [surface for surface in definition.surfaces if surface != "newsletter"]
    is_sign = (kind == "impression") & surface.isin(pages)
    if "newsletter" in definition.surfaces:
        is_sign |= kind == definition.newsletter_begins_with
    signs = events[is_sign & events["employee_id"].isin(list(since))]
    at = series_to_micros(signs["occurred_at"])
    seen = pd.DataFrame({"employee_id": signs["employee_id"].astype(str), "at": at})
    begins = seen["employee_id"].map(since).to_numpy(dtype=np.int64)
    first = seen[at >= begins].groupby("employee_id")["at"].min()
    return [
        StoredExposure(definition.key, definition.version, str(who), "exposed", int(moment))
        for who, moment in first.items()
    ]
