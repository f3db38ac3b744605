"""Importing ``lightfm``, repaired where the published wheel cannot be loaded.

The wheels of lightfm-next 1.18 for Linux were built with ``-ffast-math`` against an old C library:
they call ``__log_finite`` and ``__exp_finite``, aliases of ``log`` and ``exp`` that the C library
offers to no newly loaded program since glibc 2.31 (2020). So the import ends with "undefined
symbol". The cure is to let the two calls name the functions they mean, in a copy of the compiled
module; nothing that is installed is changed. Wheels from 1.19 on need no cure.
"""

import ctypes
import importlib
import importlib.util
import sys
import tempfile
from pathlib import Path
from types import ModuleType

__all__ = ["import_lightfm", "repaired"]

_EXTENSION = "lightfm._lightfm_fast_openmp"
_RENAMED: dict[bytes, bytes] = {b"__log_finite": b"log", b"__exp_finite": b"exp"}


def import_lightfm() -> ModuleType:
    """Return the package; raises ``ImportError`` where it is absent or beyond repair."""
    spec = importlib.util.find_spec("lightfm")
    if spec is None:
        raise ImportError("the package lightfm is not installed")
    if _EXTENSION not in sys.modules:
        for folder in map(Path, spec.submodule_search_locations or ()):
            _load_repaired(folder)
    return importlib.import_module("lightfm")


def repaired(library: bytes) -> bytes | None:
    """Return a shared library with the two retired names replaced; None if it has neither.

    Names in a symbol table end with NUL; the shorter ones are padded with it, so no offset moves.
    """
    if not any(b"\0%b\0" % name in library for name in _RENAMED):
        return None
    for name, meant in _RENAMED.items():
        library = library.replace(b"\0%b\0" % name, b"\0%b\0" % meant.ljust(len(name), b"\0"))
    return library


def _load_repaired(folder: Path) -> None:
    """Load the compiled module from a repaired copy, if it needs one."""
    for path in folder.glob("_lightfm_fast_openmp*.so"):
        library = repaired(path.read_bytes())
        if library is None:
            continue
        # The copy lies elsewhere and would not find the OpenMP runtime beside the original.
        for runtime in folder.parent.glob("lightfm*.libs/*.so*"):
            ctypes.CDLL(str(runtime))
        with tempfile.TemporaryDirectory() as copies:
            copy = Path(copies) / path.name
            copy.write_bytes(library)
            sys.modules[_EXTENSION] = _load(copy)


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(_EXTENSION, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
