"""The fitted format model as it is kept: arrays by hashed names of contents and topics."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recsys.formats.mixed_effects import Float
from recsys.formats.mixed_logit import MixedLogit

__all__ = ["TasteModel"]

_FILE = "formats.npz"


@dataclass(frozen=True, slots=True)
class TasteModel:
    """A mixed logit and what its columns mean outside. Holds no employee id."""

    logit: MixedLogit
    content_keys: npt.NDArray[np.uint64]
    """Sorted hashes of content ids, in the order of ``logit.appeal``."""
    topic_keys: npt.NDArray[np.uint64]
    """Sorted hashes of topic names, in the order of ``logit.ease``."""
    usual_log_length: Float
    """(n_formats,)."""
    usual_circumstances: Float
    """Means over all impressions of the last fixed columns; log position 0, that is position 1."""
    circumstance_variance: Float
    mobile_share: float

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the model as arrays."""
        own = {f.name: np.asarray(getattr(self, f.name)) for f in fields(self)[1:]}
        parts = {f"logit.{f.name}": getattr(self.logit, f.name) for f in fields(MixedLogit)}
        return own | {name: np.asarray(part) for name, part in parts.items()}

    def write(self, directory: Path) -> None:
        """Write the model's file into an existing directory."""
        np.savez(directory / _FILE, **self.arrays())  # type: ignore[arg-type]  # its keyword is no array

    @classmethod
    def read(cls, directory: Path) -> "TasteModel | None":
        """Read what :meth:`write` wrote; None if there is nothing."""
        if not (directory / _FILE).exists():
            return None
        with np.load(directory / _FILE, allow_pickle=False) as file:
            arrays = {name: array if array.ndim else array.item() for name, array in file.items()}
        parts = {f.name: arrays.pop(f"logit.{f.name}") for f in fields(MixedLogit)}
        return cls(MixedLogit(**parts), **arrays)
