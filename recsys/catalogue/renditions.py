"""The renditions of contents: which formats each content can be taken in."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.catalogue.columns import flags, numbers, texts
from recsys.ids import UNKNOWN_INDEX, IdMap
from recsys.schema import FORMATS, IMPLICIT_FORMAT

__all__ = [
    "IMPLICIT_RENDITION_ID",
    "Rendition",
    "RenditionTable",
    "expected_seconds",
    "primary_language",
]

IMPLICIT_RENDITION_ID = ""
"""The rendition of a content without rendition rows: an article whose id stays empty."""

WORDS_PER_MINUTE = 240.0

_IMPLICIT = FORMATS.index(IMPLICIT_FORMAT)


def expected_seconds(
    word_count: npt.NDArray[np.float32], duration_seconds: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Return float32 seconds to take a rendition in, NaN where neither length is known.

    240 words a minute; a duration wins, because a film is not read.
    """
    reading = word_count / np.float32(WORDS_PER_MINUTE / 60.0)
    return np.where(np.isnan(duration_seconds), reading, duration_seconds).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Rendition:
    """One rendition as callers see it."""

    rendition_id: str
    format: str
    language: str = ""
    title: str = ""
    url: str = ""
    has_captions: bool = False
    expected_seconds: float = float("nan")
    rule: int = UNKNOWN_INDEX
    """Its own audience, beside that of the content: place among the contents' ``rules``."""


_IMPLICIT_RENDITION = Rendition(IMPLICIT_RENDITION_ID, IMPLICIT_FORMAT)


class RenditionTable:
    """Renditions by index, and by content. Not thread-safe for writers.

    An index may exist before its rendition does: events can arrive first.
    """

    def __init__(self) -> None:
        self.ids = IdMap()
        self.languages = IdMap()
        """Of renditions, without region or script."""
        self._by_content: dict[int, dict[int, Rendition]] = {}
        self._lists: dict[int, list[Rendition]] = {}
        self._format: npt.NDArray[np.int8] = np.zeros(0, np.int8)
        self._expected: npt.NDArray[np.float32] = np.zeros(0, np.float32)
        self._content: npt.NDArray[np.int32] = np.zeros(0, np.int32)
        self._language: npt.NDArray[np.int32] = np.zeros(0, np.int32)
        self._bits: dict[frozenset[str], npt.NDArray[np.int64]] = {}
        self._language_bits: npt.NDArray[np.int64] | None = None
        self._reserved: set[int] = set()

    def __len__(self) -> int:
        return len(self.ids)

    def reserved(self, n_contents: int) -> npt.NDArray[np.bool_] | None:
        """Return bool, shape (n_contents,): contents whose every rendition has its own audience.

        None if there are none, which is quick to ask.
        """
        if not self._reserved:
            return None
        found = np.zeros(n_contents, np.bool_)
        found[list(self._reserved)] = True
        return found

    def upsert(self, frame: pd.DataFrame, contents: IdMap, rules: IdMap) -> None:
        """Insert or replace the renditions of a canonical frame.

        ``rules`` are the distinct audience rules of the company's contents and renditions.
        """
        rows = self.ids.add_many(frame["rendition_id"])
        content = contents.add_many(frame["content_id"])
        expected = expected_seconds(
            numbers(frame["word_count"]), numbers(frame["duration_seconds"])
        )
        self._reserve()
        touched = np.union1d(self._content[rows], content).tolist()
        for row in rows:
            self._by_content.get(int(self._content[row]), {}).pop(int(row), None)
        self._bits, self._language_bits, self._lists = {}, None, {}
        codes = pd.Categorical(frame["format"], categories=list(FORMATS)).codes
        self._format[rows], self._expected[rows], self._content[rows] = codes, expected, content
        self._language[rows] = self.languages.add_many(
            frame["language"].map(primary_language, na_action="ignore")
        )
        names = ("rendition_id", "format", "language", "title", "url")
        columns = zip(*(texts(frame[name]) for name in names), strict=True)
        captions, rule = flags(frame["has_captions"]), rules.add_many(frame["audience"])
        for i, (rendition_id, form, language, title, url) in enumerate(columns):
            seconds, captioned = float(expected[i]), bool(captions[i])
            rendition = Rendition(
                rendition_id, form, language, title, url, captioned, seconds, int(rule[i])
            )
            self._by_content.setdefault(int(content[i]), {})[int(rows[i])] = rendition
        self._look_at_audiences(touched)

    def of(self, content: int) -> list[Rendition]:
        """Return the renditions of a content, in order of arrival; at least the implicit one.

        Do not modify the list: it is kept until renditions change.
        """
        listed = self._lists.get(content)
        if listed is None:
            held = self._by_content.get(content, {})
            listed = [held[row] for row in sorted(held)]
            self._lists[content] = listed = listed or [_IMPLICIT_RENDITION]
        return listed

    def formats(
        self, renditions: npt.NDArray[np.int32], contents: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.int8]:
        """Return int8 positions in ``FORMATS``, shape (n,), of shown renditions.

        An event without a rendition, or with one that is not known, counts as ``article`` if its
        content has no renditions, and as the format of its renditions if all have one; where they
        differ it is −1, nobody knows.
        """
        distinct, place = np.unique(contents, return_inverse=True)
        only = np.array([self._only_format(int(c)) for c in distinct], np.int8)[place]
        self._reserve()
        shown = np.append(self._format, np.int8(-1))[renditions]  # −1 takes the appended one
        return np.where(shown >= 0, shown, only)

    def expected_seconds(self, renditions: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """Return float32 seconds to take in each rendition, NaN where unknown or −1."""
        self._reserve()
        return np.append(self._expected, np.float32(np.nan))[renditions]  # −1: the appended one

    def seconds_by_format(self, n_contents: int) -> npt.NDArray[np.float64]:
        """Return float64, shape (n_contents, n_formats): the longest rendition of each format.

        0 where no length is known, NaN where there is no such rendition. A content without rows
        has its article.
        """
        self._reserve()
        known = (self._content >= 0) & (self._content < n_contents) & (self._format >= 0)
        seconds = np.full((n_contents, len(FORMATS)), -1.0)
        place = self._content[known], self._format[known]
        np.maximum.at(seconds, place, np.nan_to_num(self._expected[known]).astype(np.float64))
        seconds[(seconds < 0).all(axis=1), _IMPLICIT] = 0.0
        return np.where(seconds < 0, np.nan, seconds)

    def shortest_seconds(self, est_seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return float64, shape (n_contents,): the seconds of each content's shortest rendition.

        ``est_seconds``, shape (n_contents,), stand for lengths that are not known, NaN for none:
        then it is 0.
        """
        self._reserve()
        est = np.nan_to_num(est_seconds)
        known = (self._content >= 0) & (self._content < len(est))
        content, expected = self._content[known], self._expected[known].astype(np.float64)
        shortest = np.full(len(est), np.inf)
        np.minimum.at(shortest, content, np.where(np.isnan(expected), est[content], expected))
        return np.where(np.isinf(shortest), est, shortest)

    def format_bits(
        self, contents: npt.NDArray[np.int32], languages: frozenset[str] = frozenset()
    ) -> npt.NDArray[np.int64]:
        """Return int64, shape (n,): bit i is set if there is a rendition in format ``FORMATS[i]``.

        With ``languages`` those of them, or of unknown language, count; where there are none, all
        do. A content without rows has its article.
        """
        bits = _at(self._format_bits(languages), contents)
        return np.where(bits == 0, 1 << _IMPLICIT, bits)

    def language_bits(self, contents: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """Return int64, shape (n,): bit i is set if there is a rendition in ``languages.id(i)``.

        Renditions of unknown language, and of a sixty-third one, set none.
        """
        if self._language_bits is None:
            self._language_bits = self._joined(self._language, self._content >= 0)
        return _at(self._language_bits, contents)

    def _format_bits(self, languages: frozenset[str]) -> npt.NDArray[np.int64]:
        """Return formats by content, kept until renditions change: few sets of languages occur."""
        found = self._bits.get(languages)
        if found is None:
            self._reserve()
            known = self._content >= 0
            found = self._joined(self._format, known)
            if languages:
                codes = [self.languages.index(name) for name in languages]
                readable = known & np.isin(self._language, [*codes, UNKNOWN_INDEX])
                own = self._joined(self._format, readable)
                found = np.where(own == 0, found, own)
            self._bits[languages] = found
        return found

    def _joined(
        self, codes: npt.NDArray[np.signedinteger], rows: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.int64]:
        """Return by content the bits of the codes of its renditions among ``rows``."""
        self._reserve()
        bits = np.zeros(int(self._content.max(initial=-1)) + 1, np.int64)
        np.bitwise_or.at(bits, self._content[rows], _bit(codes[rows]))
        return bits

    def live_formats(self, contents: npt.NDArray[np.int32]) -> list[str]:
        """Return the formats that exist among ``contents``, in canonical order."""
        known = self._content >= 0
        n_contents = 1 + max(contents.max(initial=-1), self._content.max(initial=-1))
        is_live, has_rows = np.zeros(n_contents, np.bool_), np.zeros(n_contents, np.bool_)
        is_live[contents] = True
        has_rows[self._content[known]] = True
        found = set(self._format[known][is_live[self._content[known]]].tolist())
        if (is_live & ~has_rows).any():
            found.add(_IMPLICIT)
        return [name for code, name in enumerate(FORMATS) if code in found]

    def _look_at_audiences(self, contents: list[int]) -> None:
        for content in contents:
            held = self._by_content.get(content, {}).values()
            self._reserved.discard(content)
            if held and all(rendition.rule != UNKNOWN_INDEX for rendition in held):
                self._reserved.add(content)

    def _only_format(self, content: int) -> int:
        found = {rendition.format for rendition in self.of(content)}
        return FORMATS.index(found.pop()) if len(found) == 1 else -1

    def _reserve(self) -> None:
        missing = len(self.ids) - len(self._format)
        if missing > 0:
            self._format = np.concatenate([self._format, np.full(missing, -1, np.int8)])
            self._expected = np.concatenate([self._expected, np.full(missing, np.nan, np.float32)])
            self._content = np.concatenate([self._content, np.full(missing, -1, np.int32)])
            self._language = np.concatenate([self._language, np.full(missing, -1, np.int32)])


@lru_cache(maxsize=1024)  # free text: few spellings in one company
def primary_language(language: str) -> str:
    """Return the language without region or script: ``ja`` of ``ja-JP``."""
    return language.lower().replace("_", "-").split("-")[0]


def _bit(codes: npt.NDArray[np.signedinteger]) -> npt.NDArray[np.int64]:
    """Return 1 << code, 0 for codes below 0 and for those that do not fit into 62 bits."""
    codes = codes.astype(np.int64)
    return np.where((codes < 0) | (codes > 61), 0, np.int64(1) << np.clip(codes, 0, 61))


def _at(bits: npt.NDArray[np.int64], contents: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Return ``bits[contents]``, 0 beyond the end."""
    beyond = contents >= len(bits)
    if not beyond.any():
        return bits[contents]
    return np.append(bits, 0)[np.where(beyond, len(bits), contents)]
