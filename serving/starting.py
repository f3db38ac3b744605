"""A worker over a store: its state from a snapshot or the whole log, and a clock that goes on."""

from collections.abc import Callable

from recsys.audience.named import read_named_segments
from recsys.settings import Settings
from recsys.slate.recipe import read_slate_recipe
from recsys.state.live import LiveState
from recsys.store.port import Store
from recsys.times import HOUR_US, from_micros
from serving.clock import Clock, last_moment, start_clock
from serving.snapshots import Snapshots
from serving.worker import Worker, build_state

__all__ = ["make_worker", "snapshots_of"]


def snapshots_of(settings: Settings, store: Store) -> Snapshots:
    """Return the snapshots of a migrated store on this host."""
    return Snapshots(settings.models_dir, store, _lateness_us(settings))


def make_worker(
    settings: Settings, store: Store, snapshots: Snapshots, on_erasure: Callable[[], None]
) -> tuple[Worker, Clock]:
    """Return a worker that does not follow by itself yet, and its clock."""
    number, state, clock = _begin(settings, store, snapshots)
    worker = Worker(
        store, clock, settings.models_dir, state, number,
        named=read_named_segments(settings.segments), slate=read_slate_recipe(settings.slate),
        budget_seconds=settings.feed_budget_ms / 1_000, on_erasure=on_erasure,
    )  # fmt: skip
    return worker, clock


def _begin(settings: Settings, store: Store, snapshots: Snapshots) -> tuple[int, LiveState, Clock]:
    """Return a state, the last change that is in it, and a clock that goes on from there."""
    found = snapshots.latest()
    if found is not None:
        number, state = found
        clock = start_clock(settings.clock, from_micros(state.clock))
        clock.reach(from_micros(state.clock))
        return number, state, clock
    number, dataset = store.last_change(), store.load()
    clock = start_clock(settings.clock, last_moment(dataset["events"]))
    return number, build_state(dataset, clock.now(), _lateness_us(settings)), clock


def _lateness_us(settings: Settings) -> int:
    return int(settings.lateness_hours * HOUR_US)
