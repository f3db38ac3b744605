"""Through the slate log in the order of time, with only the past known at each slate."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from recsys.answers import Begun, FeedRequest
from recsys.audience.named import NamedSegments
from recsys.catalogue.catalogue import Catalogue
from recsys.dataset.dataset import Dataset
from recsys.engine import DEFAULT_LATENESS, Engine
from recsys.evaluation.slates.outcomes import Outcomes, outcomes_of
from recsys.model import Model
from recsys.slate.draft import Bool
from recsys.slate.recipe import SlateRecipe
from recsys.slate.retracing import Retracing
from recsys.state.live import LiveState
from recsys.store.slate_log import LoggedSlate
from recsys.times import to_micros

__all__ = ["SlateJudge", "SlateTest", "drawn_slots", "prepare_slates", "walk_slates"]

Retrace = Callable[[], Retracing]


@dataclass(frozen=True, slots=True)
class SlateTest:
    """Policies that live in one state, and what came of the slates that were answered."""

    state: LiveState
    engines: Mapping[str, Engine]
    """By name of the policy; all of them on ``state``."""
    outcomes: Outcomes


class SlateJudge(Protocol):
    """Looks at every slate at the moment it was answered."""

    def wants(self, logged: LoggedSlate) -> bool:
        """Return whether the slate can tell this judge anything; others cost nothing."""
        ...

    def see(self, logged: LoggedSlate, employee: int, policies: Mapping[str, Retrace]) -> None:
        """Note what is to be said of a slate; each call of a policy drafts it anew."""


def prepare_slates(
    dataset: Dataset, models: Mapping[str, Model], recipe: SlateRecipe,
    named: NamedSegments | None = None,
) -> SlateTest:  # fmt: skip
    """Set models up in one state that has seen everything and stands at the beginning.

    Catalogue and recipe are today's, as in :meth:`recsys.engine.Engine.as_of`.
    """
    catalogue = Catalogue.of(dataset)
    log = catalogue.encode(dataset["events"])
    state = LiveState(catalogue, lateness_us=DEFAULT_LATENESS)
    state.observe(log)
    engines = {
        name: Engine(model, state, [], named, recipe) for name, model in models.items()
    }  # fmt: skip
    return SlateTest(state, engines, outcomes_of(dataset["events"], log, catalogue))


def walk_slates(
    test: SlateTest, slates: Iterable[LoggedSlate], judges: Sequence[SlateJudge], *,
    progress: Callable[[int], None] | None = None,
) -> None:  # fmt: skip
    """Show slates, in the order of time, to the judges that want them; a test is walked once."""
    for logged in slates:
        wanting = [judge for judge in judges if judge.wants(logged)]
        if wanting and _is_known(test.state.catalogue, logged):
            employee = test.state.catalogue.employees.ids.index(logged.employee_id)
            test.state.advance(to_micros(logged.at))
            policies = {name: _retrace(e, logged, employee) for name, e in test.engines.items()}
            for judge in wanting:
                judge.see(logged, employee, policies)
        if progress is not None:
            progress(1)


def drawn_slots(logged: LoggedSlate) -> Bool:
    """Return which slots were drawn with a known chance, shape (n_slots,)."""
    return np.array([0.0 < item.propensity < 1.0 for item in logged.slate.items], np.bool_)


def _is_known(catalogue: Catalogue, logged: LoggedSlate) -> bool:
    """Whether everything in the slate is still in the catalogue."""
    ids, known = catalogue.contents.ids, catalogue.contents["known"]
    places = [ids.index(item.content_id) for item in logged.slate.items]
    return all(place >= 0 and known[place] for place in places)


def _retrace(engine: Engine, logged: LoggedSlate, employee: int) -> Retrace:
    at = to_micros(logged.at)
    request = FeedRequest(
        logged.employee_id, logged.at, limit=0, surface=logged.surface,
        request_id=logged.slate.request_id,
    )  # fmt: skip
    begun = Begun(logged.at, logged.slate.items)
    return lambda: Retracing(engine.slates.draft(request, employee, at, begun))
