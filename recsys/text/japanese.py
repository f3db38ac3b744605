"""Japanese words by SudachiPy with its small dictionary, both installed as wheels.

Split mode A gives short units, so that compounds meet in the parts they share (安全点検, 安全教育);
the small dictionary holds hardly anything longer. Words come in their normalised form
(引越し, 引越 → 引っ越し; サーバ → サーバー). Takaoka et al. 2018, "Sudachi: a Japanese Tokenizer
for Business".
"""

import re
import threading
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from recsys.text.tokens import JAPANESE, fold, terms

if TYPE_CHECKING:
    from sudachipy import Dictionary, Tokenizer

__all__ = ["is_installed", "words"]

_JAPANESE_RUN = re.compile(rf"[{JAPANESE}]+")
_KEPT = ("形状詞", "副詞")
_local = threading.local()  # a tokenizer refuses a second thread; the dictionary is for all
_kept: dict[int, bool] = {}  # per part of speech, of which there are a few hundred
_loading = threading.Lock()


@cache
def is_installed() -> bool:
    """Say whether the analyser and its dictionary are there; loads neither."""
    return find_spec("sudachipy") is not None and find_spec("sudachidict_small") is not None


def words(text: str) -> list[str]:
    """Return the words of a text: Japanese ones by Sudachi, all others as :func:`terms` does.

    Of Japanese, nouns without numerals, adjectival nouns, adverbs, and the verbs and adjectives
    that have a meaning of their own are kept. Particles, auxiliaries, affixes and symbols tell how
    something is said; keeping them costs agreement of topics (benchmarks/text.py). Korean falls to
    character pairs. Chinese is read as if it were Japanese.

    The dictionary (115 MB, memory-mapped) is opened at the first Japanese text, once in a process.
    Safe for concurrent use; the analysis itself lets other threads run. About 0.7 µs a character.
    """
    folded = fold(text)
    found = terms(_JAPANESE_RUN.sub(" ", folded))
    runs = _JAPANESE_RUN.findall(folded)
    if runs:
        # Runs of other characters lie between two runs, so joining never makes a text longer.
        found.extend(_content_words("\n".join(runs)))
    return found


def _content_words(japanese: str) -> list[str]:
    found: list[str] = []
    for morpheme in _tokenizer().tokenize(japanese):
        code = morpheme.part_of_speech_id()
        keep = _kept.get(code)
        if keep is None:
            keep = _kept[code] = _is_content(morpheme.part_of_speech())
        if keep:
            found.append(morpheme.normalized_form())
    return found


def _is_content(part_of_speech: tuple[str, ...]) -> bool:
    kind, detail = part_of_speech[:2]
    if kind == "名詞":
        return detail != "数詞"
    return kind in _KEPT or (kind in {"動詞", "形容詞"} and detail == "一般")


def _tokenizer() -> "Tokenizer":
    found: Tokenizer | None = getattr(_local, "tokenizer", None)
    if found is None:
        with _loading:
            dictionary = _dictionary()
        found = dictionary.tokenizer(mode="A", fields={"pos", "normalized_form"})
        _local.tokenizer = found
    return found


@cache
def _dictionary() -> "Dictionary":
    from sudachipy import Dictionary

    return Dictionary(dict="small")
