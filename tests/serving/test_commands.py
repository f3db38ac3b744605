"""`recsys keys`, and `recsys serve` as a process of its own."""

import json
import re
import signal
import subprocess
import sys
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
        port = next(found[1] for line in lines if (found := re.search(r"port=(\d+)", line)))
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").json()["behind"] == 0
        assert httpx.get(f"http://127.0.0.1:{port}/portal").status_code == 404
    finally:
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=20)
    assert "event=stopped" in rest


def test_a_server_that_cannot_start_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSYS_DATABASE_URL", f"sqlite:///{tmp_path}/no/folder/x.db")
    interval = sys.getswitchinterval()
    with pytest.raises(ConfigurationError, match="could not start"):
        run_server(host="127.0.0.1", port=0)
    sys.setswitchinterval(interval)
    with pytest.raises(ConfigurationError, match="no store"):
        create_app(Settings(database_url="oracle://x/y"))
