"""The groups of choices that a challenger may not serve worse."""

import numpy as np

from recsys.catalogue.catalogue import Catalogue
from recsys.evaluation.data import EvaluationData
from recsys.evaluation.protocol import Ranks
from recsys.evaluation.summary import SMALLEST_GROUP, target_slices
from recsys.event_columns import EventColumns
from recsys.interactions import Targets
from recsys.schema import FORMATS
from training.gate_checks import Group

__all__ = ["slice_groups", "style_groups"]


def slice_groups(
    ranks: Ranks, data: EvaluationData, catalogue: Catalogue, log: EventColumns
) -> list[Group]:
    """Return the slices of the report that may be shown, and one for each format of the choices."""
    shown = [
        Group(name, rows)
        for name, rows, is_shown in target_slices(ranks, data, SMALLEST_GROUP)
        if is_shown
    ]
    chosen = _formats(ranks.targets, catalogue, log)
    formats = [Group(f"format {name}", chosen == code) for code, name in enumerate(FORMATS)]
    return [*shown, *(group for group in formats if group.rows.any())]


def style_groups(targets: Targets, catalogue: Catalogue, at: int) -> list[Group]:
    """Return the choices of each work style, as people had it at ``at``."""
    people = catalogue.employees
    versions = people.versions_at(targets.employee, np.full(len(targets), at))
    codes = people.codes("work_style", versions)
    return [
        Group(f"work style {people.values['work_style'].id(code)}", codes == code)
        for code in np.unique(codes[codes >= 0]).tolist()
    ]


def _formats(
    targets: Targets, catalogue: Catalogue, log: EventColumns
) -> "np.typing.NDArray[np.int8]":
    """Return places in ``FORMATS`` of the renditions in which contents were chosen, −1 unknown."""
    events = log.take(log.is_interaction)
    asked = np.stack([targets.employee, targets.content, targets.occurred_at], axis=1)
    held = np.stack([events.employee, events.content, events.occurred_at], axis=1)
    where = {key: row for row, key in reversed(list(enumerate(map(tuple, held.tolist()))))}
    found = [where.get(tuple(key), -1) for key in asked.tolist()]
    rendition = np.append(events.rendition, np.int32(-1))[found]
    return catalogue.renditions.formats(rendition, targets.content)
