"""Compilation of numeric kernels, and the hash they share.

Kernels are plain functions over NumPy arrays, compiled once and cached on disk. They hold no
interpreter lock, allocate little and never see an object, a clock or a session.
"""

import os
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar, cast

import numba
import numpy as np

__all__ = ["kernel", "mix64"]

_F = TypeVar("_F", bound=Callable[..., object])


def _cache_folder() -> Path:
    """Return a folder of compiled code that belongs to the present text of all kernels.

    numba notices a change of the file a kernel is in, but not of kernels it calls from other
    files, and would go on running their old code after an update of the checkout.
    """
    package = Path(__file__).parent
    texts = [path.read_bytes() for path in sorted(package.rglob("*.py"))]
    digest = blake2b(digest_size=8)
    for text in texts:
        if b"import kernel" in text or b"def kernel(" in text:
            digest.update(text)
    return package / "__pycache__" / f"kernels-{digest.hexdigest()}"


def _use_cache_folder(folder: Path) -> None:
    """Keep compiled code in ``folder``; where it may not be written numba's own place remains."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    if os.access(folder, os.W_OK):
        numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]  # made at run time


if "NUMBA_CACHE_DIR" not in os.environ:
    _use_cache_folder(_cache_folder())


def kernel(function: _F) -> _F:
    """Compile ``function`` with numba on first call; its Python signature stays for the reader."""
    return cast("_F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


@kernel
def mix64(key: np.uint64) -> np.uint64:
    """Spread a 64-bit key over all bits (the finaliser of splitmix64, Steele et al. 2014)."""
    key = np.uint64(key)
    key ^= key >> np.uint64(30)
    key *= np.uint64(0xBF58476D1CE4E5B9)
    key ^= key >> np.uint64(27)
    key *= np.uint64(0x94D049BB133111EB)
    key ^= key >> np.uint64(31)
    return key
