"""Gradient-boosted trees compiled for scoring a few hundred rows at once.

A tree becomes a set of *tests* (feature > threshold) without any order among them. Leaves are
numbered from left to right, and a row keeps one bit for every leaf it may still end in: a test that
is true clears the bits of the leaves to the left of its node, and when all tests of the tree are
done the lowest bit left is the row's leaf. This is QuickScorer (Lucchese et al., SIGIR 2015,
section 3). Two things differ. QuickScorer sorts all tests of a feature to stop at the first one
that is false; here every test is made, tree by tree, for a block of rows at a time: no branch and
no jump through memory, so the processor makes eight or sixteen tests per instruction, as in
vQS (Lucchese et al., SIGIR 2016). And missing values are decided beforehand: tests read *columns*,
copies of a feature in which missing values are replaced by −∞ where they go left, +∞ where right.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from recsys.errors import ModelError
from recsys.kernels import kernel
from recsys.ranker.lightgbm_text import NAN_IS_MISSING, ZERO_IS_MISSING, Tree, read_trees

__all__ = ["MAX_LEAVES", "Forest"]

MAX_LEAVES = 64
"""The leaves of one tree are the bits of one machine word; trees of up to 32 take half the time."""

_TINY = np.float32(1e-35)
"""LightGBM's ``kZeroThreshold``: what is no further from zero counts as zero."""

_BLOCK = 256
"""Rows scored together: their columns stay in the second-level cache (64 kB for 64 columns)."""

# A number whose every window of six bits is another one turns the lowest set bit into a place
# 0..63 by one multiplication (Leiserson, Prokop & Randall 1998).
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
_DE_BRUIJN_SHIFT = np.uint64(58)
_ALL_LEAVES = np.uint64(0xFFFF_FFFF_FFFF_FFFF)

_Leaves = npt.NDArray[np.uint32] | npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Fitted trees, ready to score; immutable and safe to share between threads."""

    feature_names: tuple[str, ...]
    column_feature: npt.NDArray[np.int32]
    """The feature each column copies, shape (n_columns,)."""
    column_nan: npt.NDArray[np.float32]
    """What stands for NaN in each column, shape (n_columns,): 0, −∞ or +∞."""
    column_zero: npt.NDArray[np.float32]
    """What stands for zero in each column, shape (n_columns,): 0, −∞ or +∞."""
    first_test: npt.NDArray[np.int32]
    """Where each tree's tests begin, shape (n_trees + 1,)."""
    test_column: npt.NDArray[np.int32]
    test_threshold: npt.NDArray[np.float32]
    test_keeps: _Leaves
    """Leaves a row may still end in where column > threshold, one bit each, shape (n_tests,)."""
    leaf_value: npt.NDArray[np.float64]
    """Shape (n_trees, 64), by the place the multiplication gives to a leaf's bit."""

    @classmethod
    def from_lightgbm(cls, model_text: str) -> Self:
        """Compile a model as ``lightgbm.Booster.model_to_string`` writes it.

        Raises :class:`ModelError` for a text that is damaged, categorical splits, linear trees,
        several outputs, and trees of more than ``MAX_LEAVES`` leaves.
        """
        feature_names, trees = read_trees(model_text)
        placed = [_place_leaves(number, tree) for number, tree in enumerate(trees)]
        columns, test_column = np.unique(_columns(trees), axis=0, return_inverse=True)
        keeps = ~np.array([bits for _, left_side in placed for bits in left_side], np.uint64)
        fits_in_32_bits = all(len(tree.leaf_value) <= 32 for tree in trees)
        values = np.zeros((len(trees), MAX_LEAVES))
        for row, tree, (leaves, _) in zip(values, trees, placed, strict=True):
            row[_place_of_bit(len(leaves))] = tree.leaf_value[leaves]
        return cls(
            feature_names=feature_names,
            column_feature=columns[:, 0].astype(np.int32),
            column_nan=columns[:, 1].astype(np.float32),
            column_zero=columns[:, 2].astype(np.float32),
            first_test=np.cumsum([0, *(len(tree.feature) for tree in trees)], dtype=np.int32),
            test_column=test_column.astype(np.int32),
            test_threshold=_round_down(_joined([tree.threshold for tree in trees])),
            test_keeps=keeps.astype(np.uint32) if fits_in_32_bits else keeps,
            leaf_value=values,
        )

    def score(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return float64 raw scores, shape (n,), of float32 ``features``, shape (n, n_features).

        The sum of each row's leaf values, bit for bit what LightGBM's ``predict(raw_score=True)``
        returns for the same float32 features, NaN and infinities included; zeros without trees.
        Cost: one comparison per row and inner node, in vectors. Raises :class:`ModelError` for
        another number of features.
        """
        if features.ndim != 2 or features.shape[1] != len(self.feature_names):
            raise ModelError(
                f"features have shape {features.shape}, the trees were fitted on "
                f"{len(self.feature_names)} features; pass shape (n, {len(self.feature_names)}), "
                "or train again if the features have changed"
            )
        scores = np.zeros(len(features))
        _add_scores(
            np.ascontiguousarray(features, np.float32), self.column_feature, self.column_nan,
            self.column_zero, self.first_test, self.test_column, self.test_threshold,
            self.test_keeps, self.leaf_value, scores,
        )  # fmt: skip
        return scores


def _place_leaves(number: int, tree: Tree) -> tuple[list[int], list[int]]:
    """Return a tree's leaves from left to right, and for every node the bits of its left side."""
    if len(tree.leaf_value) > MAX_LEAVES:
        raise ModelError(
            f"tree {number} has {len(tree.leaf_value)} leaves, at most {MAX_LEAVES} are supported; "
            f"fit with num_leaves of {MAX_LEAVES} or less"
        )
    leaves: list[int] = []
    left_side = [0] * len(tree.feature)

    def visit(node: int) -> None:
        if node < 0:
            leaves.append(~node)
            return
        first = len(leaves)
        visit(tree.left[node])
        left_side[node] = (1 << len(leaves)) - (1 << first)
        visit(tree.right[node])

    visit(tree.root)
    return leaves, left_side


def _columns(trees: list[Tree]) -> npt.NDArray[np.float64]:
    """Return feature, stand-in for NaN and stand-in for zero of every test, shape (n_tests, 3)."""
    missing = _joined([tree.missing for tree in trees])
    side = np.where(_joined([tree.missing_goes_left for tree in trees]), -np.inf, np.inf)
    return np.column_stack(
        [
            _joined([tree.feature for tree in trees]),
            np.where((missing == NAN_IS_MISSING) | (missing == ZERO_IS_MISSING), side, 0.0),
            np.where(missing == ZERO_IS_MISSING, side, 0.0),
        ]
    )


def _joined(arrays: list[npt.NDArray[np.generic]]) -> npt.NDArray[np.float64]:
    return np.concatenate([np.zeros(0), *arrays])


def _round_down(thresholds: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Return the largest finite float32 not above each threshold: float32 values compare the same.

    Only a feature of +∞ does not at a threshold of +∞, which parts NaN from all numbers.
    """
    with np.errstate(over="ignore"):  # LightGBM writes 1e300 for "all but +∞"
        nearest = thresholds.astype(np.float32)
    below = np.nextafter(nearest, np.float32(-np.inf))
    return np.where((nearest > thresholds) | np.isinf(nearest), below, nearest)


def _place_of_bit(n_bits: int) -> npt.NDArray[np.intp]:
    bits = np.uint64(1) << np.arange(n_bits, dtype=np.uint64)
    return ((bits * _DE_BRUIJN) >> _DE_BRUIJN_SHIFT).astype(np.intp)


@kernel
def _add_scores(
    features: npt.NDArray[np.float32],
    column_feature: npt.NDArray[np.int32],
    column_nan: npt.NDArray[np.float32],
    column_zero: npt.NDArray[np.float32],
    first_test: npt.NDArray[np.int32],
    test_column: npt.NDArray[np.int32],
    test_threshold: npt.NDArray[np.float32],
    test_keeps: _Leaves,
    leaf_value: npt.NDArray[np.float64],
    scores: npt.NDArray[np.float64],
) -> None:
    """Add every tree's leaf value to ``scores``, in the order of the trees."""
    columns = np.empty((len(column_feature), _BLOCK), np.float32)
    may_end_in = np.empty(_BLOCK, test_keeps.dtype)
    for first in range(0, len(features), _BLOCK):
        rows = features[first : first + _BLOCK]
        _fill_columns(rows, column_feature, column_nan, column_zero, columns)
        for tree in range(len(leaf_value)):
            may_end_in[:] = _ALL_LEAVES
            for test in range(first_test[tree], first_test[tree + 1]):
                column = columns[test_column[test]]
                threshold, keeps = test_threshold[test], test_keeps[test]
                for row in range(len(rows)):
                    leaves = may_end_in[row]
                    may_end_in[row] = leaves & keeps if column[row] > threshold else leaves
            for row in range(len(rows)):
                bits = np.uint64(may_end_in[row])
                lowest = bits & (~bits + np.uint64(1))
                scores[first + row] += leaf_value[tree, (lowest * _DE_BRUIJN) >> _DE_BRUIJN_SHIFT]


@kernel
def _fill_columns(
    rows: npt.NDArray[np.float32],
    column_feature: npt.NDArray[np.int32],
    column_nan: npt.NDArray[np.float32],
    column_zero: npt.NDArray[np.float32],
    columns: npt.NDArray[np.float32],
) -> None:
    """Write the columns of a block of rows, shape (n_columns, _BLOCK)."""
    for column in range(len(column_feature)):
        feature = column_feature[column]
        for row in range(len(rows)):
            value = rows[row, feature]
            if np.isnan(value):
                value = column_nan[column]
            elif abs(value) <= _TINY:
                value = column_zero[column]
            columns[column, row] = value
