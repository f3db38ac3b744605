"""The compiled trees against LightGBM itself: fitted models, and random ones no fit would give."""

from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.errors import ModelError
from recsys.ranker.forest import MAX_LEAVES, Forest

Features = npt.NDArray[np.float32]

N_FEATURES = 5
# What LightGBM treats apart: its zero threshold 1e-35 and both its neighbours, zeros of both signs,
# subnormal numbers, the ends of the range, infinities and NaN.
TINY = np.float32(1e-35)
ODD_VALUES = np.array(
    [0.0, -0.0, TINY, -TINY, np.nextafter(TINY, np.float32(1)), -np.nextafter(TINY, np.float32(1)),
     np.nextafter(TINY, np.float32(0)), 1e-40, -1e-40, 3.4e38, -3.4e38, np.inf, -np.inf, np.nan],
    np.float32,
)  # fmt: skip
ODD_THRESHOLDS = [
    0.0, 1.0000000180025095e-35, -1.0000000180025095e-35, 1e-36, -1e-36, 1e300, -1e300, 0.1, -0.1,
]  # fmt: skip


def awkward(features: Features, rng: np.random.Generator) -> Features:
    """Return the features with a third of the values replaced by odd ones."""
    odd = rng.choice(ODD_VALUES, features.shape)
    return np.where(rng.random(features.shape) < 1 / 3, odd, features).astype(np.float32)


def fitted(
    features: Features, parameters: dict[str, Any], n_trees: int, init: str | None = None
) -> str:
    values = np.nan_to_num(features, posinf=3.0, neginf=-3.0)
    labels = np.sin(2 * values[:, 0]) + values[:, 1] * (values[:, 2] > 0)
    parameters = {"verbosity": -1, "min_data_in_leaf": 3, "num_threads": 1, **parameters}
    model = None if init is None else lgb.Booster(model_str=init)
    booster = lgb.train(parameters, lgb.Dataset(features, labels), n_trees, init_model=model)
    return str(booster.model_to_string())


def expected(model_text: str, features: Features) -> npt.NDArray[np.float64]:
    booster = lgb.Booster(model_str=model_text)
    return np.asarray(booster.predict(features, raw_score=True, num_threads=1), np.float64)


def normal_features(n_rows: int, seed: int = 0) -> Features:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_rows, N_FEATURES)).astype(np.float32)


def text_of_trees(trees: list[dict[str, list[Any]]], **header: str) -> str:
    """Return the text of a model with these trees; values of the header may be replaced."""
    fields = {
        "version": "v4", "num_class": "1", "num_tree_per_iteration": "1", "label_index": "0",
        "max_feature_idx": str(N_FEATURES - 1), "objective": "regression",
        "feature_names": " ".join(f"f{i}" for i in range(N_FEATURES)),
        "feature_infos": " ".join(["[-1:1]"] * N_FEATURES), **header,
    }  # fmt: skip
    sections = [section_of_tree(number, tree) for number, tree in enumerate(trees)]
    # LightGBM cuts the text by these sizes.
    fields["tree_sizes"] = " ".join(str(len(section)) for section in sections)
    head = "".join(f"{key}={value}\n" for key, value in fields.items())
    return f"tree\n{head}\n{''.join(sections)}end of trees\n"


def section_of_tree(number: int, tree: dict[str, list[Any]]) -> str:
    n_leaves = len(tree["leaf_value"])
    nodes, leaves = ["1"] * (n_leaves - 1), ["1"] * n_leaves
    fields: dict[str, list[Any]] = {
        "num_leaves": [n_leaves], "num_cat": [0], "split_gain": nodes, "leaf_weight": leaves,
        "leaf_count": leaves, "internal_value": nodes, "internal_weight": nodes,
        "internal_count": nodes, "is_linear": [0], "shrinkage": [1], **tree,
    }  # fmt: skip
    lines = [f"{key}={' '.join(map(str, values))}\n" for key, values in fields.items()]
    return f"Tree={number}\n{''.join(lines)}\n\n"


def random_tree(n_leaves: int, rng: np.random.Generator) -> dict[str, list[Any]]:
    """Return a tree of any shape: every split replaces a random leaf, as LightGBM grows them."""
    n_nodes = n_leaves - 1
    children = np.zeros((n_nodes, 2), int)
    holder = {0: (0, 0)}  # leaf -> the node and side it hangs from
    for node in range(n_nodes):
        leaf = int(rng.integers(node + 1))
        if node > 0:
            children[holder[leaf]] = node
        children[node] = (~leaf, ~(node + 1))
        holder[leaf], holder[node + 1] = (node, 0), (node, 1)
    odd = rng.choice(ODD_THRESHOLDS, n_nodes)
    thresholds = np.where(rng.random(n_nodes) < 0.5, odd, rng.normal(size=n_nodes))
    return {
        "split_feature": rng.integers(N_FEATURES, size=n_nodes).tolist(),
        "threshold": [repr(float(t)) for t in thresholds],
        # Missing is nothing, zero or NaN (0, 4, 8), and goes right or left (0, 2).
        "decision_type": rng.choice([0, 2, 4, 6, 8, 10], n_nodes).tolist(),
        "left_child": children[:, 0].tolist(),
        "right_child": children[:, 1].tolist(),
        "leaf_value": [repr(float(v)) for v in rng.normal(size=n_leaves)],
    }


STUMP: dict[str, list[Any]] = {
    "split_feature": [2], "threshold": [0.5], "decision_type": [8], "left_child": [-1],
    "right_child": [-2], "leaf_value": [-1.0, 3.0],
}  # fmt: skip


def test_worked_by_hand() -> None:
    # f2 <= 0.5 (missing goes right) ? (f0 <= 0 (missing is zero) ? 1 : 2) : 4, plus a leaf of 0.25
    tree: dict[str, list[Any]] = {
        "split_feature": [2, 0], "threshold": [0.5, 0.0], "decision_type": [8, 0],
        "left_child": [1, -1], "right_child": [-2, -3], "leaf_value": [1.0, 4.0, 2.0],
    }  # fmt: skip
    leaf: dict[str, list[Any]] = {key: [] for key in tree} | {"leaf_value": [0.25]}
    rows = np.zeros((6, N_FEATURES), np.float32)
    rows[:, 2] = [0.5, 0.5, np.nextafter(np.float32(0.5), np.float32(1)), np.nan, np.inf, -np.inf]
    rows[:, 0] = [-1, 0.1, -1, -1, -1, np.nan]
    forest = Forest.from_lightgbm(text_of_trees([tree, leaf]))
    np.testing.assert_array_equal(forest.score(rows), [1.25, 2.25, 4.25, 4.25, 4.25, 1.25])
    assert forest.feature_names == ("f0", "f1", "f2", "f3", "f4")


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(1, MAX_LEAVES), min_size=1, max_size=6),
    n_rows=st.sampled_from([1, 2, 40, 256, 257, 600]),
)
def test_any_trees_score_as_in_lightgbm(seed: int, sizes: list[int], n_rows: int) -> None:
    rng = np.random.default_rng(seed)
    trees = [random_tree(size, rng) for size in sizes]
    text = text_of_trees(trees)
    rows = awkward(rng.normal(size=(n_rows, N_FEATURES)).astype(np.float32), rng)
    thresholds = np.array([t for tree in trees for t in tree["threshold"]] or [0], np.float64)
    with np.errstate(over="ignore"):
        equal = rng.choice(thresholds, rows.shape).astype(np.float32)
    rows = np.where(rng.random(rows.shape) < 0.3, equal, rows)
    np.testing.assert_array_equal(Forest.from_lightgbm(text).score(rows), expected(text, rows))


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"use_missing": False},
        {"zero_as_missing": True},
        {"num_leaves": 2},
        {"num_leaves": 64, "learning_rate": 0.3},
        {"boosting": "dart"},
        {"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1},
        {"monotone_constraints": [1, 0, 0, 0, -1], "extra_trees": True},
    ],
    ids=str,
)
def test_fitted_trees_score_as_in_lightgbm(parameters: dict[str, Any]) -> None:
    rng = np.random.default_rng(3)
    known = normal_features(800)
    known[rng.random(known.shape) < 0.15] = np.nan
    known[:, 3] = rng.integers(-2, 3, 800)
    text = fitted(known, parameters, 40)
    rows = np.concatenate([known, awkward(normal_features(800, seed=1), rng)])
    scores = Forest.from_lightgbm(text).score(rows)
    np.testing.assert_array_equal(scores, expected(text, rows))
    assert len(np.unique(scores)) > 5


def test_one_feature_may_have_several_rules_for_missing_values() -> None:
    known = normal_features(400)
    without_nan = fitted(known, {}, 5)
    known[::3] = np.nan
    text = fitted(known, {"zero_as_missing": True}, 5, init=fitted(known, {}, 5, init=without_nan))
    rows = awkward(normal_features(500, seed=1), np.random.default_rng(0))
    np.testing.assert_array_equal(Forest.from_lightgbm(text).score(rows), expected(text, rows))


def test_a_lambdarank_model_keeps_every_score() -> None:
    rng = np.random.default_rng(0)
    known = normal_features(1_000)
    labels = np.zeros(1_000)
    labels[::20] = 1
    known[::20, 0] += 1
    data = lgb.Dataset(known, labels, group=[20] * 50)
    parameters = {"objective": "lambdarank", "verbosity": -1, "min_data_in_leaf": 5}
    booster = lgb.train({**parameters, "num_threads": 1}, data, 30)
    rows = awkward(normal_features(300, seed=2), rng)
    scores = Forest.from_lightgbm(booster.model_to_string()).score(rows)
    np.testing.assert_array_equal(scores, booster.predict(rows, raw_score=True))


def test_without_trees_scores_are_zero() -> None:
    rows = normal_features(7)
    np.testing.assert_array_equal(Forest.from_lightgbm(text_of_trees([])).score(rows), np.zeros(7))


@pytest.mark.parametrize("n_trees", [1, 3])
def test_without_anything_to_learn_scores_are_constant(n_trees: int) -> None:
    known = np.ones((50, N_FEATURES), np.float32)
    text = fitted(known, {}, n_trees)
    scores = Forest.from_lightgbm(text).score(awkward(known, np.random.default_rng(0)))
    np.testing.assert_array_equal(scores, expected(text, known))


def test_no_rows_have_no_scores() -> None:
    forest = Forest.from_lightgbm(text_of_trees([STUMP]))
    assert forest.score(np.zeros((0, N_FEATURES), np.float32)).shape == (0,)


def test_rows_in_another_layout_score_the_same() -> None:
    forest = Forest.from_lightgbm(fitted(normal_features(300), {}, 5))
    rows = normal_features(300, seed=1)
    np.testing.assert_array_equal(forest.score(np.asfortranarray(rows)), forest.score(rows))
    np.testing.assert_array_equal(forest.score(rows[::3]), forest.score(rows)[::3])


@pytest.mark.parametrize("shape", [(3, N_FEATURES - 1), (3, N_FEATURES + 1), (N_FEATURES,)])
def test_another_number_of_features_is_refused(shape: tuple[int, ...]) -> None:
    forest = Forest.from_lightgbm(text_of_trees([STUMP]))
    with pytest.raises(ModelError, match=r"fitted on 5 features; pass shape \(n, 5\)"):
        forest.score(np.zeros(shape, np.float32))


def test_categories_are_refused() -> None:
    known = normal_features(300)
    known[:, 0] = np.arange(300) % 7
    data = lgb.Dataset(known, known[:, 0] % 2, categorical_feature=[0])
    parameters = {"verbosity": -1, "min_data_per_group": 1, "num_threads": 1}
    text = lgb.train(parameters, data, 5).model_to_string()
    with pytest.raises(ModelError, match="fit without categorical_feature"):
        Forest.from_lightgbm(text)


def test_linear_trees_are_refused() -> None:
    text = fitted(normal_features(300), {"linear_tree": True}, 3)
    with pytest.raises(ModelError, match="fit with linear_tree=false"):
        Forest.from_lightgbm(text)


def test_several_outputs_are_refused() -> None:
    text = text_of_trees([STUMP, STUMP], num_tree_per_iteration="2", num_class="2")
    with pytest.raises(ModelError, match="2 trees per iteration"):
        Forest.from_lightgbm(text)


def test_too_many_leaves_are_refused() -> None:
    text = text_of_trees([random_tree(MAX_LEAVES + 1, np.random.default_rng(0))])
    with pytest.raises(ModelError, match=r"65 leaves.*fit with num_leaves of 64 or less"):
        Forest.from_lightgbm(text)


@pytest.mark.parametrize("text", ["", "{}", "tree\n", text_of_trees([STUMP])[:-20]])
def test_a_text_that_is_cut_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match="no complete LightGBM model"):
        Forest.from_lightgbm(text)


@pytest.mark.parametrize(
    ("field", "values", "what"),
    [
        ("left_child", [0], "no parent or several"),
        ("right_child", [-3], "no parent or several"),
        ("right_child", [-1], "no parent or several"),
        ("split_feature", [N_FEATURES], "none of the 5 features"),
        ("split_feature", [-1], "none of the 5 features"),
        ("threshold", ["nan"], "not a number"),
        ("threshold", [0.5, 0.5], "2 leaves need 1 nodes"),
        ("threshold", ["half"], "half"),
        ("leaf_value", [1.0], "1 leaves need 0 nodes"),
        ("leaf_value", [], "0 leaves"),
    ],
)
def test_a_damaged_tree_is_refused(field: str, values: list[Any], what: str) -> None:
    text = text_of_trees([STUMP, STUMP | {field: values}])
    with pytest.raises(ModelError, match=f"tree 1 of the model text is damaged.*{what}"):
        Forest.from_lightgbm(text)


def test_a_tree_without_a_field_is_refused() -> None:
    text = text_of_trees([STUMP]).replace("decision_type=", "decision=")
    with pytest.raises(ModelError, match=r"tree 0 .* damaged .*decision_type"):
        Forest.from_lightgbm(text)
