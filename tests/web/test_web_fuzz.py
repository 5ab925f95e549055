"""What schemathesis makes of the OpenAPI document, against a real server: no server error, no answer outside it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

schemathesis = pytest.importorskip("schemathesis")

from absalloc.web import create_app  # noqa: E402

schema = schemathesis.openapi.from_dict(create_app().openapi())
OPERATIONS = {found.ok().label: found.ok() for found in schema.get_all_operations()}


def checks() -> list[Any]:
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks as of_document

    names = ("status_code_conformance", "content_type_conformance", "response_schema_conformance")
    return [not_a_server_error, *(getattr(of_document, name) for name in names)]


def test_every_route_is_tried() -> None:
    assert len(OPERATIONS) == sum(len(methods) for methods in create_app().openapi()["paths"].values()) > 15


@pytest.mark.parametrize("label", OPERATIONS)
def test_no_request_breaks_the_server(server: str, label: str) -> None:
    @settings(
        max_examples=4, deadline=None, phases=[Phase.generate], derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=OPERATIONS[label].as_strategy())
    def tried(case: Any) -> None:
        case.call_and_validate(base_url=server, checks=checks())

    tried()
