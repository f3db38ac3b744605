"""The fitted format model as it is kept: arrays by hashed names of contents, topics and groups."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recsys.formats.design import N_FORMATS, N_PLAIN
from recsys.formats.mixed_logit import MixedLogit, guessed_logit
from recsys.formats.stories import Float
from recsys.formats.taste_types import TasteTypes
from recsys.state.key_index import Keys

__all__ = ["TasteModel", "guessed_tastes"]

_FILE = "formats.npz"


@dataclass(frozen=True, slots=True)
class TasteModel:
    """A mixed logit and what its columns mean outside. Holds no employee id."""

    logit: MixedLogit
    content_keys: Keys
    """Sorted hashes of content ids, in the order of ``logit.appeal``."""
    topic_keys: Keys
    """Sorted hashes of topic names, in the order of ``logit.ease``."""
    group_keys: Keys
    """Sorted hashes of ``attribute=value``, in the order of ``logit.groups``."""
    usual_log_length: Float
    """(n_formats,)."""
    topic_share: Float
    """(n_topics,) of all impressions; sums to 1."""
    circumstances: Float
    """(N_PLAIN,) means of log age and hour over all impressions."""
    circumstance_variance: Float
    mobile_share: float

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the model as arrays."""
        own = {f.name: np.asarray(getattr(self, f.name)) for f in fields(self)[1:]}
        parts = {f"logit.{f.name}": getattr(self.logit, f.name) for f in fields(MixedLogit)}
        types = parts.pop("logit.types")
        parts |= {f"types.{f.name}": getattr(types, f.name) for f in fields(TasteTypes)}
        return own | {name: np.asarray(part) for name, part in parts.items()}

    def write(self, directory: Path) -> None:
        """Write the model's file into an existing directory."""
        np.savez(directory / _FILE, **self.arrays())  # type: ignore[arg-type]  # its keyword is no array

    @classmethod
    def read(cls, directory: Path) -> "TasteModel":
        """Read what :meth:`write` wrote."""
        with np.load(directory / _FILE, allow_pickle=False) as file:
            arrays = {name: array if array.ndim else array.item() for name, array in file.items()}
        types = TasteTypes(*(arrays.pop(f"types.{f.name}") for f in fields(TasteTypes)))
        names = [f.name for f in fields(MixedLogit) if f.name != "types"]
        parts = {name: arrays.pop(f"logit.{name}") for name in names} | {"types": types}
        return cls(MixedLogit(**parts), **arrays)


def guessed_tastes(n_shown: int = 0, n_completed: int = 0) -> TasteModel:
    """Return the model of a company of which hardly more is known than how much is completed."""
    no_keys = np.zeros(0, np.uint64)
    return TasteModel(
        guessed_logit(n_shown, n_completed, 0), no_keys, no_keys, no_keys, np.zeros(N_FORMATS),
        np.zeros(0), np.zeros(N_PLAIN), np.zeros(N_PLAIN), 0.5,
    )  # fmt: skip
