"""YAML with places: text stays text, every error names its line, and nothing but plain YAML passes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from absalloc import yamlpos
from absalloc.errors import BadInput
from absalloc.where import Where
from absalloc.yamlpos import parse_yaml, read_yaml, validate

TEXT = "name: fund\nrulebooks: [a, b]\nproduct:\n  issuer: bank\n  codes:\n    - 081656003\n    - NO\n"


def test_scalars_stay_text_and_know_their_place() -> None:
    document = parse_yaml(TEXT, "fund.yaml")
    assert document.data == {
        "name": "fund",
        "rulebooks": ["a", "b"],
        "product": {"issuer": "bank", "codes": ["081656003", "NO"]},
    }
    assert document.where("name") == Where("fund.yaml", 1, 1)
    assert document.where("rulebooks", 1) == Where("fund.yaml", 2, 16)
    assert document.where("product", "issuer") == Where("fund.yaml", 4, 3)
    assert document.where("product", "codes", 1) == Where("fund.yaml", 7, 7)
    assert document.where("product", "end_date") == Where("fund.yaml", 3, 1)  # the nearest parent that stands there
    assert document.where("nothing") == Where("fund.yaml", 1, 1)


def test_an_empty_scalar_is_none_and_a_quoted_one_is_text() -> None:
    assert parse_yaml("a:\nb: ''\nc: \"\"\nd: ~\ne: null\n").data == {
        "a": None,
        "b": "",
        "c": "",
        "d": "~",
        "e": "null",
    }


@given(
    st.recursive(
        st.text("abc 019.:#-%~", max_size=6),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
        max_leaves=12,
    )
)
def test_what_another_writer_dumps_comes_back(data: object) -> None:
    assert parse_yaml(yaml.safe_dump({"root": data})).data == {"root": data}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", r"f\.yaml:3:1: The key 'a' stands twice in one mapping \(first on line 1\)"),
        ("x:\n  - k: 1\n    k: 2\n", r"f\.yaml:3:5: The key 'k' stands twice in one mapping \(first on line 2\)"),
        ("a: &x 1\n", r"f\.yaml:1:4: Anchors and aliases"),
        ("a: &x [1]\nb: *x\n", r"f\.yaml:1:4: Anchors and aliases"),
        ("a: !!python/object:os.system x\n", r"f\.yaml:1:4: Tags such as"),
        ("a: [1,\nb: 2\n", r"f\.yaml:1:4: This '\[' is never closed: a '\]' is missing"),
        ("a: 1\n\tb: 2\n", r"f\.yaml:2:1: This line is indented with a tab"),
        ("a: 1\n---\nb: 2\n", r"f\.yaml:2:1: This is not valid YAML"),
        ("- a\n- b\n", r"f\.yaml:1:1: Expected a mapping"),
        ("text\n", r"f\.yaml:1:1: Expected a mapping"),
        ("? [a, b]\n: 1\n", r"f\.yaml:1:3: Expected a mapping"),
        ("", r"f\.yaml:1:1: Expected a mapping"),
        ("a: " + "[" * 100_000, r"f\.yaml:1:\d+: The file is nested deeper than 60 levels"),
        ("\n".join(" " * depth + "a:" for depth in range(200)), r"f\.yaml:61:61: The file is nested deeper"),
        ('a: "\x01"\n', r"f\.yaml: This is not valid YAML"),
    ],
)
def test_refusals_name_the_place(text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        parse_yaml(text, "f.yaml")


def test_oversize_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="rulebooks and mandates are smaller"):
        parse_yaml("a: " + "城" * (yamlpos.MAX_YAML_BYTES // 3), "big.yaml")
    monkeypatch.setattr(yamlpos, "MAX_NODES", 10)
    with pytest.raises(BadInput, match="more than 10 nodes"):
        parse_yaml("a: [" + "1, " * 20 + "1]", "big.yaml")


def test_reading_a_file(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes("名称: 基金\n".encode("gb18030"))
    assert read_yaml(path).data == {"名称": "基金"}
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(path).data == {"a": "1"}
    with pytest.raises(BadInput, match="There is no file"):
        read_yaml(tmp_path / "absent.yaml")


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    issuer: str
    days: int = 0


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    product: Inner | None = None
    many: list[Inner] = []
    table: dict[str, Inner] = {}


def test_validate_builds_the_model() -> None:
    found = validate(Model, parse_yaml("name: a\nproduct: {issuer: bank, days: 5}\n"))
    assert found.product.days == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "name: a\nproduct:\n  isuer: bank\n",
            r"f:3:3: The key 'isuer' is not known here.*nearest valid one is 'issuer'",
        ),
        ("nmae: a\n", r"f:1:1: The key 'nmae' is not known here; known keys: many, name, product, table"),
        ("name: a\nmany:\n  - issuer: b\n    days: soon\n", r"f:4:5: many\[0\]\.days: .*integer"),
        ("name: a\ntable:\n  x: {issuer: b, dayz: 1}\n", r"f:3:18: The key 'dayz'.*'days'"),
        ("product: {issuer: b}\n", r"f:1:1: name is missing"),
    ],
)
def test_validate_points_at_the_word(text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        validate(Model, parse_yaml(text, "f"))
