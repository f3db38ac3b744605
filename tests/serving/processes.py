"""Servers in processes of their own, which can be killed."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from httpx import Client

__all__ = ["ServerProcess", "serving"]


class ServerProcess:
    """One `recsys serve`, with a client that holds a key."""

    def __init__(
        self, database: Path, models_dir: Path, headers: dict[str, str], *more: str
    ) -> None:
        environment = os.environ | {"RECSYS_CLOCK": "dataset", "RECSYS_LOG_LEVEL": "info"}
        command = [
            str(Path(sys.executable).with_name("recsys")), "serve", "--port", "0", "--database",
            f"sqlite:///{database}", "--models-dir", str(models_dir), *more,
        ]  # fmt: skip
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        self.lines: list[str] = []
        self.port = self._port()
        # A pipe that is full would stop the server.
        self._drainage = Thread(target=self._drain, daemon=True)
        self._drainage.start()
        self.client = Client(
            base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=60.0
        )

    def kill(self) -> None:
        """End it as a power failure would."""
        self.process.kill()
        self._end()

    def stop(self) -> None:
        """End it as an operator would."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self._end()

    def _end(self) -> None:
        self.process.wait(30)
        self._drainage.join()
        assert self.process.stderr is not None
        self.process.stderr.close()

    def _port(self) -> int:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if found := re.search(r'"?port"?[=:](\d+)', line):
                return int(found[1])
        raise AssertionError("".join(self.lines))

    def _drain(self) -> None:
        assert self.process.stderr is not None
        self.lines.extend(self.process.stderr)


@contextmanager
def serving(
    database: Path, models_dir: Path, headers: dict[str, str], *more: str
) -> Iterator[ServerProcess]:
    """Start a server that ends with the block, if it is not killed before."""
    server = ServerProcess(database, models_dir, headers, *more)
    try:
        yield server
    finally:
        server.stop()
