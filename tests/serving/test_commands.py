"""`recsys keys`, and `recsys serve` as a process of its own."""

import json
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from recsys.errors import ConfigurationError
from recsys.settings import Settings
from serving.app import create_app
from serving.commands.keys import app as keys
from serving.server import run_server

RUNNER = CliRunner()


def run(database: Path, *arguments: str) -> dict[str, Any]:
    options = ["--database", f"sqlite:///{database}", "--json"]
    result = RUNNER.invoke(keys, [*arguments, *options])
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_a_key_is_shown_once_listed_without_itself_and_revoked(tmp_path: Path) -> None:
    database = tmp_path / "keys.db"
    made = run(database, "create", "--scope", "comms", "--days", "2")
    assert re.fullmatch(r"rk_[\w-]{43}", made["key"])
    assert made["scope"] == "comms"
    assert run(database, "create", "--scope", "admin")["expires_at"] is None
    listed = run(database, "list")
    assert [key["scope"] for key in listed["keys"]] == ["comms", "admin"]
    assert made["key"] not in json.dumps(listed)
    assert made["key"].encode() not in b"".join(f.read_bytes() for f in tmp_path.iterdir())
    revoked = run(database, "revoke", made["key_id"])
    assert revoked["revoked_at"] is not None
    assert run(database, "revoke", made["key_id"]) == revoked


def test_a_key_is_followed_by_another_of_its_scope_and_lifetime(tmp_path: Path) -> None:
    database = tmp_path / "keys.db"
    old = run(database, "create", "--scope", "newsletter", "--days", "90")
    before = datetime.now(UTC)
    new = run(database, "rotate", old["key_id"])
    assert new["key"] != old["key"]
    assert new["scope"] == "newsletter"
    ends = datetime.fromisoformat(new["replaces"]["expires_at"])
    assert timedelta(0) <= ends - before - timedelta(hours=24) < timedelta(minutes=1)
    lifetime = datetime.fromisoformat(new["expires_at"]) - before
    assert timedelta(0) <= lifetime - timedelta(days=90) < timedelta(minutes=1)
    listed = {key["key_id"]: key for key in run(database, "list")["keys"]}
    assert listed[old["key_id"]] == new["replaces"]
    again = run(database, "rotate", new["key_id"], "--overlap-hours", "0.5")
    ends = datetime.fromisoformat(again["replaces"]["expires_at"])
    assert timedelta(minutes=29) < ends - before < timedelta(minutes=32)


def test_a_key_without_an_end_is_followed_by_one_without(tmp_path: Path) -> None:
    database = tmp_path / "keys.db"
    old = run(database, "create", "--scope", "admin")
    assert run(database, "rotate", old["key_id"], "--overlap-hours", "0")["expires_at"] is None


def test_only_a_valid_key_is_followed_by_another(tmp_path: Path) -> None:
    database = tmp_path / "keys.db"
    old = run(database, "create", "--scope", "comms")
    run(database, "revoke", old["key_id"])
    options = ["--database", f"sqlite:///{database}"]
    for key_id, said in ((old["key_id"], "create --scope comms"), ("key-0", "no key 'key-0'")):
        error = RUNNER.invoke(keys, ["rotate", key_id, *options]).exception
        assert isinstance(error, ConfigurationError)
        assert said in str(error)
    assert RUNNER.invoke(keys, ["rotate", "key-0", "--overlap-hours", "-1"]).exit_code == 2


def test_a_rotated_key_is_shown_alone_on_standard_output(tmp_path: Path) -> None:
    database = tmp_path / "keys.db"
    old = run(database, "create", "--scope", "portal")
    shown = RUNNER.invoke(keys, ["rotate", old["key_id"], "--database", f"sqlite:///{database}"])
    assert re.fullmatch(r"rk_[\w-]{43}\n", shown.stdout)
    assert f"{old['key_id']} works until 20" in shown.stderr


def test_an_unknown_scope_is_a_usage_error(tmp_path: Path) -> None:
    assert RUNNER.invoke(keys, ["create", "--scope", "all"]).exit_code == 2


def test_the_server_starts_answers_and_stops_gracefully(tmp_path: Path) -> None:
    program = (
        "import typer; from recsys.logs import configure_logging; configure_logging('info'); "
        "from serving.commands.serve import serve; typer.run(serve)"
    )
    arguments = ["--port", "0", "--database", f"sqlite:///{tmp_path}/new.db"]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments, "--models-dir", str(tmp_path)],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        said = next(line for line in map(json.loads, lines) if line["event"] == "listening")
        port = said["port"]
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").json()["behind"] == 0
        assert httpx.get(f"http://127.0.0.1:{port}/portal").status_code == 404
    finally:
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=20)
    last = [json.loads(line) for line in rest.splitlines()]
    assert [line["event"] for line in last].count("stopped") == 1
    assert {line["route"] for line in last if line["event"] == "request"} >= {"/readyz"}


def test_a_server_that_cannot_start_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RECSYS_DATABASE_URL", f"sqlite:///{tmp_path}/no/folder/x.db")
    interval = sys.getswitchinterval()
    with pytest.raises(ConfigurationError, match="could not start"):
        run_server(host="127.0.0.1", port=0)
    sys.setswitchinterval(interval)
    assert "no/folder/x.db cannot be used" in capsys.readouterr().err, "in a line of ours"
    with pytest.raises(ConfigurationError, match="no store"):
        create_app(Settings(database_url="oracle://x/y"))
