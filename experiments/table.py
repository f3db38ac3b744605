"""The rows of an experiment: who is in which variant, and who cannot be placed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.columns import labels
from experiments.design import Design
from experiments.sentences import say
from recsys.errors import DatasetError

__all__ = ["Codes", "Exclusion", "Table"]

Codes = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Rows that were left out, and why."""

    metric: str | None
    """None: left out of everything."""
    variant: str | None
    column: str
    cause: str
    count: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as it stands in the results."""
        return {
            "metric": self.metric, "variant": self.variant, "column": self.column,
            "cause": self.cause, "count": self.count,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """One row per unit, each with its variant."""

    frame: pd.DataFrame
    """The rows that have a place, in the order of the file."""
    arms: tuple[str, ...]
    """Control first, then by name; with those that are expected but have no rows."""
    arm: Codes
    """Shape (n,), places in ``arms``."""
    cluster: Codes | None
    """Shape (n,): numbers in the order of the names, so that the order of rows never matters."""
    stratum: Codes | None
    stratum_names: tuple[str, ...]
    excluded: tuple[Exclusion, ...]
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, frame: pd.DataFrame, design: Design) -> "Table":
        """Place the rows.

        Raises
        ------
        DatasetError
            No rows, an absent column, a control that is not there, several rows of one unit, or a
            cluster in several variants.
        """
        _check_columns(frame, design)
        named = {column: labels(frame[column]) for column in _label_columns(design)}
        keep, excluded = _complete(named, design)
        crossers = _crossers(named, keep, design)
        if crossers.any():
            n_units = named[design.unit][crossers].nunique()
            told = say(
                "in_several", unit=design.unit, n=f"{n_units:,}", s="" if n_units == 1 else "s",
                some=_some(named[design.unit][crossers]),
            )  # fmt: skip
            for name, count in named[design.variant][crossers].value_counts().sort_index().items():
                cause = "unit in several variants"
                excluded.append(Exclusion(None, str(name), design.unit, cause, int(count)))
            keep &= ~crossers
        kept = {column: texts[keep] for column, texts in named.items()}
        arms = _arms(kept[design.variant], design)
        _check_once(kept[design.unit], design)
        if design.cluster is not None:
            _check_nested(kept, design.cluster, design)
        stratum_names: tuple[str, ...] = ()
        if design.strata is not None:
            stratum_names = tuple(sorted(kept[design.strata].unique()))
        place = {name: code for code, name in enumerate(arms)}
        return cls(
            frame[keep], arms, np.asarray(kept[design.variant].map(place), np.intp),
            _codes(kept, design.cluster), _codes(kept, design.strata), stratum_names,
            tuple(excluded), (told,) if crossers.any() else (),
        )  # fmt: skip

    @property
    def n_units(self) -> dict[str, int]:
        """Rows per variant."""
        counts = np.bincount(self.arm, minlength=len(self.arms)).tolist()
        return dict(zip(self.arms, counts, strict=True))

    @property
    def n_randomised(self) -> dict[str, int]:
        """Randomisation units per variant: clusters where there are any, else rows."""
        if self.cluster is None:
            return self.n_units
        _, first = np.unique(self.cluster, return_index=True)
        counts = np.bincount(self.arm[first], minlength=len(self.arms)).tolist()
        return dict(zip(self.arms, counts, strict=True))

    def only(self, rows: npt.NDArray[np.bool_]) -> "Table":
        """Return the table of some rows, bool of shape (n,)."""
        return Table(
            self.frame[rows], self.arms, self.arm[rows],
            None if self.cluster is None else self.cluster[rows],
            None if self.stratum is None else self.stratum[rows], self.stratum_names, (), (),
        )  # fmt: skip


Named = Mapping[str, "pd.Series[str]"]


def _label_columns(design: Design) -> list[str]:
    columns = (design.variant, design.unit, design.cluster, design.strata)
    return list(dict.fromkeys(c for c in columns if c is not None))


def _check_columns(frame: pd.DataFrame, design: Design) -> None:
    absent = [column for column in design.columns if column not in frame.columns]
    if absent:
        raise DatasetError(
            f"the table has no column {', '.join(map(repr, absent))}; it has "
            f"{', '.join(map(str, frame.columns)) or 'none'}"
        )
    twice = sorted({c for c in design.columns if list(frame.columns).count(c) > 1})
    if twice:
        raise DatasetError(
            f"the table has several columns named {', '.join(twice)}; expected each name once"
        )
    if frame.empty:
        raise DatasetError("the table has no rows; expected one row per unit")


def _complete(named: Named, design: Design) -> tuple[npt.NDArray[np.bool_], list[Exclusion]]:
    """Return which rows have all labels, and those that lack one, counted by the first it lacks."""
    variant = named[design.variant]
    keep = np.ones(len(variant), np.bool_)
    excluded = []
    for column, texts in named.items():
        lacks = texts.isna().to_numpy(np.bool_) & keep
        for name, count in variant[lacks].value_counts(dropna=False).sort_index().items():
            arm = str(name) if isinstance(name, str) else None
            excluded.append(Exclusion(None, arm, column, "missing", int(count)))
        keep &= ~lacks
    if not keep.any():
        raise DatasetError(
            f"no row has a value in all of {', '.join(named)}; expected one row per unit"
        )
    return keep, excluded


def _crossers(
    named: Named, keep: npt.NDArray[np.bool_], design: Design
) -> npt.NDArray[np.bool_]:  # fmt: skip
    """Return which rows belong to a unit that is in several variants."""
    pairs = pd.DataFrame({"unit": named[design.unit], "variant": named[design.variant]})[keep]
    pairs = pairs.drop_duplicates()
    several = pairs["unit"][pairs["unit"].duplicated()]
    if several.empty:
        return np.zeros(len(keep), np.bool_)
    return np.asarray(named[design.unit].isin(several).to_numpy(np.bool_) & keep)


def _arms(variant: "pd.Series[str]", design: Design) -> tuple[str, ...]:
    present = set(variant.unique())
    if design.control not in present:
        raise DatasetError(
            f"the control {design.control!r} is not among the variants of {design.variant}: "
            f"{', '.join(sorted(present)) or 'none'}"
        )
    expected = {name for name, share in (design.expected_split or {}).items() if share > 0}
    return (design.control, *sorted((present | expected) - {design.control}))


def _check_once(units: "pd.Series[str]", design: Design) -> None:
    is_again = units.duplicated(keep=False)
    if is_again.any():
        again = units[is_again]
        raise DatasetError(
            f"{design.unit}: {_count(again.nunique(), 'unit')} with several rows ({_some(again)}); "
            "expected one row per unit: add the rows of each up first, or name "
            f"a column of row numbers as the unit and {design.unit} as the cluster"
        )


def _check_nested(kept: Named, cluster: str, design: Design) -> None:
    pairs = pd.DataFrame({"cluster": kept[cluster], "variant": kept[design.variant]})
    clusters = pairs.drop_duplicates()["cluster"]
    several = clusters[clusters.duplicated()]
    if not several.empty:
        raise DatasetError(
            f"{cluster}: {_count(several.nunique(), 'cluster')} with rows in several variants "
            f"({_some(several)}); expected each in one: use the {cluster} that was assigned, or "
            "analyse without clusters if single units were randomised"
        )


def _codes(kept: Named, column: str | None) -> Codes | None:
    if column is None:
        return None
    codes, _ = pd.factorize(kept[column].to_numpy(object), sort=True)
    return np.asarray(codes, np.intp)


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _some(names: "pd.Series[str]") -> str:
    shown = names.drop_duplicates().iloc[:3].tolist()
    return ", ".join(shown) + (" …" if names.nunique() > len(shown) else "")
