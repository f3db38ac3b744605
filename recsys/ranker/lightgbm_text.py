"""LightGBM's own text format, as far as trees of numerical splits need it.

One ``key=value`` a line: a header, then a section per tree, then ``end of trees``. Written by
``src/boosting/gbdt_model_text.cpp`` and ``src/io/tree.cpp`` of LightGBM (versions 3 and 4).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.errors import ModelError

__all__ = ["NAN_IS_MISSING", "ZERO_IS_MISSING", "Tree", "read_trees"]

# Bits of decision_type (LightGBM's include/LightGBM/tree.h).
_CATEGORICAL = 1
_MISSING_GOES_LEFT = 2
_MISSING_SHIFT = 2

ZERO_IS_MISSING = 1
"""Zero and NaN go the way of missing values; NaN is read as zero."""
NAN_IS_MISSING = 2
"""NaN goes the way of missing values. With any other rule NaN is zero, and zero is ordinary."""


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """One tree; a row goes left at a node where its feature ≤ threshold.

    Arrays of nodes have shape (n_leaves − 1,). A child ≥ 0 is a node, a child < 0 the leaf ~child.
    Every node and leaf has exactly one parent, the root none, so a walk from the root ends.
    """

    feature: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float64]
    missing: npt.NDArray[np.int64]
    """The rule for missing values: ``ZERO_IS_MISSING``, ``NAN_IS_MISSING``, or another: none is."""
    missing_goes_left: npt.NDArray[np.bool_]
    left: list[int]
    right: list[int]
    leaf_value: npt.NDArray[np.float64]
    """Shape (n_leaves,)."""

    @property
    def root(self) -> int:
        """Return the root: the first node, or the only leaf."""
        return 0 if self.left else -1


def read_trees(model_text: str) -> tuple[tuple[str, ...], list[Tree]]:
    """Return the features' names and the trees of a model text.

    Raises :class:`ModelError` for a text that is damaged and for models other than a sum of trees
    with numerical splits and constant leaves.
    """
    body, end, _ = model_text.partition("\nend of trees")
    header, *sections = body.split("\nTree=")
    if not header.startswith("tree\n") or not end:
        raise ModelError(
            f"the text beginning {model_text[:40]!r} is no complete LightGBM model; expected what "
            "Booster.model_to_string writes, from 'tree' to 'end of trees'"
        )
    fields = _fields(header)
    if fields.get("num_tree_per_iteration") != "1":
        raise ModelError(
            f"the model has {fields.get('num_tree_per_iteration')} trees per iteration; expected "
            "one output: fit with a ranking, regression or binary objective"
        )
    names = tuple(fields.get("feature_names", "").split())
    return names, [_read_tree(n, _fields(s), len(names)) for n, s in enumerate(sections)]


def _fields(section: str) -> dict[str, str]:
    lines = (line.partition("=") for line in section.splitlines())
    return {key: value for key, equals, value in lines if equals}


def _read_tree(number: int, fields: dict[str, str], n_features: int) -> Tree:
    if fields.get("is_linear", "0") != "0":
        raise ModelError(f"tree {number} has linear leaves; fit with linear_tree=false")
    try:
        decision = np.array(fields["decision_type"].split(), np.int64)
        tree = Tree(
            feature=np.array(fields["split_feature"].split(), np.int64),
            threshold=np.array(fields["threshold"].split(), np.float64),
            missing=decision >> _MISSING_SHIFT,
            missing_goes_left=(decision & _MISSING_GOES_LEFT) > 0,
            left=[int(child) for child in fields["left_child"].split()],
            right=[int(child) for child in fields["right_child"].split()],
            leaf_value=np.array(fields["leaf_value"].split(), np.float64),
        )
    except (KeyError, ValueError) as error:
        raise _damaged(number, str(error)) from None
    if (decision & _CATEGORICAL).any():
        raise ModelError(
            f"tree {number} splits on categories; fit without categorical_feature, on numbers only"
        )
    _check_shape(number, tree, n_features)
    return tree


def _check_shape(number: int, tree: Tree, n_features: int) -> None:
    """Refuse a tree that would send a walk in circles or read outside its arrays."""
    n_leaves = len(tree.leaf_value)
    per_node = (tree.feature, tree.threshold, tree.missing, tree.left, tree.right)
    if any(len(values) != n_leaves - 1 for values in per_node):
        raise _damaged(number, f"{n_leaves} leaves need {n_leaves - 1} nodes")
    if sorted([tree.root, *tree.left, *tree.right]) != list(range(-n_leaves, n_leaves - 1)):
        raise _damaged(number, "a node or leaf has no parent or several")
    if not (tree.threshold > -np.inf).all():  # +∞ is how LightGBM parts NaN from the rest
        raise _damaged(number, "a threshold is not a number")
    if ((tree.feature < 0) | (tree.feature >= n_features)).any():
        raise _damaged(number, f"a split is on none of the {n_features} features")


def _damaged(number: int, what: str) -> ModelError:
    return ModelError(f"tree {number} of the model text is damaged ({what}); train again")
