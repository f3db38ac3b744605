"""Can the ``lightfm`` package be used here? Found out once, in a process that may crash.

Published wheels are compiled for the CPU and C library of their build host. Elsewhere the import
can fail, or the first fit can end the whole process with an illegal instruction. A child process
tries both, so that the answer is a sentence and not a dead server.
"""

import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import cache

__all__ = ["LightFMStatus", "lightfm_status", "probe"]

_TIMEOUT_SECONDS = 60.0  # scipy's import from a cold disk takes seconds, the fit milliseconds

_TINY_FIT = """
import sys
import numpy as np, scipy.sparse as sp
try:
    from recsys.affinity.lightfm_import import import_lightfm
    lightfm = import_lightfm()
    model = lightfm.LightFM(no_components=2, loss="warp", random_state=1)
    model.fit(sp.coo_matrix(np.eye(3, dtype=np.float32)), epochs=1, num_threads=1)
except Exception as error:
    while error.__context__ is not None:  # a fallback that failed too hides the first failure
        error = error.__context__
    sys.exit(f"{type(error).__name__}: {error}")
print(getattr(lightfm, "__version__", "unknown"))
"""


@dataclass(frozen=True, slots=True)
class LightFMStatus:
    """Whether LightFM can be fitted in this environment; ``reason`` says why not."""

    usable: bool
    version: str | None
    reason: str | None


@cache
def lightfm_status() -> LightFMStatus:
    """Return the status of ``lightfm``; the first call of a process costs about a second."""
    return probe([sys.executable, "-c", _TINY_FIT])


def probe(command: list[str], *, timeout_seconds: float = _TIMEOUT_SECONDS) -> LightFMStatus:
    """Run ``command``, which prints a version or fails, and say what became of it.

    A child that prints nothing else than its version and exits with 0 is usable. Death by a signal,
    a non-zero exit, a timeout and an interpreter that cannot be started are reasons, never errors.
    """
    try:
        child = subprocess.run(  # noqa: S603 (our own interpreter and our own script)
            command, capture_output=True, text=True, timeout=timeout_seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return _unusable(f"the trial fit did not end within {timeout_seconds:g} seconds")
    except OSError as error:
        return _unusable(f"no child process could be started: {error}")
    if child.returncode < 0:
        return _unusable(
            f"the trial fit was ended by {_signal_name(-child.returncode)}; "
            "build the package for this machine from source with LIGHTFM_NO_CFLAGS=1"
        )
    if child.returncode > 0:
        return _unusable(_last_line(child.stderr) or f"exit code {child.returncode}")
    return LightFMStatus(usable=True, version=_last_line(child.stdout), reason=None)


def _unusable(reason: str) -> LightFMStatus:
    return LightFMStatus(usable=False, version=None, reason=f"lightfm cannot be used: {reason}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
