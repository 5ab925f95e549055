"""What schemathesis makes of the OpenAPI document, against a real server: no server error, no answer outside it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

schemathesis = pytest.importorskip("schemathesis")

from absalloc.web import create_app  # noqa: E402

schema = schemathesis.openapi.from_dict(create_app().openapi())
OPERATIONS = {found.ok().label: found.ok() for found in schema.get_all_operations()}
FUND = {"mandate": "bond-fund-open.yaml"}
HELD = {**FUND, "holdings": "bond-fund-open-holdings.csv"}
GOOD: dict[str, tuple[dict[str, Any], int]] = {
    "POST /api/check": (HELD, 200),
    "POST /api/optimise": (FUND, 200),
    "POST /api/rebalance": ({**HELD, "max_turnover": "5%"}, 200),
    "POST /api/stress": ({**HELD, "scenario": ["parallel-up-50"]}, 200),
    "POST /api/explain": ({**HELD, "question": "headroom"}, 200),
    "POST /api/market": ({}, 200),
    "POST /api/jobs/check": (HELD, 202),
}
"""Requests that are answered: what is made up is nearly always refused. ``compare`` takes too long to be one."""
PATIENCE = 90.0
"""Seconds, on a machine that does much else; the server itself gives up after 60 and says so."""


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
        max_examples=3, deadline=None, phases=[Phase.generate], derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=OPERATIONS[label].as_strategy())
    def tried(case: Any) -> None:
        case.call_and_validate(base_url=server, checks=checks(), timeout=PATIENCE)

    tried()


@pytest.mark.parametrize("label", GOOD)
def test_an_answer_is_of_the_document(server: str, label: str) -> None:
    body, status = GOOD[label]
    case = OPERATIONS[label].Case(body=body, media_type="application/json")
    answer = case.call(base_url=server, timeout=PATIENCE)
    assert answer.status_code == status, answer.text
    case.validate_response(answer, checks=checks())


def test_an_answer_outside_the_document_is_seen(server: str) -> None:
    """The checks bite: a document with another shape for the answer of ``market`` is not kept."""
    told = create_app().openapi()
    answers = told["paths"]["/api/rules"]["get"]["responses"]
    answers["200"] = {"description": "-", "content": {"application/json": {"schema": {"type": "array"}}}}
    other = schemathesis.openapi.from_dict(told)
    case = other["/api/rules"]["GET"].Case()
    answer = case.call(base_url=server, timeout=PATIENCE)
    with pytest.raises(BaseExceptionGroup) as caught:
        case.validate_response(answer, checks=checks())
    assert "is not of type" in str(caught.value.exceptions[0])
