"""The language of a title, guessed from its smallest words."""

import re

__all__ = ["guess_language"]

_WORD = re.compile(r"[^\W\d_]+")
_PORTUGUESE_LETTER = re.compile(r"[áàâãçéêíóôõú]")

_ENGLISH = frozenset({
    "the", "to", "and", "of", "for", "in", "is", "on", "with", "how", "from", "at", "by",
    "that", "this", "what", "why", "when", "you", "your", "we", "our", "it", "its", "will",
    "are", "be", "an", "can", "not", "who", "more", "their", "they", "has", "have", "was",
    "about", "into", "than",
})  # fmt: skip
_PORTUGUESE = frozenset({
    "de", "da", "do", "das", "dos", "e", "o", "os", "para", "por", "com", "que", "em", "no",
    "na", "nos", "nas", "um", "uma", "ao", "como", "seu", "sua", "se", "sobre", "pelo", "pela",
    "ou", "sem",
})  # fmt: skip


def guess_language(title: str) -> str:
    """Return ``en``, ``pt`` or, when neither has more evidence, an empty text.

    Evidence is one point per English function word and one per Portuguese function word or word
    with a Portuguese accent. Titles of names only stay empty: better unknown than wrong, because a
    content of unknown language is for everybody.
    """
    words = _WORD.findall(title.lower())
    english = sum(word in _ENGLISH for word in words)
    portuguese = sum(
        word in _PORTUGUESE or _PORTUGUESE_LETTER.search(word) is not None for word in words
    )
    if english == portuguese:
        return ""
    return "en" if english > portuguese else "pt"
