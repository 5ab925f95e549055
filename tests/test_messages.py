"""Both languages say the same things about the same fields, and every code in the program has its words."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from absalloc.messages import LANGUAGES, catalogue, render

PACKAGE = Path(__file__).resolve().parent.parent / "absalloc"
STAGES = sorted({path.stem for lang in LANGUAGES for path in (PACKAGE / "messages" / lang).glob("*.toml")})
ERRORS = ("BadInput", "InternalError", "NotBuilt", "AbsallocError")
CALLS = (*ERRORS, "Failure", "render")
NOT_FIELDS = {"where", "choices", "lang", "code"}
"""Keywords of these calls that the templates do not see."""


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("stage", STAGES)
def test_both_languages_hold_the_same_keys_and_fields(stage: str) -> None:
    english, chinese = (catalogue(stage, lang) for lang in LANGUAGES)
    assert sorted(english) == sorted(chinese)
    for key, template in english.items():
        assert fields(template) == fields(chinese[key]), f"{stage}.{key}"


@pytest.mark.parametrize("stage", STAGES)
def test_fields_are_named_and_texts_are_in_their_language(stage: str) -> None:
    for lang in LANGUAGES:
        for key, template in catalogue(stage, lang).items():
            assert all(re.fullmatch(r"[a-z_]+", name) for name in fields(template)), f"{lang} {stage}.{key}"
            assert template.strip() == template, f"{lang} {stage}.{key}"
    for key, template in catalogue(stage, "zh").items():
        words = re.sub(r"\{[^}]*\}", "", template)
        if re.search(r"[A-Za-z]{3,} [A-Za-z]{3,} [A-Za-z]{3,}", words):
            pytest.fail(f"zh {stage}.{key} is not in Chinese: {template}")


def codes(source: str) -> list[tuple[ast.Call, str]]:
    """Return the calls that name a message by a literal, with the code."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in CALLS and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.append((node, first.value))
    return found


def known(code: str) -> bool:
    stage, _, key = code.partition(".")
    return stage in STAGES and key in catalogue(stage, "en")


def unfilled(node: ast.Call, code: str) -> set[str]:
    """Return the fields of the template that a call of an error does not fill; none where it passes a mapping."""
    if ast.unparse(node.func).split(".")[-1] not in ERRORS or any(word.arg is None for word in node.keywords):
        return set()
    stage, _, key = code.partition(".")
    given = {str(word.arg) for word in node.keywords} - NOT_FIELDS
    return fields(catalogue(stage, "en")[key]) - given


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def test_every_code_has_its_words() -> None:
    found = [(path, node.lineno, code) for path in modules() for node, code in codes(path.read_text(encoding="utf-8"))]
    assert len(found) > 20  # the walk still sees the calls
    assert [f"{path.name}:{line} {code}" for path, line, code in found if not known(code)] == []


def test_every_error_fills_its_fields() -> None:
    missing = [
        f"{path.name}:{node.lineno} {code} lacks {sorted(unfilled(node, code))}"
        for path in modules()
        for node, code in codes(path.read_text(encoding="utf-8"))
        if known(code) and unfilled(node, code)
    ]
    assert missing == []


def test_computed_codes_can_meet_a_message() -> None:
    """An f-string that starts with a stage must be able to become one of its keys."""
    every = [f"{stage}.{key}" for stage in STAGES for key in catalogue(stage, "en")]
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                start = str(node.values[0].value)
                if re.fullmatch(r"[a-z]+\.[a-z_]+", start) and start.split(".")[0] in STAGES:
                    assert any(code.startswith(start) for code in every), f"{path.name}:{node.lineno} {start}"


def test_a_planted_fault_is_seen() -> None:
    [(node, code)] = codes("raise BadInput('base.file_missing', where=w)")
    assert known(code)
    assert unfilled(node, code) == {"value"}
    assert not known("base.no_such_key")
    assert not known("nostage.file_missing")
    assert fields("{a} of {b:.2f} {{c}}") == {"a", "b"}


def test_render_refuses_an_unknown_code() -> None:
    with pytest.raises(KeyError, match="no_such_key"):
        render("base.no_such_key")
