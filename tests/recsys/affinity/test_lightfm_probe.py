import sys

import pytest

from recsys.affinity.lightfm_probe import lightfm_status, probe


def _run(script: str, timeout_seconds: float = 30.0) -> str:
    status = probe([sys.executable, "-c", script], timeout_seconds=timeout_seconds)
    assert not status.usable
    assert status.version is None
    assert status.reason is not None
    assert status.reason.startswith("lightfm cannot be used: ")
    return status.reason


def test_a_child_that_prints_its_version_is_usable() -> None:
    status = probe([sys.executable, "-c", "print('noise'); print('1.19.0')"])
    assert (status.usable, status.version, status.reason) == (True, "1.19.0", None)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_an_illegal_instruction_is_named() -> None:
    reason = _run("import os, signal; os.kill(os.getpid(), signal.SIGILL)")
    assert "SIGILL" in reason
    assert "LIGHTFM_NO_CFLAGS" in reason


def test_a_failed_import_is_the_reason() -> None:
    assert "no_such_module" in _run("import no_such_module")
    assert "exit code 3" in _run("raise SystemExit(3)")


def test_a_hanging_child_is_ended() -> None:
    assert "0.3 seconds" in _run("import time; time.sleep(60)", timeout_seconds=0.3)


def test_a_missing_interpreter_is_a_reason() -> None:
    status = probe(["no-such-interpreter"])
    assert not status.usable
    assert "no child process" in (status.reason or "")


def test_the_real_status_is_found_once() -> None:
    status = lightfm_status()
    assert status is lightfm_status()
    assert status.usable == (status.reason is None)
