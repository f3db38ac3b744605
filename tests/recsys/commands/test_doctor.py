"""`recsys doctor` on installations that are well and ill."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recsys.commands import doctor

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Look at an empty folder, one light library and no commands that may be missing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "_ESSENTIAL_LIBRARIES", ("numpy",))
    monkeypatch.setattr(doctor, "_OPTIONAL_LIBRARIES", ("no_such_library",))
    monkeypatch.setattr(doctor, "entry_points", lambda **_: ())
    return tmp_path


def checks(outcome: Any) -> dict[str, Any]:
    return {finding["check"]: finding for finding in outcome.answer()["checks"]}


def test_a_fresh_installation_is_healthy_and_left_as_it_is(recsys: Run, installation: Path) -> None:
    outcome = recsys("doctor", "--json")
    assert outcome.exit_code == 0
    assert outcome.answer()["healthy"]
    assert "is not there yet" in checks(outcome)["database"]["detail"]
    assert not checks(outcome)["no_such_library"]["ok"]
    assert list(installation.iterdir()) == []


def test_an_essential_failure_is_exit_code_1(recsys: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_ESSENTIAL_LIBRARIES", ("no_such_library",))
    outcome = recsys("doctor")
    assert outcome.exit_code == 1
    assert "FAILED" in outcome.stdout
    assert "no_such_library" in outcome.stdout


def test_a_file_that_is_no_database_is_named(recsys: Run, installation: Path) -> None:
    (installation / "recsys.db").write_text("no database " * 100)
    outcome = recsys("doctor", "--json")
    assert outcome.exit_code == 1
    assert not checks(outcome)["database"]["ok"]
