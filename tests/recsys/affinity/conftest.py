from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp

from recsys.affinity.batch import interaction_matrix
from recsys.affinity.lightfm_probe import lightfm_status


@pytest.fixture
def lightfm() -> None:
    """Skip where the package cannot be used; the probe says why."""
    status = lightfm_status()
    if not status.usable:
        pytest.skip(status.reason or "lightfm cannot be used")


@pytest.fixture
def random_matrix() -> Callable[[int], sp.csr_array]:
    """Who read what, 40 users × 25 items; the last user and the last item have nothing."""

    def build(seed: int) -> sp.csr_array:
        rng = np.random.default_rng(seed)
        dense = rng.random((40, 25)) < 0.2
        dense[-1], dense[:, -1] = False, False
        user, item = np.nonzero(dense)
        return interaction_matrix(user.astype(np.int32), item.astype(np.int32), dense.shape)

    return build
