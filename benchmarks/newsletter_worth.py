"""What personal issues are worth: completed reads per mail, by the planted truth.

A simulated company reads under its old portal. An engine learns from the first 45 days; then, on
five days of the following two weeks, three newsletters of ten items are laid out for everybody
with what is known by then:

- *same top*: the contents with most readers of the last days (half-life three days), the same
  for all, as articles where there is one: how companies send them;
- *newest*: the ten newest, the same for all, likewise;
- *personal*: :class:`recsys.newsletter.policy.IssuePolicy`, nothing drawn, on average taking no
  more minutes than the mail that it is compared with.

A mail's completed reads are expected values, Σ P(looked at by position) · P(open) · P(complete),
asked of the simulator's own response at that moment; no luck is involved. Only contents that the
reader has not read yet count, in a language they read. Must-reads are in no mail, since whom they
are for decides there. Harder peers: *unseen top* leaves out what each has read, *same top, best
form* has every content in the format that suits most, by our own model of formats. Intervals are
95 %, over employees, paired.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # with scikit-learn

from benchmarks.own_process import in_own_process
from benchmarks.slate_worlds import Plan
from recsys.answers import Slate, SlateItem
from recsys.catalogue.renditions import Rendition
from recsys.dataset.reading import read_dataset
from recsys.engine import Engine
from recsys.formats.tastes import FormatTastes
from recsys.newsletter.chooser import BestRendition
from recsys.newsletter.plan import Exclusions, IssuePlan, SectionPlan
from recsys.newsletter.policy import IssuePolicy
from recsys.simulator.company import Company, found
from recsys.simulator.config import WorldName
from recsys.simulator.lived_measures import relative, weights
from recsys.simulator.living import LivingCompany
from recsys.simulator.loop import opening
from recsys.simulator.memory import Memory, settle
from recsys.simulator.page import PageReader
from recsys.simulator.response import complete_utility, looked_at, sigmoid
from recsys.simulator.simulation import simulate_company
from recsys.slate.draft import Index
from recsys.state.counters import POPULARITY_HALF_LIVES
from recsys.state.live import LiveState
from recsys.times import DAY_US, to_micros
from training.recipe import read_recipe

__all__ = ["WORTH_SEED", "Worth", "lines", "measure", "print_worth"]

WORTH_SEED = 1
"""Nothing was chosen on this seed."""

_ITEMS = 10
_ROOM = (3.0, 1.5, 1.25, 1.1, 1.0)
"""Most minutes of one personal mail, as multiples of what the mails may take on average."""
_ISSUE_DAYS = (1, 4, 7, 10, 13)
_REPLICATES = 500
_3D = POPULARITY_HALF_LIVES.index(3 * DAY_US)
_RECIPE = Path(__file__).parents[1] / "models" / "recipes" / "quick.toml"

Float = npt.NDArray[np.float64]
Layout = list[tuple[int, str]]
"""Contents (the engine's indices) and rendition ids, in order."""


@dataclass(frozen=True, slots=True)
class Worth:
    """Sums over issues by employee, shape (E,), under each newsletter."""

    reads: dict[str, Float]
    minutes: dict[str, float]
    mails: int


def print_worth(worlds: Sequence[WorldName], seeds: Sequence[int], employees: int) -> None:
    """Print completed reads per mail in every world."""
    for world in worlds:
        for seed in seeds:
            plan = Plan(world, seed, employees)
            print(*lines(plan, in_own_process(measure, plan)), sep="\n", flush=True)


def lines(plan: Plan, worth: Worth) -> list[str]:
    """Return levels, then paired changes, as lines of text."""
    told = [f"{plan.world}, seed {plan.seed}: {worth.mails:,} mails of {_ITEMS} items at most"]
    rows = weights(len(worth.reads["same top"]), _REPLICATES, np.random.default_rng(1))
    told += [
        f"  {name:<24} {reads.sum() / worth.mails:6.3f} completed reads a mail, "
        f"{worth.minutes[name]:5.1f} minutes"
        for name, reads in worth.reads.items()
    ]
    for ours, theirs in (
        ("personal, as top", "same top"), ("personal, as newest", "newest"),
        ("personal, as top", "unseen top"), ("personal, as top", "same top, best form"),
    ):  # fmt: skip
        change, low, high = relative(_sum(worth.reads[ours]), _sum(worth.reads[theirs]), rows)
        told.append(f"  {ours} against {theirs}: {change:+.1%} ({low:+.1%} to {high:+.1%})")
    return told


def _sum(reads: Float) -> Callable[[Float], Float]:
    return lambda rows: rows @ reads


def measure(plan: Plan) -> Worth:
    """Simulate, train, lay out all issues and ask the planted truth about them."""
    with TemporaryDirectory() as folder, threadpool_limits(1):
        simulate_company(plan.scenario, Path(folder, "data"), Path(folder, "truth"))
        dataset = read_dataset(Path(folder, "data")).dataset
    engine = Engine.fit(dataset, plan.begins, recipe=read_recipe(_RECIPE), seed=plan.seed)
    events, company = dataset["events"], found(plan.scenario)
    office = _Office(engine, company)
    known_until = plan.begins
    for day in _ISSUE_DAYS:
        at = plan.begins + timedelta(days=day, hours=3)
        new = (events["occurred_at"] >= known_until) & (events["occurred_at"] < at)
        engine.observe(events[new])
        known_until = at
        engine.state.advance(to_micros(at))
        # The truth's own memory of the same past: who has read what, what teams are reading.
        memory = LivingCompany(company, at)._memory  # noqa: SLF001  (no other way to ask)
        town = company.town
        settle(memory, town.policy, town.response, town.traits, to_micros(at))
        office.issue(memory)
    return office.worth()


class _Office:
    """Lays out newsletters and keeps what they come to."""

    def __init__(self, engine: Engine, company: Company) -> None:
        self._engine, self._company = engine, company
        self._reader = PageReader(company)
        self._people: list[str] = company.frames["employees"]["employee_id"].tolist()
        self._reads: dict[str, Float] = {}
        self._minutes: dict[str, list[float]] = {}
        self._n_issues = 0

    def issue(self, memory: Memory) -> None:
        """Lay out one issue of each newsletter."""
        self._n_issues += 1
        top, newest = self._top(), self._live()
        for name, ours, order in (
            ("same top", "personal, as top", top), ("newest", "personal, as newest", newest),
        ):  # fmt: skip
            same = [self._laid_out(e, order[:_ITEMS], AsPublished) for e in self._people]
            minutes = self._count(name, same, memory)
            self._count(ours, self._personal(minutes), memory)
        self._count("unseen top", self._unseen(top), memory)
        best = [self._laid_out(e, top[:_ITEMS], UsualRendition) for e in self._people]
        self._count("same top, best form", best, memory)

    def worth(self) -> Worth:
        """Return what was kept."""
        means = {name: float(np.mean(found)) for name, found in self._minutes.items()}
        return Worth(self._reads, means, self._n_issues * len(self._people))

    def _live(self) -> Index:
        contents = self._engine.state.catalogue.contents
        live = contents.live(self._engine.state.clock)
        return live[~contents["mandatory"].view(np.bool_)[live]]

    def _top(self) -> Index:
        live, state = self._live(), self._engine.state
        readers = state.counters.content.read(live.astype(np.int64), state.clock)[:, _3D]
        return live[np.argsort(-readers, kind="stable")]

    def _unseen(self, order: Index) -> list[Layout]:
        state, ids = self._engine.state, self._engine.state.catalogue.employees.ids
        found = []
        for employee_id in self._people:
            employee = ids.index(employee_id)
            own = order[self._engine.audiences.includes(employee, state.clock, order)]
            unseen = own[state.readings.unseen(employee, own)][:_ITEMS]
            found.append(self._laid_out(employee_id, unseen, AsPublished))
        return found

    def _laid_out(self, employee_id: str, contents: Index, kind: "type[BestRendition]") -> Layout:
        """Return contents as a kind of chooser shows them, in the reader's language."""
        engine = self._engine
        employee = engine.state.catalogue.employees.ids.index(employee_id)
        chooser = kind(
            engine.state, engine.tastes, employee_id, employee, engine.state.clock,
            surface="newsletter", device=None, draw="", audiences=engine.audiences,
        )  # fmt: skip
        drawn = [(content, chooser.draw(content)) for content in contents.tolist()]
        return [(content, choice.rendition_id) for content, choice in drawn if choice is not None]

    def _personal(self, minutes: float) -> list[Layout]:
        """Return personal mails that on average take at most ``minutes``, as near as they come."""
        for room in _ROOM:
            policy = WithoutMustReads(self._engine, self._plan(room * minutes))
            picks = [policy.pick(employee_id).items for employee_id in self._people]
            mean = sum(i.est_minutes or 0.0 for items in picks for i in items) / len(picks)
            if mean <= minutes:
                break
        index = self._engine.state.catalogue.contents.ids.index
        return [[(index(i.content_id), i.rendition_id) for i in items] for items in picks]

    def _plan(self, minutes: float) -> IssuePlan:
        return IssuePlan(
            "worth", self._engine.now + timedelta(hours=1), (SectionPlan("all", _ITEMS),), _ITEMS,
            max_minutes=minutes, explore_share=0.0, exclude=Exclusions(),
        )  # fmt: skip

    def _count(self, name: str, layouts: list[Layout], memory: Memory) -> float:
        """Add what a newsletter comes to; return the mean minutes of its mails."""
        reads = self._reads.setdefault(name, np.zeros(len(self._people)))
        minutes = np.zeros(len(self._people))
        for employee, layout in enumerate(layouts):
            reads[employee] += self._expected(employee, layout, memory, minutes)
        self._minutes.setdefault(name, []).append(float(minutes.mean()))
        return float(minutes.mean())

    def _expected(self, employee: int, layout: Layout, memory: Memory, minutes: Float) -> float:
        town, now = self._company.town, self._engine.state.clock
        page = self._reader.read(self._slate(layout), employee, now, _ITEMS)
        person, reads = town.traits[employee], 0.0
        for slot, (content, form) in enumerate(
            zip(page.contents.tolist(), page.forms.tolist(), strict=True)
        ):
            minutes[employee] += float(town.facts[content]["seconds"][form]) / 60.0
            if memory.seen[employee, content] or not page.readable[slot]:
                continue
            opens = sigmoid(opening(town, memory, employee, content, form, now))
            completes = sigmoid(
                complete_utility(town.response, person, town.facts[content], form, False)
            )
            reads += looked_at(town.response, slot + 1) * opens * completes
        return reads

    def _slate(self, layout: Layout) -> Slate:
        ids = self._engine.state.catalogue.contents.ids
        items = tuple(
            SlateItem(ids.id(content), rendition_id, "", place, 0.0, "personal", 1.0, 1.0)
            for place, (content, rendition_id) in enumerate(layout, start=1)
        )
        return Slate("mail", "", "", None, items)


class WithoutMustReads(IssuePolicy):
    """Picks as ever, but of what nobody has to read."""

    def __init__(self, engine: Engine, plan: IssuePlan) -> None:
        super().__init__(engine, plan)
        self.use(self.recipe.without("mandatory"))

    def candidates(self, employee: int, at: int) -> Index:
        """Return candidates that are no must-reads."""
        found = super().candidates(employee, at)
        return found[~self.sources.state.catalogue.contents["mandatory"].view(np.bool_)[found]]


class AsPublished(BestRendition):
    """Takes the article where there is one, else what is listed first, for whomever."""

    def _expected(self, content: int, renditions: list[Rendition]) -> list[float]:
        del content
        return [float(rendition.format == "article") for rendition in renditions]


class UsualRendition(BestRendition):
    """Takes the rendition that suits most people, in a language this one reads."""

    def __init__(self, state: LiveState, tastes: FormatTastes, *given: Any, **more: Any) -> None:  # noqa: ANN401  (of the base class)
        super().__init__(state, tastes, *given, **more)
        self._person, self._declared, self._unwanted = tastes.person(-1, self._at), None, None
