"""Hyper-parameters for the nights of a simulated company."""

from recsys.affinity.snapshots import SnapshotRecipe
from recsys.fitting import Recipe
from recsys.ranker.lambdarank import RankerRecipe
from recsys.ranker.training_rows import Sampling

__all__ = ["LOOP_RECIPE"]

LOOP_RECIPE = Recipe(
    text_size=32,
    sampling=Sampling(max_targets=1_200, n_likely=15, n_any=10),
    ranker=RankerRecipe(n_trees=60, learning_rate=0.1, n_leaves=15),
    snapshots=SnapshotRecipe(n_snapshots=1),
)
"""Few choices and small trees: fifty nights and more have to pass in minutes.

In code, since the command runs anywhere, without a checkout's folder of recipes.
"""
