"""Fitted trees and their calibration: from feature rows to probabilities."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from recsys.errors import ModelError
from recsys.features.matrix import FEATURE_NAMES
from recsys.ranker.calibration import Calibration
from recsys.ranker.forest import Forest

__all__ = ["Ranker"]

_TREES, _CALIBRATION = "ranker.txt", "calibration.npz"


@dataclass(frozen=True, slots=True, eq=False)
class Ranker:
    """Trees that order candidates, and a map from their scores to probabilities.

    Pure and safe to share between threads. Raises :class:`ModelError` if the trees were fitted on
    other features than those of this version.
    """

    model_text: str
    """The trees as LightGBM writes them."""
    calibration: Calibration
    _forest: Forest = field(init=False)

    def __post_init__(self) -> None:
        forest = Forest.from_lightgbm(self.model_text)
        if forest.feature_names != FEATURE_NAMES:
            raise ModelError(
                f"the ranker was fitted on {len(forest.feature_names)} features that differ from "
                f"the {len(FEATURE_NAMES)} of this version; train again with `recsys train`"
            )
        object.__setattr__(self, "_forest", forest)

    def score(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return float64 scores, shape (n,), of feature rows; only their order has a meaning."""
        return self._forest.score(features)

    def probability(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return float64, shape (n,), in (0, 1): how likely each is what the employee reads next.

        A meaningful read, see :mod:`recsys.ranker.choices`. The order is that of the scores.
        """
        return self.calibration.probability(self.score(features))

    def importances(self) -> dict[str, float]:
        """Return the total gain of every feature, as shares that sum to 1."""
        import lightgbm as lgb  # serving goes without

        gains = lgb.Booster(model_str=self.model_text).feature_importance("gain")
        shares = gains / max(gains.sum(), 1e-12)
        return dict(zip(FEATURE_NAMES, shares.tolist(), strict=True))

    def content(self) -> bytes:
        """Return bytes that two rankers share only if they are equal."""
        knots = self.calibration.arrays()
        return self.model_text.encode() + b"".join(knots[name].tobytes() for name in sorted(knots))

    def write(self, directory: Path) -> None:
        """Write the ranker's files into an existing directory."""
        (directory / _TREES).write_text(self.model_text, encoding="utf-8")
        np.savez(directory / _CALIBRATION, **self.calibration.arrays())  # type: ignore[arg-type]  # its keyword is no array

    @classmethod
    def read(cls, directory: Path) -> Self | None:
        """Read what :meth:`write` wrote; None where there was no ranker."""
        trees = directory / _TREES
        if not trees.exists():
            return None
        with np.load(directory / _CALIBRATION, allow_pickle=False) as arrays:
            calibration = Calibration.from_arrays(arrays)
        return cls(trees.read_text(encoding="utf-8"), calibration)
