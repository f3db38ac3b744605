"""Which renditions of a content suit a reader here: audience, then language, then surface."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from recsys.catalogue.catalogue import Catalogue
from recsys.catalogue.renditions import Rendition, RenditionTable, primary_language
from recsys.schema import FORMAT_FAMILIES, FORMATS

__all__ = ["reader_languages", "suitable_formats", "suitable_renditions"]

_CANNOT_MOVE = ("print",)
_NEEDS_PLAYING = (*FORMAT_FAMILIES["video"], "animation", "audio")
_PLAYING_BITS = sum(1 << FORMATS.index(form) for form in _NEEDS_PLAYING)


def suitable_renditions(
    renditions: Sequence[Rendition], languages: frozenset[str], surface: str,
    is_meant: Sequence[bool] | None = None,
) -> list[Rendition]:  # fmt: skip
    """Return the renditions in a language the reader reads that the surface can show.

    A rendition of unknown language suits everybody, and a reader of unknown languages reads all.
    A wish that no rendition fulfils is passed over: better a film title in print than nothing.
    An audience is no wish: what is not meant for the reader (``is_meant``, beside each rendition;
    :meth:`recsys.audience.audience.Audiences.meant`) is left out even if nothing remains.
    """
    allowed = [True] * len(renditions) if is_meant is None else is_meant
    left = [r for r, is_allowed in zip(renditions, allowed, strict=True) if is_allowed]
    if languages:
        left = [
            r for r in left if not r.language or primary_language(r.language) in languages
        ] or left
    if surface in _CANNOT_MOVE:
        left = [r for r in left if r.format not in _NEEDS_PLAYING] or left
    return left


def suitable_formats(
    renditions: RenditionTable, contents: npt.NDArray[np.int32], languages: frozenset[str],
    surface: str,
) -> npt.NDArray[np.int64]:  # fmt: skip
    """Return the formats of :func:`suitable_renditions` of many contents, shape (n,), as bits.

    Bit i is ``FORMATS[i]``. Audiences of single renditions are not looked at.
    """
    bits = renditions.format_bits(contents, languages)
    if surface in _CANNOT_MOVE:
        still = bits & ~_PLAYING_BITS
        bits = np.where(still == 0, bits, still)
    return bits


def reader_languages(catalogue: Catalogue, employee: int, at: int) -> frozenset[str]:
    """Return the languages an employee chose, else that of the employee's record, else none."""
    chosen = catalogue.preferences.of(employee).languages
    if not chosen:
        version = catalogue.employees.version_at(employee, at)
        recorded = catalogue.employees.attributes(version).get("language")
        chosen = frozenset([recorded]) if recorded else frozenset()
    return frozenset(primary_language(language) for language in chosen)
