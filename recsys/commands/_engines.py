"""The engine a report asks: a saved one, or the champion over everything in the store."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from recsys.commands._shared import load_settings
from recsys.errors import ModelError

if TYPE_CHECKING:
    from recsys.audience.named import NamedSegments
    from recsys.dataset.dataset import Dataset
    from recsys.engine import Engine

__all__ = ["open_engine"]


def open_engine(bundle: Path | None, database: str | None, models_dir: Path | None) -> "Engine":
    """Return an engine at its present moment; options that are not given come from the settings.

    Without a ``bundle`` the champion of the model store looks at everything in the database, at the
    moment that ``RECSYS_CLOCK`` says. The company's own segments are those of ``RECSYS_SEGMENTS``,
    its slate policy that of ``RECSYS_SLATE``.
    """
    from recsys.audience.named import read_named_segments
    from recsys.engine import Engine
    from recsys.slate.recipe import read_slate_recipe

    settings = load_settings()
    named = read_named_segments(settings.segments)
    if bundle is not None:
        engine = Engine.load(bundle, named=named)
    else:
        store = database or settings.database_url
        engine = _champion(store, models_dir or settings.models_dir, named)
    engine.slates.use(read_slate_recipe(settings.slate))
    return engine


def _champion(database: str, models_dir: Path, named: "NamedSegments") -> "Engine":
    from recsys.engine import Engine
    from recsys.model import Model
    from recsys.registry import champion_bundle
    from recsys.store.sql_store import open_store

    directory = champion_bundle(models_dir)
    if directory is None:
        raise ModelError(
            f"{models_dir} has no champion; train one with `recsys train`, or pass a saved engine "
            "with --bundle"
        )
    with closing(open_store(database)) as store:
        dataset = store.load()
    return Engine.over(Model.read(directory), dataset, _now(dataset), named)


def _now(dataset: "Dataset") -> datetime:
    events = dataset["events"]
    if load_settings().clock == "wall" or events.empty:
        return datetime.now(UTC)
    last: datetime = events[["occurred_at", "received_at"]].max().max().to_pydatetime()
    return last
