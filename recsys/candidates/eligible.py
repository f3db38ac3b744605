"""The candidate set of a ranking; the same for every model and baseline."""

import numpy as np
import numpy.typing as npt

from recsys.audience.audience import Audiences
from recsys.state.live import LiveState

__all__ = ["EligibleContents"]


class EligibleContents:
    """All contents that are published, not expired or withdrawn, in audience and unseen."""

    def __init__(self, state: LiveState, audiences: Audiences) -> None:
        self._state = state
        self._audiences = audiences

    def retrieve(self, employee: int, at: int) -> npt.NDArray[np.int32]:
        """Return int32 content indices, newest first, ties by content id.

        ``employee`` −1 is somebody unknown: everything without an audience rule is unseen.
        """
        live = self._state.catalogue.contents.live(at)
        is_meant = self._audiences.includes(employee, at, live)
        return live[is_meant & self._state.readings.unseen(employee, live)]
