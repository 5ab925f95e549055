"""The committed JSON Schema is the one the models give, and it accepts what the loader accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from absalloc.rulebook import json_schema, shipped_rulebooks

ROOT = Path(__file__).resolve().parents[2]
BOOKS = [ROOT / "constraints" / f"{name}.yaml" for name in shipped_rulebooks()]
AGAIN = "python -m absalloc.rulebook > constraints/schema.json"


def written() -> Any:
    return json.loads((ROOT / "constraints" / "schema.json").read_text(encoding="utf-8"))


def as_an_editor_reads(path: Path) -> Any:
    return json.loads(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8")), default=str))


def test_the_committed_schema_is_current() -> None:
    assert written() == json_schema(), f"the rulebook format changed; write the schema again with: {AGAIN}"


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(written())


@pytest.mark.parametrize("path", BOOKS, ids=lambda p: p.stem)
def test_the_schema_accepts_every_shipped_rulebook(path: Path) -> None:
    errors = list(jsonschema.Draft202012Validator(written()).iter_errors(as_an_editor_reads(path)))
    assert [f"{list(e.path)}: {e.message}" for e in errors] == []


@pytest.mark.parametrize("path", BOOKS, ids=lambda p: p.stem)
def test_every_shipped_rulebook_asks_editors_to_use_the_schema(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=./schema.json"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "shares"}, "'shares' is not one of"),
        ({"colour": "red"}, "'colour' was unexpected"),
        ({"level": "firm"}, "'firm' is not one of"),
        ({"title": {"en": "only English"}}, "'zh' is a required property"),
    ],
)
def test_the_schema_refuses(change: dict[str, Any], message: str) -> None:
    data = as_an_editor_reads(BOOKS[0])
    data["rules"][0] |= change
    errors = [e.message for e in jsonschema.Draft202012Validator(written()).iter_errors(data)]
    assert any(message in error for error in errors), errors
