"""The shapes of the other commands' documents, and all of them by name."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from absalloc.report.documents import SHA256, Check, Error, Inputs, Plan, Shape
from absalloc.report.documents_compare import Compare
from absalloc.report.documents_explain import Conflicts, Frontier, Headroom, Menu, Prices, WhatIf, Why
from absalloc.report.documents_joint import Plans
from absalloc.report.documents_market import Market
from absalloc.report.documents_rules import RulesDiff, RulesLint, RulesList, RulesNew, RulesShow, RulesTest
from absalloc.report.documents_stress import Scenarios, Stress


class SourceFile(Shape):
    """One file that was read."""

    file: str
    sha256: str = Field(pattern=SHA256)
    encoding: str
    rows: int
    ignored: list[str]


class Failure(Shape):
    """One thing wrong in a file; ``kept``: its row is still there."""

    code: str
    file: str | None
    line: int | None
    column: int | str | None
    value: str | None
    tranche_id: str | None
    kept: bool
    message: str


class Undecided(Shape):
    """A rule that is unknown for want of attributes; alternatives are joined by a bar."""

    rulebook: str
    rule: str
    missing: list[str]


class Universe(Shape):
    """What universe answers; ``missing_for`` is rulebook -> attributes that no row has."""

    schema_: Literal["absalloc.universe/1"] = Field(alias="schema")
    rows: int
    data_date: str | None
    sha256: str = Field(pattern=SHA256)
    sources: list[SourceFile]
    products: dict[str, int]
    sectors: dict[str, int]
    markets: dict[str, int]
    ratings: dict[str, int]
    outstanding: float | None
    coverage: dict[str, int]
    absent: list[str]
    labels: dict[str, dict[str, int]]
    n_failures: int
    failures: list[Failure]
    missing_for: dict[str, list[str]]
    undecided: list[Undecided]


class VerifyCheck(Shape):
    """One check of a certificate."""

    name: str
    ok: bool
    text: str
    failed: list[str]


class VerifyText(Shape):
    """What a certificate proves and what it only claims, in words."""

    proven: list[str]
    claimed: list[str]


class Verify(Shape):
    """What verify answers."""

    schema_: Literal["absalloc.verify/1"] = Field(alias="schema")
    ok: bool
    file_sha256: str = Field(pattern=SHA256)
    mandate: str | None
    as_of: str | None
    inputs: Inputs
    checks: list[VerifyCheck]
    proven: list[str]
    claimed: list[str]
    text: VerifyText


class DemoStep(Shape):
    """One step of the demo, and the exit code that its command would give."""

    command: Literal["optimise", "check", "rebalance"]
    book: str
    call: str
    exit_code: int
    compliant: bool | None
    status: Literal["optimal", "infeasible", "stopped"] | None
    carry_yuan: float | None
    carry_on_nav: float | None
    lines: int | None
    trades: int | None
    n_unknown: int
    binding: list[str]
    folder: str


class HouseLimit(Shape):
    """What the stricter limit costs, yuan a year and share of NAV."""

    book: str
    set: str
    carry_yuan: float | None
    carry_yuan_without: float | None
    cost_yuan: float | None
    cost_on_nav: float | None


class Demo(Shape):
    """What demo answers."""

    schema_: Literal["absalloc.demo/1"] = Field(alias="schema")
    out: str
    universe_rows: int
    steps: list[DemoStep]
    house_limit: HouseLimit


DOCUMENTS: dict[str, type[BaseModel]] = {
    "error": Error, "plan": Plan, "plans": Plans, "check": Check, "universe": Universe, "rules-list": RulesList,
    "rules-show": RulesShow, "rules-test": RulesTest, "rules-diff": RulesDiff, "rules-lint": RulesLint,
    "rules-new": RulesNew,
    "verify": Verify, "market": Market, "demo": Demo, "prices": Prices, "conflict": Conflicts,
    "headroom": Headroom, "menu": Menu, "frontier": Frontier, "why": Why, "what-if": WhatIf,
    "stress": Stress, "scenarios": Scenarios, "compare": Compare,
}  # fmt: skip
"""Every document with a committed schema, by the name in its ``schema`` key."""


def json_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of a document, committed as ``docs/schemas/absalloc.<name>-1.json``."""
    schema = DOCUMENTS[name].model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": f"absalloc.{name}/1"}
