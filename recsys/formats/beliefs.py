"""What is believed of an employee's formats, in the words of the answer."""

import numpy as np
import numpy.typing as npt
from scipy import special

from recsys.answers import BeliefSource, FormatBelief, FormatPreference
from recsys.kernels import kernel
from recsys.schema import FORMAT_FAMILIES, FORMATS

__all__ = ["preference_of"]

_SURE = 0.6  # a best format that is wrong more often than two times in five helps nobody
_Z90 = float(special.ndtri(0.95))
_JITTER = 1e-9
_DRAWS = np.random.default_rng(0).standard_normal((400, len(FORMATS)))

Float = npt.NDArray[np.float64]


def preference_of(
    p_complete: Float, logit_covariance: Float, n_effective: Float, live_formats: list[str],
    declared: str | None, source: BeliefSource,
) -> FormatPreference:  # fmt: skip
    """Return beliefs from a posterior, normal on the logit scale; shapes (n,), (n, n) and (n,).

    A ``declared`` format is best whatever was learned; without one, best is what own showings make
    best with a probability of 0.6. That probability counts fixed draws: equal questions get equal
    answers. No live format at all gives an empty answer.
    """
    if not live_formats:
        return FormatPreference({}, declared, {})
    logit = np.log(p_complete / (1.0 - p_complete))
    reach = _Z90 * np.sqrt(np.diag(logit_covariance))
    intervals = 1.0 / (1.0 + np.exp([reach - logit, -reach - logit]))
    p_best = _share_best(logit, logit_covariance, _DRAWS)
    source = "declared" if declared is not None else source
    columns = zip(
        live_formats, p_complete.tolist(), *intervals.tolist(), n_effective.tolist(),
        (p_complete / p_complete.sum()).tolist(), p_best.tolist(), strict=True,
    )  # fmt: skip
    formats = {
        name: FormatBelief(p, (low, high), told, share, best, source)
        for name, p, low, high, told, share, best in columns
    }
    return FormatPreference(formats, _best(formats, source, declared), _families(formats))


@kernel
def _share_best(logit: Float, covariance: Float, draws: Float) -> Float:
    """Return in which share of ``draws`` (standard normal) each of n logits is the highest."""
    n = len(logit)
    root = np.linalg.cholesky(covariance + _JITTER * np.eye(n))
    share = np.zeros(n)
    for draw in range(len(draws)):
        best, highest = 0, -np.inf
        for a in range(n):
            value = logit[a]
            for b in range(a + 1):
                value += root[a, b] * draws[draw, b]
            if value > highest:
                best, highest = a, value
        share[best] += 1.0 / len(draws)
    return share


def _best(
    formats: dict[str, FormatBelief], source: BeliefSource, declared: str | None
) -> str | None:
    if declared is not None:
        return declared
    likeliest = max(formats, key=lambda name: formats[name].probability_best)
    is_sure = formats[likeliest].probability_best >= _SURE
    return likeliest if is_sure and source == "learned" else None


def _families(formats: dict[str, FormatBelief]) -> dict[str, float]:
    shares = {
        family: sum(formats[name].share for name in members if name in formats)
        for family, members in FORMAT_FAMILIES.items()
    }
    return {family: share for family, share in shares.items() if share > 0}
