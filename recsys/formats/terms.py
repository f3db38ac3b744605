"""What rows say apart from a person's effects, and under which circumstances a person reads."""

import numpy as np
import numpy.typing as npt

from recsys.devices import ON_MOBILE
from recsys.formats.design import (
    FINISH,
    INTEREST_VALUES,
    N_FORMATS,
    OPEN,
    PLAIN_VALUES,
    TASTE_VALUE,
)
from recsys.formats.stories import Float, Index
from recsys.kernels import kernel

__all__ = ["circumstances", "other_terms"]

_PHONE, _TABLET = ON_MOBILE
_HOUR = PLAIN_VALUES.start + 1
_FIRST_INTEREST, _END_INTEREST = INTEREST_VALUES.start, INTEREST_VALUES.stop


@kernel
def other_terms(
    showing: Index, stage: Index, bucket: Index, fixed_places: Index, fixed_values: Float,
    values: Float, content: npt.NDArray[np.int32], shared: Float, appeal: Float,
    appeal_variance: Float, looked_at: Float, carry: Float,
) -> tuple[Float, Float, Float]:  # fmt: skip
    """Carry tastes and interests over to finishing, in place (``values``, (n, m)).

    Return logit and variance of everything that is no effect of the person, and the probability to
    look, each (n,).
    """
    n = len(stage)
    logit, variance, looked = np.zeros(n), np.empty(n), np.ones(n)
    for i in range(n):
        for j in range(fixed_places.shape[1]):
            logit[i] += fixed_values[i, j] * shared[fixed_places[i, j]]
        story = content[showing[i]]
        logit[i] += appeal[story, stage[i]]
        variance[i] = appeal_variance[story, stage[i]]
        if stage[i] == FINISH:
            values[i, TASTE_VALUE] *= carry[0]
            for j in range(_FIRST_INTEREST, _END_INTEREST):
                values[i, j] *= carry[1]
        else:
            looked[i] = looked_at[bucket[i]]
    return logit, variance, looked


@kernel
def circumstances(
    showing: Index, stage: Index, fixed_values: Float, values: Float,
    form: npt.NDArray[np.int8], device: npt.NDArray[np.int8],
) -> tuple[Float, Float, float, float]:  # fmt: skip
    """Return showings that tell of taste, by format, and sums over all impressions.

    The sums: hours as points on a circle, those on a phone, their number. ``values`` are those
    before tastes are carried over.
    """
    told, hours = np.zeros(N_FORMATS), np.zeros(2)
    mobile, total = 0.0, 0.0
    for i in range(len(stage)):
        if i == 0 or showing[i] != showing[i - 1]:
            told[form[showing[i]]] += values[i, TASTE_VALUE]
        if stage[i] == OPEN:
            total += 1.0
            where = device[showing[i]]
            mobile += 1.0 if where in (_PHONE, _TABLET) else 0.0
            hours[0] += fixed_values[i, _HOUR]
            hours[1] += fixed_values[i, _HOUR + 1]
    return told, hours, mobile, total
