"""A catalogue as frames and id lists, and back, with every index in its place."""

import json
from pathlib import Path

import pandas as pd

from recsys.catalogue.catalogue import Catalogue
from recsys.ids import IdMap
from recsys.times import NO_TIME

__all__ = ["read_catalogue", "write_catalogue"]

_IDS = "ids.json"
_ATTRIBUTE = "employees."
"""Before the names of employees' attributes among the id lists."""


def write_catalogue(catalogue: Catalogue, directory: Path) -> None:
    """Write one Parquet file per table and the ids by index."""
    for table, frame in catalogue.frames().items():
        frame.to_parquet(directory / f"{table}.parquet", index=False)
    ids = {name: list(id_map.ids) for name, id_map in _id_maps(catalogue).items()}
    (directory / _IDS).write_text(json.dumps(ids, ensure_ascii=False), encoding="utf-8")


def read_catalogue(directory: Path) -> Catalogue:
    """Read what :func:`write_catalogue` wrote."""
    catalogue = Catalogue()
    ids = json.loads((directory / _IDS).read_text(encoding="utf-8"))
    for name in ids:
        if name.startswith(_ATTRIBUTE):
            catalogue.employees.extra_values(name.removeprefix(_ATTRIBUTE))
    for name, id_map in _id_maps(catalogue).items():
        for external_id in ids.get(name, ()):  # an older bundle has fewer attributes
            id_map.add(external_id)
    for table in catalogue.frames():
        frame = pd.read_parquet(directory / f"{table}.parquet")
        catalogue.upsert(table, frame, valid_from=NO_TIME)
    return catalogue


def _id_maps(catalogue: Catalogue) -> dict[str, IdMap]:
    contents, employees = catalogue.contents, catalogue.employees
    return {
        "contents": contents.ids,
        "authors": contents.authors,
        "owner_departments": contents.departments,
        "campaigns": contents.campaigns,
        "difficulties": contents.difficulties,
        "topics": contents.topics_map,
        "languages": contents.languages,
        "rules": contents.rules,
        "renditions": catalogue.renditions.ids,
        "employees": employees.ids,
        **{f"{_ATTRIBUTE}{name}": id_map for name, id_map in employees.values.items()},
    }
