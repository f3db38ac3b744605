"""A prospect in the languages of the readers; the words are in ``experiments/texts.json``."""

from collections.abc import Mapping

from experiments.estimates import MIN_CLUSTERS
from experiments.permutation import MANY_CLUSTERS
from experiments.sizing.formulas import least_clusters
from experiments.sizing.prospects import Design, Prospect
from experiments.texts import Language, texts

__all__ = ["power_caveat", "prospect_sentences"]


def prospect_sentences(prospect: Prospect, language: Language) -> list[str]:
    """Return what the plan finds, whether that is enough, what would be, and what was counted."""
    words = texts(language)
    told = [_finds(prospect, words)]
    k = prospect.planned.clusters_per_arm
    if k is not None and k < least_clusters(prospect.promise.alpha):
        least = least_clusters(prospect.promise.alpha)
        told.append(words["sizing.few_clusters"].format(least=least, judged=MIN_CLUSTERS))
    elif caveat := power_caveat(k, prospect.promise.power, language):
        told.append(caveat)
    told += _verdict(prospect, words)
    if "units" in prospect.best.changes:
        told.append(words["sizing.spillover"])
    return told + _counted(prospect, words)


def power_caveat(k: int | None, power: float, language: Language) -> str | None:
    """Return what is to be said of a power promised for k clusters an arm; None if it is kept.

    The figures are those of ``benchmarks/experiment_power.py``.
    """
    if k is None or 2 * k >= MANY_CLUSTERS:
        return None
    caveat = texts(language)["sizing.by_permutation"]
    return caveat.format(many=MANY_CLUSTERS, power=f"{power:g}")


def _finds(prospect: Prospect, words: Mapping[str, str]) -> str:
    planned = prospect.planned
    window = next(w for w in prospect.history.windows if w.periods == planned.periods)
    if planned.detectable_effect is None:
        return words["sizing.finds_nothing"]
    numbers = {
        "n": f"{prospect.history.n_units:,}",
        "baseline": f"{planned.baseline:.4g}",
        "effect": f"{planned.detectable_effect:.3g}",
        "lift": _lift(planned.detectable_effect, planned.baseline),
        "power": f"{prospect.promise.power:.0%}",
    }
    shape = window.clusters
    if shape is None:
        return words["sizing.finds.units"].format(**numbers)
    return words["sizing.finds.clusters"].format(
        **numbers, k=f"{shape.n_clusters:,}", size=f"{shape.size:.1f}", icc=f"{shape.icc:.3f}"
    )


def _verdict(prospect: Prospect, words: Mapping[str, str]) -> list[str]:
    best, planned = prospect.best, prospect.planned
    told = []
    if prospect.verdict != "not_asked":
        told.append(
            words[f"sizing.{prospect.verdict}"].format(
                mde=f"{prospect.mde:+.3g}",
                lift=_lift(prospect.mde, planned.baseline),
                needed=_needed(planned, words),
                available=_available(planned, words),
                changes=_changes(prospect, best, words),
            )
        )
    if prospect.verdict in ("not_asked", "cannot_work") and best.detectable_effect is not None:
        told.append(
            words["sizing.best"].format(
                effect=f"{best.detectable_effect:.3g}",
                lift=_lift(best.detectable_effect, best.baseline),
                changes=_changes(prospect, best, words),
            )
        )
    if prospect.verdict == "cannot_work":
        told.append(words["sizing.aim_higher"])
    return told


def _changes(prospect: Prospect, design: Design, words: Mapping[str, str]) -> str:
    if not design.changes:
        return words["sizing.as_planned"]
    window = next(w for w in prospect.history.windows if w.periods == design.periods)
    correlation = "–" if window.correlation is None else f"{window.correlation:.2f}"
    return words["sizing.and"].join(
        words[f"sizing.change.{name}"].format(correlation=correlation, periods=design.periods)
        for name in design.changes
    )


def _needed(design: Design, words: Mapping[str, str]) -> str:
    if design.needed is None:
        return words["sizing.count.more"]
    if design.needed.clusters_per_arm is None:
        return words["sizing.count.units"].format(n=f"{design.needed.units_per_arm:,}")
    return words["sizing.count.clusters"].format(n=f"{design.needed.clusters_per_arm:,}")


def _available(design: Design, words: Mapping[str, str]) -> str:
    if design.clusters_per_arm is None:
        return words["sizing.count.units"].format(n=f"{design.units_per_arm:,}")
    return words["sizing.count.clusters"].format(n=f"{design.clusters_per_arm:,}")


def _counted(prospect: Prospect, words: Mapping[str, str]) -> list[str]:
    history, told = prospect.history, []
    if history.n_without_rows:
        told.append(words["sizing.zeros"].format(n=f"{history.n_without_rows:,}"))
    elif not history.has_zeros:
        told.append(words["sizing.no_zeros"])
    for reason, n in history.excluded.items():
        told.append(words[f"sizing.excluded.{reason}"].format(n=f"{n:,}"))
    return told


def _lift(effect: float | None, baseline: float) -> str:
    return "–" if effect is None or baseline == 0 else f"{effect / abs(baseline):+.1%}"
