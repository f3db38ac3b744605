"""How likely a person with uncertain effects takes in typical contents, by format."""

import numpy as np

from recsys.formats.design import FIRST_FINISHING, FIRST_INTEREST, FIRST_TASTE, N_FORMATS
from recsys.formats.stories import Float
from recsys.kernels import kernel

__all__ = ["expected_completion"]


@kernel
def _share(weight: float, mobile_share: float, device: int) -> float:
    return weight * (mobile_share if device == 1 else 1.0 - mobile_share)


@kernel
def _add_gradient(
    f: int, weight: float, mobile_share: float, logit: Float, variance: Float, topics: Float,
    carry: Float, opens: float, ends: float, known: Float, gradient: Float,
) -> None:  # fmt: skip
    """Add one content's part of the gradient for format ``f``, before it is put on a logit scale.

    The curves are as they would be if the person were known: flattened, they would hide how much
    depends on what is not known yet.
    """
    s_open = 1.0 / np.sqrt(1.0 + np.pi * variance[0] / 8.0)
    s_end = 1.0 / np.sqrt(1.0 + np.pi * variance[1] / 8.0)
    slope_open, slope_end = 0.0, 0.0
    for device in range(2):
        share = _share(weight, mobile_share, device)
        x, y = logit[0, f, device] + opens, logit[1, f, device] + ends
        p, q = 1.0 / (1.0 + np.exp(-s_open * x)), 1.0 / (1.0 + np.exp(-s_end * y))
        known[f] += share * p * q
        slope_open += share * s_open * p * (1.0 - p) * q
        slope_end += share * s_end * q * (1.0 - q) * p
    gradient[f, 0] += slope_open
    gradient[f, FIRST_TASTE + f] += slope_open + carry[0] * slope_end
    gradient[f, 1] += slope_end
    gradient[f, FIRST_FINISHING + f] += slope_end
    for t in range(len(topics)):
        gradient[f, FIRST_INTEREST + t] += topics[t] * (slope_open + carry[1] * slope_end)


@kernel
def expected_completion(
    weight: Float, logit: Float, variance: Float, topics: Float, level: Float, exposure: Float,
    carry: Float, mobile_share: float, mean: Float, covariance: Float, with_gradient: bool = True,
) -> tuple[Float, Float]:  # fmt: skip
    """Return P(completed) by format and the gradient of its logit by the person's effects.

    Without ``with_gradient`` the second has no rows, which takes less time.
    """
    d, n_topics, with_taste, carried = len(mean), topics.shape[1], carry[0], carry[1]
    total = np.zeros(N_FORMATS)
    known = np.zeros(N_FORMATS)
    gradient = np.zeros((N_FORMATS if with_gradient else 0, d))
    by_topics = np.zeros(d)
    for m in range(len(weight)):
        interest, shown, finish_shown = 0.0, 0.0, 0.0
        by_topics[:] = 0.0
        for t in range(n_topics):
            w = topics[m, t]
            if w > 0.0:
                interest += w * mean[FIRST_INTEREST + t]
                shown += w * exposure[0, t]
                finish_shown += w * exposure[1, t]
                for j in range(d):
                    by_topics[j] += w * covariance[FIRST_INTEREST + t, j]
        interest_variance = 0.0
        for t in range(n_topics):
            interest_variance += topics[m, t] * by_topics[FIRST_INTEREST + t]
        for f in range(N_FORMATS):
            a, b = FIRST_TASTE + f, FIRST_FINISHING + f
            opens = mean[0] + mean[a] + interest + shown + level[0]
            ends = mean[1] + with_taste * mean[a] + mean[b] + carried * interest
            ends += finish_shown + level[1]
            v_open = (
                covariance[0, 0] + covariance[a, a] + 2.0 * covariance[0, a] + interest_variance
                + 2.0 * by_topics[0] + 2.0 * by_topics[a]
            )  # fmt: skip
            of_topics = by_topics[1] + with_taste * by_topics[a] + by_topics[b]
            v_end = (
                covariance[1, 1] + with_taste * with_taste * covariance[a, a] + covariance[b, b]
                + 2.0 * with_taste * (covariance[1, a] + covariance[a, b]) + 2.0 * covariance[1, b]
                + carried * carried * interest_variance + 2.0 * carried * of_topics
            )  # fmt: skip
            both = (
                covariance[0, 1] + with_taste * covariance[0, a] + covariance[0, b]
                + covariance[a, 1] + with_taste * covariance[a, a] + covariance[a, b]
                + carried * (by_topics[0] + by_topics[a] + interest_variance) + of_topics
            )  # fmt: skip
            k_open = 1.0 / np.sqrt(1.0 + np.pi * (v_open + variance[m, 0]) / 8.0)
            k_end = 1.0 / np.sqrt(1.0 + np.pi * (v_end + variance[m, 1]) / 8.0)
            for device in range(2):
                share = _share(weight[m], mobile_share, device)
                x, y = logit[m, 0, f, device] + opens, logit[m, 1, f, device] + ends
                p, q = 1.0 / (1.0 + np.exp(-k_open * x)), 1.0 / (1.0 + np.exp(-k_end * y))
                joint = both * k_open * p * (1.0 - p) * k_end * q * (1.0 - q)
                total[f] += share * min(max(p * q + joint, 0.0), p, q)
            if with_gradient:
                _add_gradient(
                    f, weight[m], mobile_share, logit[m], variance[m], topics[m], carry, opens,
                    ends, known, gradient,
                )  # fmt: skip
    for f in range(len(gradient)):
        gradient[f] /= max(known[f] * (1.0 - known[f]), 1e-12)
    return total, gradient
