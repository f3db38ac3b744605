"""`recsys experiment create|start|step|status|stop|decide`: experiments kept in the store."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.commands._shared import DatabaseOption, JsonOption, load_settings, write_json

if TYPE_CHECKING:
    from experiments.running.lifecycle import Experiments
    from experiments.running.watching import Watch
    from recsys.store.port import Store

__all__ = ["create", "decide", "start", "status", "step", "stop", "stored_experiments"]

_ACTOR = "command"
"""Who did it, in the log of an experiment."""

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="Of the experiment.")]
LanguageOption = Annotated[
    str, typer.Option("--language", metavar="ja|en", help="Of the sentences.")
]


@dataclass(frozen=True)
class Opened:
    """The experiments of a database, the rest of it, and what time it is there."""

    experiments: "Experiments"
    store: "Store"
    now: datetime

    def watch(self) -> "Watch":
        """Return what looks at experiments; reads all events."""
        from experiments.running.watching import Watch

        return Watch(self.experiments, self.store.load())


@contextmanager
def stored_experiments(database: str | None) -> Iterator[Opened]:
    """Open the experiments of a database, by default that of ``RECSYS_DATABASE_URL``."""
    from experiments.running.lifecycle import Experiments
    from recsys.store.database import Database
    from recsys.store.experiment_store import ExperimentStore
    from recsys.store.sql_store import SqlStore

    settings = load_settings()
    opened = Database(database or settings.database_url)
    with closing(SqlStore(opened)) as store:
        store.migrate()
        now = datetime.now(UTC)
        if settings.clock == "dataset":
            events = store.load()["events"]
            now = now if events.empty else events["occurred_at"].max().to_pydatetime()
        yield Opened(Experiments(ExperimentStore(opened), settings.models_dir), store, now)


def create(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="Design, JSON.")
    ],
    database: DatabaseOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Keep a design as a draft; the same again changes nothing, a change is a new version.

    Example: recsys experiment create shorter-feed.json
    """
    from experiments.running.definition import read_definition

    definition = read_definition(file.read_bytes())
    with stored_experiments(database) as opened:
        is_new = opened.experiments.create(definition, _ACTOR, opened.now)
    told = {"experiment": definition.key, "version": definition.version, "is_new": is_new}
    state = "is kept as a draft" if is_new else "was there already, the same"
    _tell(f"{definition.key}, version {definition.version}, {state}.", told, as_json=as_json)


def start(
    key: KeyArgument, database: DatabaseOption = None, *, as_json: JsonOption = False
) -> None:
    """Draw everybody who is known and begin with the first step; or end a pause.

    Example: recsys experiment start shorter-feed
    """
    with stored_experiments(database) as opened:
        opened.experiments.get(key)
        stored = opened.experiments.start(key, opened.store.load(), _ACTOR, opened.now)
    told = {"experiment": key, "version": stored.version, "share": stored.share}
    _tell(f"{key} runs; {stored.share:.0%} of the units take part.", told, as_json=as_json)


def step(key: KeyArgument, database: DatabaseOption = None, *, as_json: JsonOption = False) -> None:
    """Let the next share of the units take part.

    Example: recsys experiment step shorter-feed
    """
    with stored_experiments(database) as opened:
        stored = opened.experiments.step(key, _ACTOR, opened.now)
    told = {"experiment": key, "version": stored.version, "share": stored.share}
    _tell(f"{stored.share:.0%} of the units take part in {key}.", told, as_json=as_json)


def status(
    key: KeyArgument,
    database: DatabaseOption = None,
    *,
    language: LanguageOption = "en",
    as_json: JsonOption = False,
) -> None:
    """Tell how an experiment is; run it daily: a breached guardrail pauses the experiment.

    Effects are not told: those wait for the planned looks (`recsys experiment report`).

    Example: recsys experiment status shorter-feed --language ja
    """
    from experiments.running.watching import health_sentences

    with stored_experiments(database) as opened:
        told = opened.watch().status(key, opened.now)
    sentences = health_sentences(told, "ja" if language == "ja" else "en")
    _tell("\n".join(sentences), told | {"sentences": sentences}, as_json=as_json)


def stop(key: KeyArgument, database: DatabaseOption = None, *, as_json: JsonOption = False) -> None:
    """End an experiment for good; everybody is served the usual.

    Example: recsys experiment stop shorter-feed
    """
    with stored_experiments(database) as opened:
        opened.experiments.stop(key, _ACTOR, opened.now)
    _tell(f"{key} has ended; record what you decide.", {"experiment": key}, as_json=as_json)


def decide(
    key: KeyArgument,
    variant: Annotated[str, typer.Option(help="What is done from now on.")],
    reason: Annotated[str, typer.Option(help="What that rests on.")],
    database: DatabaseOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Record what came of a stopped experiment, and why.

    Example: recsys experiment decide shorter-feed --variant varied --reason "Opens +8 %."
    """
    with stored_experiments(database) as opened:
        opened.experiments.decide(key, variant, reason, _ACTOR, opened.now)
    told = {"experiment": key, "variant": variant, "reason": reason}
    _tell(f"{key}: {variant}, because: {reason}", told, as_json=as_json)


def _tell(sentence: str, told: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        write_json(told)
    else:
        typer.echo(sentence)
