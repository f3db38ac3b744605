"""Working on a plan: everybody's picks, chunk by chunk, in a few processes.

A chunk is kept as soon as it is done, and picks depend on the plan's state and nobody else. So a
job may be killed at any moment: whoever goes on reads the same state, finds what is there, and
does the rest. Run as ``python -m serving.newsletter.job ISSUE REVISION``.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Event, Thread
from uuid import uuid4

import numpy as np
import structlog
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from recsys.audience.named import read_named_segments
from recsys.catalogue.presence import is_active
from recsys.commands._shared import load_settings
from recsys.engine import Engine
from recsys.errors import RecsysError
from recsys.logs import configure_logging
from recsys.newsletter.picks import pack
from recsys.newsletter.policy import IssuePolicy
from recsys.newsletter.shortages import Shortage, count_shortages
from recsys.settings import Settings
from recsys.slate.recipe import read_slate_recipe
from recsys.store.database import Database
from recsys.store.experiment_store import ExperimentStore
from recsys.store.newsletter_store import NewsletterStore, StoredPlan
from recsys.store.sql_store import SqlStore
from recsys.times import to_micros
from serving.newsletter.checking import wrongs_of
from serving.newsletter.plan_models import PlanBody
from serving.newsletter.plan_states import PlanStates
from serving.newsletter.variants import VariantPolicies
from serving.starting import make_worker, snapshots_of

__all__ = ["N_PROCESSES", "explain_plan", "look_ahead", "people_of", "work_on"]

N_PROCESSES = min(2, os.cpu_count() or 1)
"""Each holds the whole state, a quarter of a gibibyte for 20,000 people and as much as it for
libraries."""

_CHUNK = 100
"""People whose picks are kept in one transaction of some 10 ms."""

_WORTH_A_PROCESS = 500
"""People; fewer are done before another process has started."""

_LEASE_SECONDS = 6.0
"""How long a plan stays with somebody who does not say any more that they work on it."""
_RENEWAL_SECONDS = 1.0

Progress = Callable[[int, int], None]
"""Told how many people are done, and how many there are."""


def _quiet(_done: int, _total: int) -> None:
    """Tell nobody."""


_NOBODY = (
    "none of the {n:,} people in the audience would get the issue: they declined, are on leave, or "
    "have had their mails of this week; change the audience or the send time"
)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Job:
    settings: Settings
    issue_id: str
    revision: int


def work_on(
    settings: Settings, issue_id: str, revision: int, *, n_processes: int = N_PROCESSES,
    progress: Progress = _quiet, is_patient: bool = True,
) -> StoredPlan:  # fmt: skip
    """Work on a stored plan until it is finished, by us or by somebody else; return it.

    Without patience it is left to whoever works on it already. Two that work on one plan by
    accident cost time, and nothing else.
    """
    job = _Job(settings, issue_id, revision)
    owner, gives_up_at = uuid4().hex, time.monotonic() + 1.5 * _LEASE_SECONDS
    with _opened(settings) as (store, newsletters, experiments):
        while True:
            plan = newsletters.find(issue_id, revision)
            assert plan is not None
            if plan.status not in ("waiting", "running"):
                return plan
            if _claim(newsletters, job, owner):
                with _held(newsletters, job, owner):
                    _run(job, store, newsletters, experiments, plan, n_processes, progress)
                continue
            if not is_patient and time.monotonic() > gives_up_at:
                return plan
            progress(plan.n_done, plan.n_people or 0)
            time.sleep(0.2)


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[SqlStore, NewsletterStore, ExperimentStore]]:
    database = Database(settings.database_url)
    with closing(SqlStore(database)) as store:
        yield store, NewsletterStore(database), ExperimentStore(database)


def _claim(newsletters: NewsletterStore, job: _Job, owner: str) -> bool:
    now = time.time()
    until = now + _LEASE_SECONDS
    return newsletters.claim(job.issue_id, job.revision, owner, int(now * 1e6), int(until * 1e6))


@contextmanager
def _held(newsletters: NewsletterStore, job: _Job, owner: str) -> Iterator[None]:
    """Say again and again that somebody works on the plan."""
    done = Event()

    def renew() -> None:
        while not done.wait(_RENEWAL_SECONDS):
            try:
                _claim(newsletters, job, owner)
            except RecsysError as error:  # the database is away for a moment
                _log.warning("newsletter_not_renewed", reason=str(error))

    thread = Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _run(
    job: _Job, store: SqlStore, newsletters: NewsletterStore, experiments: ExperimentStore,
    plan: StoredPlan, n_processes: int, progress: Progress,
) -> None:  # fmt: skip
    """Do what is left of a plan and finish it; what goes wrong ends it with a sentence."""
    states = PlanStates(job.settings.models_dir, store)
    states.sweep(newsletters.unfinished())
    key = job.issue_id, job.revision
    try:
        with threadpool_limits(1):  # products this small are done before a second core has woken up
            engine = _standing(job, store, states)
            body = PlanBody.model_validate_json(plan.document)
            people = people_of(engine, body)
            notes, is_possible = look_ahead(engine, body, job.issue_id, people)
            newsletters.begin(*key, engine.now, len(people), notes)
            if is_possible:
                _pick_all(
                    job, engine, newsletters, experiments, people, n_processes, states, progress
                )
        newsletters.finish(*key, "finished" if is_possible else "failed", engine.now, notes)
    except Exception as error:  # noqa: BLE001  (a rim: whoever asks is told what became of it)
        _log.error("newsletter_failed", exc_info=True)
        note = f"planning ended with {type(error).__name__}, the log says why; send the plan again"
        newsletters.finish(*key, "failed", plan.created_at, [note])
    states.drop(*key)


def _standing(job: _Job, store: SqlStore, states: PlanStates) -> Engine:
    """Return an engine at the plan's moment: as somebody left it, or the present one, kept."""
    folder = states.find(job.issue_id, job.revision)
    if folder is not None:
        try:
            return _load(job.settings, folder)
        except RecsysError as error:  # damaged; the present state will do
            _log.warning("newsletter_state_unusable", reason=str(error))
    worker, _ = make_worker(job.settings, store, snapshots_of(job.settings, store), states.forget)
    with worker.engine() as (engine, now):
        engine.state.advance(to_micros(now))
        states.write(job.issue_id, job.revision, engine, worker.number)
        return engine


def _load(settings: Settings, folder: Path) -> Engine:
    return Engine.load(
        folder,
        named=read_named_segments(settings.segments),
        slate=read_slate_recipe(settings.slate),
    )


def explain_plan(settings: Settings, issue_id: str, body: PlanBody) -> tuple[list[str], bool]:
    """Return what :func:`look_ahead` finds at the present moment; nothing is kept."""
    with _opened(settings) as (store, _, _):
        snapshots = snapshots_of(settings, store)
        worker, _clock = make_worker(settings, store, snapshots, snapshots.forget)
        with worker.engine() as (engine, now):
            engine.state.advance(to_micros(now))
            return look_ahead(engine, body, issue_id, people_of(engine, body))


def people_of(engine: Engine, body: PlanBody) -> list[str]:
    """Return the employees an issue is for, by id: in its audience and not gone."""
    at = to_micros(engine.now)
    everybody = engine.audiences.population(at)
    audience = engine.audiences.compile(body.audience)
    employees = engine.state.catalogue.employees
    is_meant = engine.audiences.people(audience, everybody) & everybody.is_known
    is_meant &= is_active(employees, everybody.versions)
    return sorted(employees.ids.id(i) for i in np.flatnonzero(is_meant).tolist())


def look_ahead(
    engine: Engine, body: PlanBody, issue_id: str, people: Sequence[str]
) -> tuple[list[str], bool]:
    """Return which quotas cannot be met for how many people, and whether there is any point."""
    wrongs = [why for _, why in wrongs_of(engine, body)]
    if wrongs:
        return wrongs, False
    plan, ids = body.plan(issue_id), engine.state.catalogue.employees.ids
    policy = IssuePolicy(engine, plan)
    index = np.array([ids.index(employee_id) for employee_id in people], np.int32)
    would_get = np.array([policy.would_get(e) for e in index.tolist()], np.bool_)
    reached = index[would_get]
    if len(reached) == 0:
        return [_NOBODY.format(n=len(people))], False
    found = count_shortages(engine, plan, reached)
    is_possible = all(shortage.people < len(reached) for shortage in found)
    return [_sentence(shortage, len(reached)) for shortage in found], is_possible


def _sentence(shortage: Shortage, n_people: int) -> str:
    what = "contents" if shortage.of == "quota" else "contents of other departments"
    return (
        f"section {shortage.section_id!r} wants {shortage.wanted} {what}, but {shortage.people:,} "
        f"of {n_people:,} people have {shortage.most_there} or fewer to choose from; lower it, or "
        "widen its kind, its maxima or what is excluded"
    )


def _pick_all(
    job: _Job, engine: Engine, newsletters: NewsletterStore, experiments: ExperimentStore,
    people: Sequence[str], n_processes: int, states: PlanStates, progress: Progress,
) -> None:  # fmt: skip
    """Pick with helpers, then whatever is left alone: a helper may have died."""
    n = max(min(n_processes, len(people) // _WORTH_A_PROCESS), 1)
    folder = states.find(job.issue_id, job.revision)
    helpers = _start_helpers(job, folder, n) if folder is not None and n > 1 else []
    try:
        goes_on = _pick(job, engine, newsletters, experiments, people[0::n], progress)
        for helper in helpers:
            helper.join()
    finally:
        for helper in helpers:
            helper.kill()
    if goes_on and helpers:
        _pick(job, engine, newsletters, experiments, people, progress)


def _start_helpers(job: _Job, folder: Path, n: int) -> list[BaseProcess]:
    context = multiprocessing.get_context("spawn")
    helpers: list[BaseProcess] = [
        context.Process(target=_help, args=(job, folder, place, n, os.getpid()), daemon=True)
        for place in range(1, n)
    ]
    for helper in helpers:
        helper.start()
    return helpers


def _help(job: _Job, folder: Path, place: int, n: int, parent: int) -> None:
    """Pick for every ``n``-th person, as long as the process that asked for help lives."""
    with _opened(job.settings) as (_, newsletters, experiments), threadpool_limits(1):
        plan = newsletters.find(job.issue_id, job.revision)
        assert plan is not None
        engine = _load(job.settings, folder)
        mine = people_of(engine, PlanBody.model_validate_json(plan.document))[place::n]
        _pick(job, engine, newsletters, experiments, mine, _quiet, lambda: os.getppid() == parent)


def _pick(
    job: _Job, engine: Engine, newsletters: NewsletterStore, experiments: ExperimentStore,
    people: Sequence[str], progress: Progress, goes_on: Callable[[], bool] = lambda: True,
) -> bool:  # fmt: skip
    """Pick for those who have none yet; False once nobody wants the plan any more."""
    plan = newsletters.find(job.issue_id, job.revision)
    assert plan is not None
    body = PlanBody.model_validate_json(plan.document)
    policies = VariantPolicies(engine, body, job.issue_id, experiments)
    done = set(newsletters.people(job.issue_id, job.revision))
    todo = [employee_id for employee_id in people if employee_id not in done]
    for start in range(0, len(todo), _CHUNK):
        if not goes_on():
            return False
        chunk = [policies.pick(who) for who in todo[start : start + _CHUNK]]
        kept = [(pick.employee_id, pack(pick)) for pick in chunk]
        if not newsletters.keep(job.issue_id, job.revision, kept):
            return False
        policies.note(chunk)
        progress(newsletters.count(job.issue_id, job.revision), plan.n_people or len(people))
    return True


def main() -> None:
    """Work on the plan that the command line names, with the settings of the environment."""
    issue_id, revision = sys.argv[1:]
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    plan = work_on(settings, issue_id, int(revision), is_patient=False)
    _log.info("newsletter_planned", status=plan.status, people=plan.n_people, done=plan.n_done)


if __name__ == "__main__":
    main()
