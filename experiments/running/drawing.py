"""Who gets which variant: drawn in blocks for those who are known, by hash for who comes later.

The draw is a systematic sample within strata: units in random order take the variants that lie at
equally spaced points of the cumulated weights, from a random start. Each unit gets a variant with
exactly its weight as probability, and in a stratum of n units every variant has its share of n but
for less than one unit. The order in which units take part (``place``) is drawn in the same way
within stratum and variant, so every step of a ramp is balanced too.

Two parts of the units are set aside by hash, the same for all experiments: those held out, and
those outside the experiment's part of the layer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import pandas as pd

from experiments.hashing import HashedVariants, bucket_of
from experiments.running.definition import UNIT_ATTRIBUTE, Definition

__all__ = ["Drawn", "draw", "draw_joiner", "roster_of"]

_HOLDOUT, _LAYER = "holdout", "layer"
"""Seeds: one for the whole company, so that parts never overlap between experiments."""
_NO_STRATUM = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn for a unit; ``variant`` None: held out."""

    unit_id: str
    variant: str | None
    source: str
    bucket: float
    place: float
    stratum: str


def roster_of(employees: pd.DataFrame, definition: Definition) -> pd.DataFrame:
    """Return employee_id, unit_id and stratum of everybody who has a unit, by employee.

    ``employees`` are canonical rows, one per person. Who has no unit (an empty team, say) is
    nobody's unit and left out; who has left is, too.
    """
    here = employees[~employees["active"].eq(False).fillna(False)]
    attribute = UNIT_ATTRIBUTE.get(definition.unit, "employee_id")
    roster = pd.DataFrame(
        {
            "employee_id": here["employee_id"].astype(str),
            "unit_id": here[attribute].fillna("").astype(str).str.strip(),
            "stratum": _strata(here, definition.strata),
        }
    )
    roster = roster[roster["unit_id"] != ""].sort_values("employee_id", ignore_index=True)
    roster["stratum"] = roster.groupby("unit_id")["stratum"].transform(_most_common)
    return roster


def draw(
    definition: Definition, units: Mapping[str, str], kept: Mapping[str, str] | None = None
) -> list[Drawn]:
    """Return a draw for every unit that takes part or is held out, by unit id.

    Parameters
    ----------
    units
        Stratum by unit id.
    kept
        Variants of an earlier version by unit id: whoever had one that still exists keeps it.
    """
    drawn = []
    by_stratum: dict[str, list[str]] = {}
    for unit_id in sorted(units):
        if _is_held_out(definition, unit_id):
            drawn.append(_held_out(definition, unit_id, units[unit_id]))
        elif _is_inside(definition, unit_id):
            by_stratum.setdefault(units[unit_id], []).append(unit_id)
    for stratum, members in by_stratum.items():
        rng = np.random.default_rng(_seed(definition, stratum))
        variants = _variants(definition, members, kept or {}, rng)
        for variant in definition.weights:
            mine = [unit for unit, its in zip(members, variants, strict=True) if its == variant]
            for unit_id, place in zip(mine, _places(len(mine), rng), strict=True):
                bucket = bucket_of(definition.key, unit_id)
                drawn.append(Drawn(unit_id, variant, "stored", bucket, place, stratum))
    return sorted(drawn, key=lambda one: one.unit_id)


def draw_joiner(definition: Definition, unit_id: str, dropped: Iterable[str] = ()) -> Drawn | None:
    """Return what a unit gets that nobody knew at the start; None: it does not take part.

    The hash alone decides, so every process says the same. An empty unit is nobody. Who would fall
    into an arm that was dropped takes no part: nobody is moved.
    """
    if not unit_id.strip():
        return None
    if _is_held_out(definition, unit_id):
        return _held_out(definition, unit_id, _NO_STRATUM)
    bucket = bucket_of(definition.key, unit_id)
    variant = HashedVariants(definition.key, definition.weights).variant(bucket)
    if not _is_inside(definition, unit_id) or variant is None or variant in set(dropped):
        return None
    place = bucket_of(f"{definition.key}:place", unit_id)
    return Drawn(unit_id, variant, "hash", bucket, place, _NO_STRATUM)


def _is_held_out(definition: Definition, unit_id: str) -> bool:
    return definition.holdout_share > 0 and (
        bucket_of(_HOLDOUT, unit_id) < definition.holdout_share
    )


def _is_inside(definition: Definition, unit_id: str) -> bool:
    low, high = definition.layer
    return (low, high) == (0.0, 1.0) or low <= bucket_of(_LAYER, unit_id) < high


def _held_out(definition: Definition, unit_id: str, stratum: str) -> Drawn:
    return Drawn(unit_id, None, "holdout", bucket_of(definition.key, unit_id), 0.0, stratum)


def _variants(
    definition: Definition, members: Sequence[str], kept: Mapping[str, str],
    rng: np.random.Generator,
) -> list[str]:  # fmt: skip
    """Return the variant of each member; new members are drawn among themselves."""
    weights = definition.weights
    names, ends = list(weights), np.cumsum(list(weights.values()))
    new = [unit for unit in members if kept.get(unit) not in weights]
    points = (rng.permutation(len(new)) + rng.random()) / max(len(new), 1)
    found = np.minimum(np.searchsorted(ends, points, side="right"), len(names) - 1)
    fresh = {unit: names[place] for unit, place in zip(new, found.tolist(), strict=True)}
    return [fresh[unit] if unit in fresh else kept[unit] for unit in members]


def _places(n: int, rng: np.random.Generator) -> list[float]:
    return [float(place) for place in (rng.permutation(n) + rng.random()) / max(n, 1)]


def _seed(definition: Definition, stratum: str) -> int:
    text = f"{definition.key}\0{definition.version}\0{stratum}".encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest())


def _strata(employees: pd.DataFrame, names: Sequence[str]) -> "pd.Series[str]":
    if not names:
        return pd.Series(_NO_STRATUM, index=employees.index, dtype="str")
    values = employees[list(names)].astype("str").fillna("")
    return values.agg("|".join, axis=1)


def _most_common(values: "pd.Series[str]") -> str:
    """Return the value most have; of several the first in order, so that nothing is left open."""
    return str(values.mode().sort_values().iloc[0])
