"""Which format reaches an employee: beliefs from a fitted model, or from shrunken rates.

Where too little was completed to fit a model, own rates are shrunk towards the company's rate per
format (beta-binomial with a fixed prior strength); they mix format taste with topic and position.
"""

import numpy as np
import numpy.typing as npt
from scipy import special

from recsys.answers import BeliefSource, FormatBelief, FormatPreference
from recsys.schema import FORMAT_FAMILIES, FORMATS

__all__ = ["format_preference", "preference_of"]

PRIOR_STRENGTH = 20.0
"""Contents an employee must have been shown until own behaviour weighs as much as the company's."""

_COMPANY_PRIOR = (1.0, 3.0)  # one completion in four showings, worth four showings
_LEAST = 0.5  # Jeffreys' prior: below it the density piles up at the ends and intervals lie
_MIN_SHOWN = 10  # below this the company's rate says more than the employee's
_SURE = 0.6  # a best format that is wrong more often than two times in five helps nobody
_GRID = (np.arange(400) + 0.5) / 400
_INTERVAL = (0.05, 0.95)
_Z90 = float(special.ndtri(_INTERVAL[1]))
_JITTER = 1e-9
_DRAWS = np.random.default_rng(0).standard_normal((400, len(FORMATS)))

Float = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


def format_preference(
    own: tuple[Counts, Counts],
    company: tuple[Counts, Counts],
    live_formats: list[str],
    declared: str | None,
) -> FormatPreference:
    """Return beliefs about ``live_formats`` from shown and completed counts, shape (n_formats,).

    ``own`` and ``company`` are (shown, completed) by position in ``FORMATS``. A ``declared``
    format is best whatever was learned; without one, best needs enough own showings and a
    probability of 0.6. No live format at all gives an empty answer.
    """
    if not live_formats:
        return FormatPreference({}, declared, {})
    codes = np.array([FORMATS.index(name) for name in live_formats])
    a, b = _posterior(own, company, codes)
    intervals = np.stack([_interval(*pair) for pair in zip(a, b, strict=True)])
    is_learned = int(own[0].sum()) >= _MIN_SHOWN
    return _preference(
        a / (a + b), intervals, own[0][codes], _probability_best(a, b), live_formats, declared,
        is_learned=is_learned,
    )  # fmt: skip


def preference_of(
    p_complete: Float, logit_covariance: Float, shown: Counts, live_formats: list[str],
    declared: str | None, *, is_learned: bool,
) -> FormatPreference:  # fmt: skip
    """Return beliefs from a posterior, normal on the logit scale; shapes (n,), (n, n) and (n,).

    The probability to be best counts fixed draws: equal questions get equal answers.
    """
    if not live_formats:
        return FormatPreference({}, declared, {})
    logit = special.logit(p_complete)
    reach = _Z90 * np.sqrt(np.diag(logit_covariance))
    intervals = special.expit(np.stack([logit - reach, logit + reach], axis=1))
    n = len(logit)
    root = np.linalg.cholesky(logit_covariance + _JITTER * np.eye(n))
    best = (logit + _DRAWS[:, :n] @ root.T).argmax(axis=1)
    p_best = np.bincount(best, minlength=n) / len(_DRAWS)
    return _preference(
        p_complete, intervals, shown, p_best, live_formats, declared, is_learned=is_learned
    )


def _preference(
    mean: Float, intervals: Float, shown: Counts, p_best: Float, live_formats: list[str],
    declared: str | None, *, is_learned: bool,
) -> FormatPreference:  # fmt: skip
    source = _source(is_learned, declared)
    columns = zip(
        live_formats, mean.tolist(), intervals.tolist(), shown.tolist(),
        (mean / mean.sum()).tolist(), p_best.tolist(), strict=True,
    )  # fmt: skip
    formats = {
        name: FormatBelief(p, (low, high), float(n), share, best, source)
        for name, p, (low, high), n, share, best in columns
    }
    return FormatPreference(formats, _best(formats, source, declared), _families(formats))


def _posterior(
    own: tuple[Counts, Counts], company: tuple[Counts, Counts], codes: npt.NDArray[np.int64]
) -> tuple[Float, Float]:
    shown, completed = (counts[codes].astype(np.float64) for counts in company)
    rate = (completed + _COMPANY_PRIOR[0]) / (shown + sum(_COMPANY_PRIOR))
    own_shown, own_completed = (counts[codes] for counts in own)
    a = np.maximum(PRIOR_STRENGTH * rate, _LEAST) + own_completed
    b = np.maximum(PRIOR_STRENGTH * (1 - rate), _LEAST) + own_shown - own_completed
    return np.asarray(a, np.float64), np.asarray(b, np.float64)


def _interval(a: float, b: float) -> tuple[float, float]:
    low, high = special.betaincinv(a, b, _INTERVAL)
    return float(low), float(high)


def _probability_best(a: Float, b: Float) -> Float:
    """Return P(each rate is the largest) of independent beta variables, by the midpoint rule."""
    log_density = special.xlogy(a[:, None] - 1, _GRID) + special.xlog1py(b[:, None] - 1, -_GRID)
    density = np.exp(log_density - special.betaln(a, b)[:, None]) / len(_GRID)
    log_below = np.log(np.maximum(special.betainc(a[:, None], b[:, None], _GRID), 1e-300))
    others_below = np.exp(log_below.sum(axis=0) - log_below)
    p = (density * others_below).sum(axis=1)
    return np.asarray(p / p.sum(), np.float64)


def _source(is_learned: bool, declared: str | None) -> BeliefSource:
    if declared is not None:
        return "declared"
    return "learned" if is_learned else "prior"


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
