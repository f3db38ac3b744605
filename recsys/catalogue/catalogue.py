"""Everything known about a company besides what its people did."""

import numpy as np
import pandas as pd

from recsys.catalogue.columns import numbers
from recsys.catalogue.contents import ContentTable
from recsys.catalogue.employees import EmployeeTable
from recsys.catalogue.preferences import PreferenceTable
from recsys.catalogue.renditions import RenditionTable
from recsys.dataset.dataset import Dataset, empty_frame
from recsys.devices import device_code
from recsys.event_columns import CODE_OF_REASON, LAST_POSITION, EventColumns
from recsys.ids import IdMap, map_distinct
from recsys.schema import EVENT_TYPES, SURFACES, TABLES
from recsys.siphash import hash_texts
from recsys.times import NO_TIME, from_micros, series_to_micros

__all__ = ["Catalogue"]

_TABLES: tuple[str, ...] = ("contents", "renditions", "employees", "preferences")

_EVENT_TYPES = IdMap(EVENT_TYPES)
_SURFACES = IdMap(SURFACES)
_REASONS = IdMap(CODE_OF_REASON)


class Catalogue:
    """Employees, contents, renditions and preferences, and the maps from ids to indices.

    Writers go one at a time; the frames they bring are canonical.
    """

    def __init__(self) -> None:
        self.contents = ContentTable()
        self.employees = EmployeeTable()
        self.renditions = RenditionTable()
        self.preferences = PreferenceTable()
        self._frames: dict[str, list[pd.DataFrame]] = {name: [] for name in _TABLES}

    @classmethod
    def of(cls, dataset: Dataset) -> "Catalogue":
        """Return the catalogue of a data set; its employee versions hold since ever."""
        catalogue = cls()
        for table in _TABLES:
            catalogue.upsert(table, dataset[table], valid_from=NO_TIME)
        return catalogue

    def upsert(self, table: str, frame: pd.DataFrame, *, valid_from: int) -> None:
        """Insert or replace the rows of a canonical frame.

        ``valid_from`` (microseconds) is the moment of this upsert, for employee rows without one.
        """
        if table == "contents":
            self.contents.upsert(frame)
        elif table == "renditions":
            self.renditions.upsert(frame, self.contents.ids, self.contents.rules)
        elif table == "employees":
            self.employees.upsert(frame, valid_from=valid_from)
        elif table == "preferences":
            self.preferences.upsert(frame, self.employees.ids)
        else:
            raise KeyError(table)
        if table == "employees" and valid_from != NO_TIME:
            frame = frame.assign(valid_from=frame["valid_from"].fillna(from_micros(valid_from)))
        _append(table, self._frames[table], frame)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return every table as one canonical frame; of rows with one key the last upserted."""
        return {name: _latest(name, parts) for name, parts in self._frames.items()}

    def encode(self, events: pd.DataFrame) -> EventColumns:
        """Return a canonical events frame as columns, giving new ids their indices."""
        occurred_at = series_to_micros(events["occurred_at"])
        received_at = series_to_micros(events["received_at"])
        position = events["position"].to_numpy(dtype=np.float64, na_value=0)
        return EventColumns(
            key=hash_texts(events["event_id"]),
            event_type=_EVENT_TYPES.indices(events["event_type"]).astype(np.int8),
            employee=self.employees.ids.add_many(events["employee_id"]),
            content=self.contents.ids.add_many(events["content_id"]),
            rendition=self.renditions.ids.add_many(events["rendition_id"]),
            occurred_at=occurred_at,
            received_at=np.where(received_at == NO_TIME, occurred_at, received_at),
            dwell_seconds=numbers(events["dwell_seconds"]),
            progress_share=numbers(events["progress_share"]),
            device=map_distinct(events["device"], device_code).astype(np.int8),
            surface=_SURFACES.indices(events["surface"]).astype(np.int8),
            position=np.minimum(position, LAST_POSITION).astype(np.int16),
            rendition_propensity=numbers(events["rendition_propensity"]),
            reason=_REASONS.indices(events["reason"]).astype(np.int8),
            target=self.employees.ids.add_many(_shared_with(events)),
        )


def _shared_with(events: pd.DataFrame) -> "pd.Series[str]":
    """Return whom each event shares its content with, missing where it is no such share."""
    is_personal = (events["event_type"] == "share") & (events["reason"] == "person")
    return events["target_id"].where(is_personal)


def _append(table: str, parts: list[pd.DataFrame], frame: pd.DataFrame) -> None:
    """Keep a part, joined with the ones before it that are no larger.

    So there are O(log n) parts after any number of upserts, at O(log n) copies of a row.
    """
    parts.append(frame)
    while len(parts) > 1 and len(parts[-2]) <= len(parts[-1]):
        parts[-2:] = [_latest(table, parts[-2:])]


def _latest(table: str, parts: list[pd.DataFrame]) -> pd.DataFrame:
    if not parts:
        return empty_frame(TABLES[table])
    together = pd.concat(parts, ignore_index=True)
    return together.drop_duplicates(list(TABLES[table].key), keep="last", ignore_index=True)
