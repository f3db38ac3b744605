"""Training rows that are kept from one night to the next.

What a choice looked like at its moment does not change afterwards, so the rows of the past need not
be taken again. A choice is found by a salted hash of who chose what when. Whoever was erased or has
opted out makes no choices any more: their rows are found by nobody and left out, and are gone from
the disk after that night. In the rows of others they may have been counted among many; that is
forgotten with the next full run, :data:`MOST_DAYS` later at the latest.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recsys.catalogue.catalogue import Catalogue
from recsys.interactions import Targets
from recsys.ranker.calibration import Calibration
from recsys.ranker.choice_rows import ChoiceRows
from recsys.siphash import hash_texts
from recsys.times import DAY_US

__all__ = [
    "MOST_DAYS",
    "Kept",
    "KeptRows",
    "keep_calibration",
    "kept_calibration",
    "read_kept",
    "why_not",
]

MOST_DAYS = 8
"""Full runs are at most this far apart: one on Sundays may be late by a day."""

_ARRAYS, _ABOUT, _CALIBRATION = "rows.npz", "rows.json", "calibration.npz"

_Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Kept:
    """Where kept rows come from; times are microseconds."""

    salt: str
    until: int
    """Where the log ended when they were last added to."""
    full_until: int
    """Where the log ended in the last full run."""
    known_until: int
    """Nothing in a row became known after this or else after its choice."""
    made_by: str
    """Digest of recipe, seed and code: other rows cannot stand beside these."""

    def keys(self, targets: Targets, catalogue: Catalogue) -> _Keys:
        """Return the salted hashes of choices, shape (n_targets,)."""
        employees, contents = catalogue.employees.ids, catalogue.contents.ids
        triples = zip(
            targets.employee.tolist(), targets.content.tolist(), targets.occurred_at.tolist(),
            strict=True,
        )  # fmt: skip
        return hash_texts(
            [
                f"{self.salt}\x1f{employees.id(e)}\x1f{contents.id(c)}\x1f{at}"
                for e, c, at in triples
            ]
        )


@dataclass(frozen=True, slots=True)
class KeptRows:
    """Rows of choices in time order, and the keys of the choices."""

    about: Kept
    keys: _Keys
    rows: ChoiceRows

    def places(self, keys: _Keys) -> npt.NDArray[np.int64]:
        """Return the place of each choice among these, −1 where its rows are not kept."""
        order = np.argsort(self.keys)
        found = np.searchsorted(self.keys, keys, sorter=order)
        place = np.append(order, -1)[np.minimum(found, len(order))]
        is_there = np.append(self.keys, np.uint64(0))[place] == keys
        return np.where(is_there & (place >= 0), place, -1)

    def write(self, directory: Path) -> None:
        """Write the rows into an existing directory."""
        np.savez(
            directory / _ARRAYS, keys=self.keys, features=self.rows.features,
            weight=self.rows.weight, sizes=self.rows.sizes, is_missed=self.rows.is_missed,
        )  # fmt: skip
        (directory / _ABOUT).write_text(json.dumps(asdict(self.about)), encoding="utf-8")

    @classmethod
    def read(cls, directory: Path) -> "KeptRows":
        """Read what :meth:`write` wrote."""
        about = Kept(**json.loads((directory / _ABOUT).read_text(encoding="utf-8")))
        with np.load(directory / _ARRAYS, allow_pickle=False) as file:
            arrays: Mapping[str, npt.NDArray[np.generic]] = dict(file)
        keys = arrays.pop("keys")  # type: ignore[attr-defined]  # a dict
        return cls(about, keys, ChoiceRows(**arrays))  # type: ignore[arg-type]  # by name


def read_kept(directory: Path) -> KeptRows | None:
    """Return the rows that are kept; None where there are none, or none that can be read."""
    try:
        return KeptRows.read(directory)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep_calibration(directory: Path, calibration: Calibration) -> None:
    """Keep the calibration of the model on trial beside the rows it was fitted on."""
    np.savez(directory / _CALIBRATION, **calibration.arrays())  # type: ignore[arg-type]  # its keyword is no array


def kept_calibration(directory: Path) -> Calibration | None:
    """Return the calibration beside kept rows; None where there is none."""
    path = directory / _CALIBRATION
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as arrays:
        return Calibration.from_arrays(arrays)


def why_not(kept: KeptRows | None, *, made_by: str, split: int, until: int) -> str | None:
    """Return why kept rows are nothing to build on; None if they are."""
    if kept is None:
        return "no rows of an earlier run are kept"
    if kept.about.made_by != made_by:
        return "recipe, seed or code have changed since the last run"
    if until < kept.about.until:
        return "the log ends earlier than in the last run"
    if split < kept.about.known_until:
        return "the test window begins earlier than that of the last full run"
    if until - kept.about.full_until > MOST_DAYS * DAY_US:
        return f"the last full run is more than {MOST_DAYS} days ago"
    return None
