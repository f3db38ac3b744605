"""What the README shows works: each command, each call, each generated table."""

import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.figures import replace_part, settings_table

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    """Return the fenced blocks of one language, without the indent of a list."""
    found = re.findall(rf"^( *)```{language}\n(.*?)```", README, re.MULTILINE | re.DOTALL)
    return [re.sub(f"^{indent}", "", body, flags=re.MULTILINE) for indent, body in found]


BLOCKS = {language: _blocks(language) for language in ("sh", "python", "json")}
COMMANDS = [
    line.strip()
    for block in BLOCKS["sh"]
    for line in block.splitlines()
    if line.strip().startswith("recsys ")
]
_LONG = {"serve", "loop"}
"""The first runs until it is stopped, the second for minutes; it has tests of its own."""
INLINE = re.findall(r"`(recsys [^`]+)`", README)


def test_every_command_exists() -> None:
    known = {point.name for point in entry_points(group="recsys.commands")}
    named = {command.split()[1] for command in [*COMMANDS, *INLINE]}
    assert named <= known
    assert {"import", "train", "serve", "evaluate", "keys"} <= named


def test_every_make_target_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake (\w+)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_table_of_settings_is_the_generated_one() -> None:
    assert replace_part(README, "settings", settings_table()) == README


def test_every_linked_file_exists() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small company as ``my-data``, where the README's commands are run."""
    folder = tmp_path_factory.mktemp("readme")
    size = ["--employees", "60", "--days", "42", "--start", "2026-03-20", "--format", "csv"]
    _recsys(folder, "simulate", "--out", "my-data", *size)
    (plan,) = BLOCKS["json"]
    (folder / "plan.json").write_text(plan, encoding="utf-8")
    people = pd.read_csv(folder / "my-data" / "employees.csv")
    addresses = people.assign(email=people["employee_id"] + "@example.com")
    addresses[["employee_id", "email"]].to_csv(folder / "addresses.csv", index=False)
    teams = pd.DataFrame({"team_id": range(40)}).assign(arm=["a", "b"] * 20)
    rows = teams.loc[teams.index.repeat(5)].assign(employee_id=range(200))
    rows.assign(read=rows["employee_id"] % 3 == 0).to_csv(folder / "test.csv", index=False)
    return folder


def _recsys(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "recsys.cli", *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=240,
        env=os.environ | {"RECSYS_MAIL_FROM": "News <news@example.com>"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_from_python_without_a_server(folder: Path) -> None:
    (snippet,) = [block for block in BLOCKS["python"] if "httpx" not in block]
    check = "\nassert len(feed.items) == 10, feed\n"
    subprocess.run([sys.executable, "-c", snippet + check], cwd=folder, check=True, timeout=240)


def test_own_data_from_import_to_a_feed(folder: Path) -> None:
    key = ""
    for command in COMMANDS:
        words = shlex.split(command)[1:]
        if words[0] == "keys":
            key = _recsys(folder, *words, "--json").split('"key": "')[1].split('"')[0]
        elif words[0] not in _LONG:
            _recsys(folder, *words)
    (evaluation,) = [command for command in INLINE if command.startswith("recsys evaluate --t")]
    assert "popularity_1h" in _recsys(folder, *shlex.split(evaluation)[1:])
    with _server(folder) as url:
        answers = [_curl(line, url, key) for line in _curls()]
        _from_a_portal(url, key)
    assert '"items":[{' in answers[0]
    assert '"accepted":1' in answers[1]


def _from_a_portal(url: str, key: str) -> None:
    (snippet,) = [block for block in BLOCKS["python"] if "httpx" in block]
    check = (
        "\nassert [i['position'] for i in feed['items'] + more['items']] == list(range(1, 21))"
        "\nassert token.startswith('rt_')\n"
    )
    program = snippet.replace("http://127.0.0.1:8000", url) + check
    subprocess.run([sys.executable, "-c", program], env=os.environ | {"KEY": key}, check=True)


def _curls() -> list[str]:
    (block,) = [block for block in BLOCKS["sh"] if "curl" in block]
    return [line for line in block.replace("\\\n", " ").split("curl")[1:] if line.strip()]


def _curl(line: str, url: str, key: str) -> str:
    words = shlex.split(line.replace("$KEY", key).replace("http://127.0.0.1:8000", url))
    headers = [words[i + 1].split(": ", 1) for i, word in enumerate(words) if word == "-H"]
    data = [words[i + 1] for i, word in enumerate(words) if word == "-d"]
    (address,) = [word for word in words if word.startswith(url)]
    request = urllib.request.Request(
        address, data=data[0].encode() if data else None, headers=dict(headers)
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return str(response.read().decode())


@pytest.mark.slow
def test_the_demo_ends_with_a_champion(tmp_path: Path) -> None:
    if not (ROOT / ".venv" / ".installed").exists():
        pytest.skip("the demo runs in the environment of `make setup`, which is not here")
    done = subprocess.run(
        ["make", "demo", "SERVE=0", f"DEMO={tmp_path}"],
        cwd=ROOT, env=os.environ | {"RECSYS_MODELS_DIR": str(tmp_path / "models")},
        capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "ndcg@10" in done.stdout
    assert "is registered version 1, champion" in done.stdout


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "recsys.cli", "serve", "--port", str(port)]
    with (folder / "serve.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=os.environ)
    try:
        _wait_until_ready(url, server)
        yield url
    finally:
        server.terminate()
        server.wait(20)


def _wait_until_ready(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        assert server.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5):
                return
        except urllib.error.URLError:
            time.sleep(0.2)
    pytest.fail("the server was not ready within a minute")
