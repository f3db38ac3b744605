"""A small simulated company in a store, a model trained on it, and servers over copies of both."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from httpx import Client, Response

from recsys.answers import SlateItem
from recsys.dataset.dataset import Dataset
from recsys.dataset.reading import read_dataset
from recsys.engine import Engine
from recsys.registry import Champion, Release, move_champion, store_model
from recsys.schema import TABLES
from recsys.settings import Settings
from recsys.simulator.config import Scenario
from recsys.simulator.simulation import simulate_company
from recsys.store.database import Database
from recsys.store.key_store import KeyStore
from recsys.store.sql_store import open_store
from serving.app import create_app
from serving.keys import Scope, new_key
from serving.services import Services
from tests.recsys.store.conftest import postgres_url

__all__ = ["postgres_url"]

EMPLOYEE = "sim-000003"

_PATIENCE = 60.0
"""Seconds for an answer: the first one of a kind may have to compile."""

Answer = dict[str, Any]
"""An answer in JSON."""


@dataclass(frozen=True)
class Company:
    """What the tests copy: a database, a models directory, and the data that went in."""

    database: Path
    models_dir: Path
    dataset: Dataset
    last_event: datetime


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    folder = tmp_path_factory.mktemp("company")
    scenario = Scenario(employees=90, days=28)
    simulate_company(scenario, folder / "data", folder / "truth")
    dataset = read_dataset(folder / "data").dataset
    last_event = dataset["events"]["occurred_at"].max().to_pydatetime()
    with closing(open_store(f"sqlite:///{folder}/company.db")) as store:
        store.migrate()
        for table in TABLES:
            store.write(table, dataset[table], received_at=last_event)
    return Company(folder / "company.db", folder / "models", dataset, last_event)


@pytest.fixture(scope="session")
def champion(company: Company) -> str:
    """Train, register and promote a model; return its version."""
    model = Engine.fit(company.dataset, company.last_event).model
    assert model.ranker is not None
    directory = store_model(company.models_dir, model)
    promote(company.models_dir, directory)
    return model.version


def promote(models_dir: Path, directory: Path) -> None:
    """Point at a stored model as the training package does."""
    model_dir = directory.relative_to(models_dir).as_posix()
    release = Release(model_dir, 1, "run", datetime(2026, 1, 1, tzinfo=UTC))
    move_champion(models_dir, Champion(release))


@dataclass
class Server:
    """A running application, a client that holds an admin key, and an employee to ask about."""

    app: FastAPI
    client: Client
    settings: Settings
    running: ExitStack
    employee: str = EMPLOYEE

    @property
    def services(self) -> Services:
        services = self.app.state.services
        assert isinstance(services, Services)
        return services

    def get(self, path: str, status: int = 200, /, **query: str | float) -> Answer:
        """Return the JSON of an answer that must have this status."""
        return _json(self.client.get(path, params=query), status)

    def send(self, method: str, path: str, body: object = None, status: int = 200) -> Answer:
        return _json(self.client.request(method, path, json=body), status)

    def feed(self, employee_id: str = EMPLOYEE, **query: str | float) -> Answer:
        return self.get(f"/v1/employees/{employee_id}/feed", 200, **query)

    def event(self, event_id: str, **columns: object) -> dict[str, object]:
        """Return an event of now; ``columns`` replace what it has."""
        now = self.services.clock.now().isoformat()
        return {
            "event_id": event_id, "event_type": "open", "employee_id": EMPLOYEE,
            "occurred_at": now, "surface": "portal",
        } | columns  # fmt: skip

    def post(self, *events: object) -> Answer:
        return self.send("POST", "/v1/events", {"events": list(events)})

    def client_with(self, headers: dict[str, str]) -> Client:
        """Return a client that sends these headers and no others of ours."""
        client = Client(base_url=self.client.base_url, headers=headers, timeout=_PATIENCE)
        return self.running.enter_context(client)

    def slots(self, feed: Answer) -> dict[str, SlateItem]:
        """Return the logged slots of an answered feed by content."""
        request = (EMPLOYEE, feed["request_id"])
        return self.services.slates.slots([request])[request]


def _json(response: Response, status: int) -> Answer:
    assert response.status_code == status, response.text
    answer: Answer = response.json()
    return answer


def bearer(
    settings: Settings, scope: Scope, *, lifetime: timedelta = timedelta(days=1)
) -> dict[str, str]:
    """Make a key in the store and return the header that carries it."""
    now = datetime.now(UTC)
    made = new_key(scope, at=now, expires_at=now + lifetime)
    with closing(Database(settings.database_url)) as database:
        KeyStore(database).add(made.stored)
    return {"Authorization": f"Bearer {made.key}"}


StartServer = Callable[..., Server]


@pytest.fixture
def start(company: Company, tmp_path: Path) -> Iterator[StartServer]:
    """Start servers over one copy of the company; they end with the test."""
    with starting(company, tmp_path) as new:
        yield new


@contextmanager
def starting(company: Company, folder: Path) -> Iterator[StartServer]:
    database = shutil.copy(company.database, folder / "copy.db")
    with ExitStack() as running:

        def new(**settings: object) -> Server:
            given = {
                "database_url": f"sqlite:///{database}",
                "models_dir": folder / "models",
                "clock": "dataset",
            } | settings
            chosen = Settings.model_validate(given)
            app = create_app(chosen)
            url = running.enter_context(listening(app))
            headers = bearer(chosen, "admin")
            client = running.enter_context(Client(base_url=url, headers=headers, timeout=_PATIENCE))
            return Server(app, client, chosen, running)

        yield new


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """Serve an application on a free port of this machine and give its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", access_log=False))
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def server(start: StartServer) -> Server:
    """One server without a model."""
    return start()


@pytest.fixture(scope="session")
def shared(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for tests that change nothing others could notice."""
    with starting(company, tmp_path_factory.mktemp("shared")) as new:
        yield new(demo=True)
