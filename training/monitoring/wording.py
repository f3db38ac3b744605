"""Alerts as sentences: the figure, what was expected, the likely cause, what to do."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from recsys.times import from_micros
from training.monitoring.causes import Alert
from training.monitoring.figures import Fact

__all__ = ["LANGUAGES", "sentence", "texts", "unsaid_sentence"]

LANGUAGES: tuple[str, ...] = ("ja", "en")

_PERCENT = frozenset(
    {
        "late", "unknown_content", "unknown_employee", "degraded", "fallback", "cold",
        "without_text", "coverage", "explore_gone",
    }
)  # fmt: skip
_COUNTS = frozenset({"lost", "many", "no_events", "stale_model"})
_NUMBERS = ("value", "low", "high", "mean")
_NAMES = {
    "surface": "surface", "of_surface": "surface", "event_type": "event", "kind": "kind",
    "age": "age", "reason": "reason", "format": "format", "verdict": "verdict",
}  # fmt: skip


@cache
def texts(language: str) -> Mapping[str, str]:
    """Return the words of a language of :data:`LANGUAGES` by key."""
    loaded: dict[str, dict[str, str]] = json.loads(
        files("training.monitoring").joinpath("texts.json").read_text(encoding="utf-8")
    )
    return {key: words[language] for key, words in loaded.items()}


def sentence(alert: Alert, language: str) -> str:
    """Return an alert in words."""
    words = texts(language)
    facts = _facts(alert, words)
    what = words[f"alert.{alert.code}"]
    if alert.code == "lost" and "since" in alert.facts:
        what = words["alert.silent"]
    parts = [what, words[f"cause.{alert.cause}"], words[f"do.{alert.cause}"]]
    told = [part.format_map(facts) for part in parts]
    if alert.moved:
        also = words["and"].join(words[f"moved.{code}"] for code in alert.moved)
        told.insert(2, words["moved"].format(moved=also))
    text = words["join"].join(told)
    return text[:1].upper() + text[1:]


def unsaid_sentence(code: str, language: str) -> str:
    """Return why something cannot be said."""
    return texts(language)[f"unsaid.{code}"]


def _facts(alert: Alert, words: Mapping[str, str]) -> dict[str, str]:
    facts = {name: _plain(value) for name, value in alert.facts.items()}
    for name in _NUMBERS:
        if name in alert.facts:
            facts[name] = _number(alert.code, float(alert.facts[name]))
    for name in ("now_share", "before_share", "unheard"):
        if name in alert.facts:
            facts[name] = _percent(float(alert.facts[name]))
    for name, family in _NAMES.items():
        text = str(alert.facts.get(name, ""))
        facts[name] = words.get(f"{family}.{text}", text)
    if "since" in alert.facts:
        moment = from_micros(int(alert.facts["since"]))
        day = words[f"weekday.{moment.weekday()}"]
        facts["since"] = words["moment"].format(
            weekday=day, month=moment.month, day=moment.day, time=f"{moment:%H:%M}",
        )  # fmt: skip
    return facts


def _number(code: str, value: float) -> str:
    if code in _PERCENT:
        return _percent(value)
    return f"{value:,.0f}" if code in _COUNTS else f"{value:.2f}"


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def _plain(value: Fact) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else str(value)
