"""Which formats live in the catalogue right now, looked up only when that can have changed."""

import numpy as np

from recsys.catalogue.catalogue import Catalogue
from recsys.schema import FORMATS
from recsys.times import NO_TIME

__all__ = ["LiveFormats"]


class LiveFormats:
    """The formats of all published contents. Time runs forward. Not thread-safe."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._names: list[str] = []
        self._codes = np.zeros(0, np.int64)
        self._until = NO_TIME

    def refresh(self) -> None:
        """Look again; call after contents or renditions changed."""
        self._until = NO_TIME

    def at(self, moment: int) -> tuple[list[str], np.ndarray[tuple[int], np.dtype[np.int64]]]:
        """Return names, in canonical order, and their places in ``FORMATS``."""
        if moment >= self._until:
            contents = self._catalogue.contents
            live = contents.live(moment)
            self._names = self._catalogue.renditions.live_formats(live)
            self._codes = np.array([FORMATS.index(name) for name in self._names], np.int64)
            published = contents.published_at
            ends = contents["expires_at"].view(np.int64)[live]
            to_come = np.concatenate([published[published > moment], ends])
            self._until = int(to_come.min(initial=np.iinfo(np.int64).max))
        return self._names, self._codes
