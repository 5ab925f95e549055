"""Errors carry a place, a code and the nearest valid thing, in two languages and as JSON."""

from __future__ import annotations

import json
import pickle

import pytest

from absalloc.errors import AbsallocError, BadInput, InternalError, NotBuilt, nearest
from absalloc.where import Where


def test_places() -> None:
    assert str(Where("f.csv", 3, "coupon")) == "f.csv:3:coupon"
    assert str(Where("f.csv", None, 4)) == "f.csv:4"
    assert str(Where()) == "<input>"


def test_texts() -> None:
    error = BadInput("base.file_missing", where=Where("a.csv", 2), value="a.csv", choices=["plan.json", "a.cvs"])
    assert str(error) == "a.csv:2: There is no file 'a.csv'. Check the path. The nearest valid one is 'a.cvs'."
    assert error.text("zh") == "a.csv:2: 文件“a.csv”不存在，请检查路径。 最接近的有效值是“a.cvs”。"
    assert str(BadInput("base.file_missing", value="x")).startswith("There is no file")  # no place, no colon


def test_values_with_braces_are_only_text() -> None:
    assert "{value} {0}" in str(BadInput("base.file_missing", value="{value} {0}"))


def test_json() -> None:
    error = BadInput(
        "base.unknown_key", where=Where("m.yaml", 3, 5), value="isuer", expected="issuer", choices=["issuer"]
    )
    assert error.as_json() == {
        "schema": "absalloc.error/1",
        "code": "base.unknown_key",
        "message": "m.yaml:3:5: The key 'isuer' is not known here; known keys: issuer. "
        "The nearest valid one is 'issuer'.",
        "file": "m.yaml",
        "line": 3,
        "column": 5,
        "value": "isuer",
        "expected": "issuer",
        "nearest": "issuer",
        "hint": None,
    }
    assert "此处没有键" in json.loads(json.dumps(error.as_json("zh")))["message"]
    assert BadInput("base.file_missing", value=0).as_json()["value"] == "0"


def test_exit_codes() -> None:
    assert [kind.exit_code for kind in (AbsallocError, BadInput, NotBuilt, InternalError)] == [3, 2, 2, 3]
    assert issubclass(NotBuilt, BadInput)
    with pytest.raises(BadInput, match="'ledger' is reserved and not built yet: later"):
        raise NotBuilt("base.not_built", value="ledger", hint="later")


def test_errors_travel_between_processes() -> None:
    error = BadInput("base.file_missing", where=Where("a", 1), value="x")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize(
    ("value", "choices", "found"),
    [
        ("aaa", ["AAA", "AA+"], "AAA"),
        ("isuer", ["issuer", "issue"], "issuer"),
        ("xyz", ["issuer"], None),
        ("x", [], None),
        (None, ["issuer"], None),
    ],
)
def test_nearest(value: object, choices: list[str], found: str | None) -> None:
    assert nearest(value, choices) == found
