"""`/v1/experiments…`: designed, started, watched and decided by the comms team."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request

from experiments.running.definition import read_definition
from experiments.running.lifecycle import UnknownExperimentError
from experiments.running.watching import Watch, health_sentences
from recsys.errors import ConfigurationError
from recsys.store.experiment_store import ExperimentConflictError, StoredExposure
from recsys.times import from_micros, to_micros
from serving.cursors import read_cursor, write_cursor
from serving.experiment_models import (
    AssignmentPage,
    DecisionBody,
    ExperimentAnswer,
    ExperimentPage,
    ExposureBody,
    ForcedBody,
    NotedAnswer,
    OwnExperiment,
    OwnExperiments,
    SeriesAnswer,
    SizeAnswer,
    SizeBody,
    StatusAnswer,
    VariantBody,
)
from serving.problems import NOT_FOUND, Fault, ProblemError
from serving.routes.feed import EmployeeId
from serving.security import requires
from serving.services import Services, ServicesDependency
from serving.texts import as_language

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["experiments"])

Key = Annotated[str, Path(min_length=1, max_length=200, description="Of the experiment.")]
Version = Annotated[int | None, Query(ge=1, description="Default: the newest.")]
Cursor = Annotated[
    str | None, Query(max_length=1_200, description="`next_cursor` of the page before.")
]
Limit = Annotated[int, Query(ge=1, le=1_000, description="Rows of a page.")]

_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"description": "The experiment is in a state that does not allow this; see `detail`."}
}
_EXAMPLE = {
    "key": "shorter-feed", "hypothesis": "With fewer near-duplicates people open more stories.",
    "variants": [
        {"name": "usual", "weight": 0.5},
        {"name": "varied", "weight": 0.5, "slate": {"diversity": {"strength": 0.6}}},
    ],
    "primary": "opens", "secondary": ["cross_department_share"],
    "guardrails": [{"metric": "completions", "margin": 0.2}],
    "surfaces": ["portal", "mobile"], "unit": "team", "strata": ["site"],
    "looks": [0.5, 1.0], "duration_days": 14, "window_days": 7,
}  # fmt: skip

_comms = [requires("comms")]


@router.post(
    "/experiments", operation_id="create_experiment", dependencies=_comms, responses=_CONFLICT
)
def create(
    services: ServicesDependency, request: Request,
    body: Annotated[dict[str, Any], Body(examples=[_EXAMPLE])],
) -> ExperimentAnswer:  # fmt: skip
    """Keep a design as a draft; the same again changes nothing, a change is a new version.

    Everything is frozen. The first variant is the control. Rules of the slate policy, parts of a
    newsletter's plan and free parameters are what variants may differ in.
    """
    import orjson

    with _said("body"):
        definition = read_definition(orjson.dumps(body))
        services.experiments.create(definition, request.state.key_id, services.clock.now())
    return _answer(services, definition.key, definition.version)


@router.get("/experiments", operation_id="list_experiments", dependencies=_comms)
def listed(
    services: ServicesDependency, limit: Limit = 100, cursor: Cursor = None
) -> ExperimentPage:
    """Return all experiments, the newest version of each."""
    after = "" if cursor is None else read_cursor(cursor)
    newest = {stored.experiment: stored for stored in services.experiments.store.all()}
    left = [newest[key] for key in sorted(newest) if key > after]
    return ExperimentPage(
        items=[
            ExperimentPage.listed(stored, read_definition(stored.document))
            for stored in left[:limit]
        ],
        next_cursor=write_cursor(left[limit - 1].experiment) if len(left) > limit else None,
    )


@router.post("/experiments:size", operation_id="size_experiment", dependencies=_comms)
def size(body: SizeBody) -> SizeAnswer:
    """Return how many units, or teams, each variant needs to find an effect."""
    with _said("body"):
        return body.answer()


@router.get(
    "/experiments/{key}", operation_id="get_experiment", dependencies=_comms, responses=NOT_FOUND
)
def get(services: ServicesDependency, key: Key, version: Version = None) -> ExperimentAnswer:
    """Return an experiment: its design, its state and who did what to it."""
    return _answer(services, key, version)


@router.post(
    "/experiments/{key}/start", operation_id="start_experiment", dependencies=_comms,
    responses=NOT_FOUND | _CONFLICT,
)  # fmt: skip
def start(services: ServicesDependency, request: Request, key: Key) -> ExperimentAnswer:
    """Draw everybody who is known and begin, with the pilot if there is one; or end a pause.

    Refused (409) while another experiment meets the same people on one of the surfaces.
    """
    with _said():
        services.experiments.get(key)  # before all data are read
        dataset = services.store.load()
        services.experiments.start(key, dataset, request.state.key_id, services.clock.now())
    return _changed(services, key)


@router.post(
    "/experiments/{key}/step", operation_id="step_experiment", dependencies=_comms,
    responses=NOT_FOUND | _CONFLICT,
)  # fmt: skip
def step(services: ServicesDependency, request: Request, key: Key) -> ExperimentAnswer:
    """Let the next share of the units take part; who is in stays in."""
    with _said():
        services.experiments.step(key, request.state.key_id, services.clock.now())
    return _changed(services, key)


@router.post(
    "/experiments/{key}/pause", operation_id="pause_experiment", dependencies=_comms,
    responses=NOT_FOUND | _CONFLICT,
)  # fmt: skip
def pause(services: ServicesDependency, request: Request, key: Key) -> ExperimentAnswer:
    """Serve everybody the usual until it is started again."""
    with _said():
        services.experiments.pause(key, request.state.key_id, services.clock.now())
    return _changed(services, key)


@router.post(
    "/experiments/{key}/stop", operation_id="stop_experiment", dependencies=_comms,
    responses=NOT_FOUND | _CONFLICT,
)  # fmt: skip
def stop(services: ServicesDependency, request: Request, key: Key) -> ExperimentAnswer:
    """End an experiment for good."""
    with _said():
        services.experiments.stop(key, request.state.key_id, services.clock.now())
    return _changed(services, key)


@router.post(
    "/experiments/{key}/drop", operation_id="drop_variant", dependencies=_comms,
    responses=NOT_FOUND | _CONFLICT,
)  # fmt: skip
def drop(
    services: ServicesDependency, request: Request, key: Key, body: VariantBody
) -> ExperimentAnswer:
    """Serve a variant no more; its people get the usual and nobody else is moved."""
    with _said("body.variant"):
        services.experiments.drop(key, body.variant, request.state.key_id, services.clock.now())
    return _changed(services, key)


@router.post(
    "/experiments/{key}/decide", operation_id="decide_experiment", dependencies=_comms,
    responses=NOT_FOUND | _CONFLICT,
)  # fmt: skip
def decide(
    services: ServicesDependency, request: Request, key: Key, body: DecisionBody
) -> ExperimentAnswer:
    """Record what came of a stopped experiment, and why."""
    with _said("body"):
        services.experiments.decide(
            key, body.variant, body.reason, request.state.key_id, services.clock.now()
        )
    return _changed(services, key)


@router.get(
    "/experiments/{key}/status", operation_id="get_experiment_status", dependencies=_comms,
    responses=NOT_FOUND,
)  # fmt: skip
def status(
    services: ServicesDependency, key: Key,
    lang: Annotated[str | None, Query(max_length=20, description="ja or en")] = None,
) -> StatusAnswer:  # fmt: skip
    """Return how an experiment is; one whose guardrail is breached is paused by this.

    Ask once a day. No effect is told: those wait for the planned looks.
    """
    with _said():
        told = _watch(services, key).status(key, services.clock.now())
    services.arms.live.refresh()
    return StatusAnswer(**told, sentences=health_sentences(told, as_language(lang)))


@router.get(
    "/experiments/{key}/results", operation_id="get_experiment_results", dependencies=_comms,
    responses=NOT_FOUND | _CONFLICT,
)  # fmt: skip
def results(
    services: ServicesDependency, key: Key,
    look: Annotated[int | None, Query(ge=1, description="Default: the latest that is due.")] = None,
) -> dict[str, Any]:  # fmt: skip
    """Return what a planned look found, as `recsys experiment analyze --json` writes it.

    It is found once and the same ever after. Before its day it is refused (409).
    """
    with _said("query.look"):
        return _watch(services, key).look(key, services.clock.now(), look)


@router.get(
    "/experiments/{key}/series", operation_id="get_experiment_series", dependencies=_comms,
    responses=NOT_FOUND,
)  # fmt: skip
def series(services: ServicesDependency, key: Key) -> SeriesAnswer:
    """Return how many took part and had seen their variant, day by day."""
    with _said():
        frame = _watch(services, key).series(key)
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return SeriesAnswer.model_validate({"items": rows})


@router.get(
    "/experiments/{key}/assignments", operation_id="list_assignments", dependencies=_comms,
    responses=NOT_FOUND,
)  # fmt: skip
def assignments(
    services: ServicesDependency, key: Key, version: Version = None, limit: Limit = 100,
    cursor: Cursor = None,
) -> AssignmentPage:  # fmt: skip
    """Return who is in which variant. Reading enrols nobody, and tells nothing of what they did."""
    after = "" if cursor is None else read_cursor(cursor)
    with _said():
        definition, stored = services.experiments.get(key, version)
    rows = services.experiments.store.assignments(key, stored.version)
    left = sorted((r for r in rows if r.employee_id > after), key=lambda r: r.employee_id)
    items = [AssignmentPage.answer(definition, row) for row in left[:limit]]
    more = write_cursor(left[limit - 1].employee_id) if len(left) > limit else None
    return AssignmentPage(items=items, next_cursor=more)


@router.post(
    "/experiments/{key}/assignments", operation_id="force_assignment", dependencies=_comms,
    responses=NOT_FOUND,
)  # fmt: skip
def force(
    services: ServicesDependency, request: Request, key: Key, body: ForcedBody
) -> ExperimentAnswer:
    """Show somebody a variant, to look at it: logged, and left out of every verdict."""
    with _said("body"):
        services.experiments.force(
            key, body.employee_id, body.variant, request.state.key_id, services.clock.now()
        )
    return _changed(services, key)


@router.post(
    "/experiments/{key}/exposures", operation_id="note_exposure",
    dependencies=[requires("portal", "newsletter")], responses=NOT_FOUND,
)  # fmt: skip
def expose(services: ServicesDependency, key: Key, body: ExposureBody) -> NotedAnswer:
    """Note that somebody saw their variant; the first time counts, again changes nothing.

    Impressions and opened mails are noted by themselves: this is for what the portal does with a
    variant's `parameters`. Whoever was served nothing that differs is not noted.
    """
    with _said():
        definition, stored = services.experiments.get(key)
    store, at = services.experiments.store, to_micros(body.shown_at)
    served = [
        one
        for one in store.exposures_of(body.employee_id)
        if (one.experiment, one.version, one.stage) == (key, stored.version, "differing")
        and one.at <= at
    ]
    if served:
        store.expose(
            [StoredExposure(definition.key, stored.version, body.employee_id, "exposed", at)]
        )
    return NotedAnswer(experiment=key, version=stored.version, is_noted=bool(served))


@router.get("/employees/{employee_id}/experiments", operation_id="list_own_experiments")
def own(
    services: ServicesDependency, employee_id: EmployeeId,
    token_of: Annotated[str | None, requires(own="path")],
) -> OwnExperiments:  # fmt: skip
    """Return all experiments the employee was ever in, for that employee's own token only."""
    if token_of is None:
        raise ProblemError(
            403, "what somebody was in is for that employee alone; send the token of the employee"
        )
    store = services.experiments.store
    seen = {(e.experiment, e.version): e.at for e in store.exposures_of(employee_id)
            if e.stage == "exposed"}  # fmt: skip
    items = []
    for one in store.of_employee(employee_id):
        definition, stored = services.experiments.get(one.experiment, one.version)
        seen_at = seen.get((one.experiment, one.version))
        items.append(
            OwnExperiment(
                experiment=one.experiment, version=one.version, hypothesis=definition.hypothesis,
                status=stored.status, surfaces=list(definition.surfaces), variant=one.variant,
                since=from_micros(one.at),
                seen_at=None if seen_at is None else from_micros(seen_at),
            )
        )  # fmt: skip
    return OwnExperiments(employee_id=employee_id, items=items)


@contextmanager
def _said(location: str = "path.key") -> Iterator[None]:
    """Turn what the experiments refuse into problems."""
    try:
        yield
    except UnknownExperimentError as error:
        raise ProblemError(404, str(error)) from None
    except ExperimentConflictError as error:
        raise ProblemError(409, str(error)) from None
    except ConfigurationError as error:
        fault = Fault(location=location, expected=str(error))
        raise ProblemError(422, str(error), errors=[fault]) from None


def _answer(services: Services, key: str, version: int | None = None) -> ExperimentAnswer:
    with _said():
        _, stored = services.experiments.get(key, version)
    return ExperimentAnswer.of(stored, services.experiments.store.history(key))


def _changed(services: Services, key: str) -> ExperimentAnswer:
    """Return an experiment after a change, which counts in this process at once."""
    services.arms.live.refresh()
    return _answer(services, key)


def _watch(services: Services, key: str) -> Watch:
    services.experiments.get(key)  # before all data are read
    return Watch(services.experiments, services.store.load())
