"""Format advice in the languages of the readers; the words are in ``texts.json``."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from recsys.advice.advice import MIN_TOLD, Choice, Estimate, FormatAdvice, FormatOutlook
from recsys.advice.audience_people import MOST_ASKED
from recsys.advice.cells import CELL_SIZE
from recsys.advice.taste_shares import TasteShares

__all__ = ["LANGUAGES", "advice_sentences", "format_name", "share_sentences"]

LANGUAGES: tuple[str, ...] = ("ja", "en")


@cache
def _texts(language: str) -> Mapping[str, str]:
    loaded: dict[str, dict[str, str]] = json.loads(
        files("recsys.advice").joinpath("texts.json").read_text(encoding="utf-8")
    )
    return {key: words[language] for key, words in loaded.items()}


def format_name(name: str, language: str) -> str:
    """Return a format in words; ``language`` of ``LANGUAGES``."""
    return _texts(language)[f"format.{name}"]


def advice_sentences(advice: FormatAdvice, language: str) -> list[str]:
    """Return what the advice says, the recommendations first; ``language`` of ``LANGUAGES``."""
    texts = _texts(language)
    if advice.is_suppressed:
        return [texts["suppressed"].format(k=CELL_SIZE)]
    assert advice.headcount is not None
    assert advice.shown is not None
    assert advice.completions is not None
    count = advice.headcount
    told = [
        *_recommended(advice, texts),
        texts["people"].format(
            people=count.people, measured=count.measured, unmeasurable=count.unmeasurable,
            opted_out=count.opted_out,
        ),
        texts["shown"].format(shown=_people(advice.shown, texts)),
    ]  # fmt: skip
    if any(outlook.exists for outlook in advice.formats):
        told.append(texts["completions"].format(completions=_people(advice.completions, texts)))
    told += [_outlook(outlook, texts) for outlook in advice.formats]
    if advice.is_sample:
        told.append(texts["sample"].format(most=MOST_ASKED))
    return [*told, texts["method"].format(k=CELL_SIZE)]


def share_sentences(shares: TasteShares | None, language: str) -> list[str]:
    """Return how much attributes tell of format tastes, and that they are not persons."""
    texts = _texts(language)
    if shares is None:
        return [texts["suppressed"].format(k=CELL_SIZE)]
    told = []
    for part in shares.attributes:
        name = texts[f"attribute.{part.attribute}"]
        share = _percent(Estimate(part.share, *part.interval), texts)
        told.append(_capital(texts["shares.attribute"].format(attribute=name, share=share)))
    together = f"{100 * shares.together_by_model:.0f}"
    return [*told, texts["shares.together"].format(together=together)]


def _recommended(advice: FormatAdvice, texts: Mapping[str, str]) -> list[str]:
    assert advice.lead is not None
    assert advice.produce is not None
    added = {o.format: o.added for o in advice.formats if o.added is not None}
    made = advice.produce.format
    return [
        _choice("lead", advice.lead, None, texts),
        _choice("produce", advice.produce, None if made is None else added[made], texts),
    ]


def _choice(kind: str, choice: Choice, added: Estimate | None, texts: Mapping[str, str]) -> str:
    second = choice.runner_up
    return texts[f"{kind}.{choice.reason}"].format(
        format="" if choice.format is None else texts[f"format.{choice.format}"],
        runner_up="" if second is None else texts[f"format.{second}"],
        alternative=texts["alternative.nothing" if second is None else f"format.{second}"],
        ahead="" if choice.ahead is None else _people(choice.ahead, texts),
        added="" if added is None else _people(added, texts),
        least=MIN_TOLD,
    )


def _outlook(outlook: FormatOutlook, texts: Mapping[str, str]) -> str:
    told = texts["outlook"].format(
        format=texts[f"format.{outlook.format}"], rate=_percent(outlook.rate, texts),
        completions=_people(outlook.completions, texts),
    )  # fmt: skip
    if outlook.added is not None:
        told += " " + texts["outlook.added"].format(added=_people(outlook.added, texts))
    return _capital(told)


def _people(found: Estimate, texts: Mapping[str, str]) -> str:
    numbers = (found.value, found.low, found.high)
    value, low, high = (f"{number:,.0f}".replace("-", "−") for number in numbers)
    return texts["interval"].format(value=value, low=low, high=high)


def _percent(found: Estimate, texts: Mapping[str, str]) -> str:
    numbers = (found.value, found.low, found.high)
    value, low, high = (f"{100 * number:.0f} %" for number in numbers)
    return texts["interval"].format(value=value, low=low, high=high)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
