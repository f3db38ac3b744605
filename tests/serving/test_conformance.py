"""Random questions, good and bad, to every route of a running server: it answers as described.

Never a 5xx, only documented statuses and content types, and bodies of the documented schema. That
every bad row is refused is not checked here: in batches they are reported in a 200, and what is
meant but not written as described (a number as text) is understood.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from recsys.settings import Settings
from serving.app import create_app
from tests.serving.conftest import bearer, starting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis import APIOperation, Case

    from tests.serving.conftest import Company, Server

    Operation: TypeAlias = APIOperation[Any, Any, Any, Any]

_YEARS = datetime(1970, 1, 1), datetime(2200, 12, 31)  # noqa: DTZ001  (the zone comes after)
"""Times outside are placeholders, and rejected."""

schemathesis.openapi.format(
    "date-time", st.datetimes(*_YEARS, timezones=st.just(UTC)).map(datetime.isoformat)
)

_TIMEOUT = 120
"""Seconds: the first question to a route may compile its kernels."""

_CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
]  # fmt: skip


def operations() -> list[Operation]:
    """Return every route of the description, which needs no server."""
    described = create_app(Settings(database_url="sqlite:///unused.db")).openapi()
    found = schemathesis.openapi.from_dict(described).get_all_operations()
    return [result.ok() for result in found if isinstance(result, Ok)]


@pytest.fixture(scope="module")
def asked(
    company: Company, champion: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One server that everything is asked of: what one question writes, another one meets."""
    with starting(company, tmp_path_factory.mktemp("asked")) as new:
        server = new(models_dir=company.models_dir)
        assert server.get("/v1/model")["model_version"] == champion
        yield server


def ask(
    server: Server, operation: Operation, mode: GenerationMode, n: int, content: str | None = None
) -> None:
    """Put ``n`` questions, always the same ones, to an operation; about a ``content`` if given."""
    about = None if content is None else {"content_id": content}
    key = bearer(server.settings, "admin")
    phases = (Phase.explicit, Phase.generate, Phase.shrink)

    @hypothesis_settings(
        max_examples=n, deadline=None, database=None, derandomize=True, phases=phases,
        suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet,
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode, path_parameters=about))
    def put(case: Case[Any]) -> None:
        response = case.call(base_url=str(server.client.base_url), headers=key, timeout=_TIMEOUT)
        case.validate_response(response, checks=_CHECKS)

    put()


def takes_something(operation: Operation) -> bool:
    return bool(operation.body or operation.query or operation.path_parameters)


def of_each(chosen: list[Operation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", chosen, ids=lambda o: o.label)


every_operation = of_each(operations())
every_taking = of_each([o for o in operations() if takes_something(o)])
every_read_of_a_content = of_each(
    [o for o in operations() if o.method == "get" and "{content_id}" in o.path]
)


@every_operation
def test_good_questions(asked: Server, operation: Operation) -> None:
    ask(asked, operation, GenerationMode.POSITIVE, 6)


@every_taking
def test_bad_questions(asked: Server, operation: Operation) -> None:
    ask(asked, operation, GenerationMode.NEGATIVE, 6)


@every_read_of_a_content
def test_good_questions_about_a_content(
    asked: Server, company: Company, operation: Operation
) -> None:
    newest = company.dataset["contents"].sort_values("published_at")["content_id"]
    ask(asked, operation, GenerationMode.POSITIVE, 5, content=newest.iloc[-1])


@pytest.mark.slow
@every_operation
def test_many_good_questions(asked: Server, operation: Operation) -> None:
    ask(asked, operation, GenerationMode.POSITIVE, 150)


@pytest.mark.slow
@every_taking
def test_many_bad_questions(asked: Server, operation: Operation) -> None:
    ask(asked, operation, GenerationMode.NEGATIVE, 150)
