"""Requests that are refused before anything is asked: what is wrong, where, and the nearest valid thing, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from absalloc.errors import BadInput
from absalloc.messages import LANGUAGES
from absalloc.web.commands import COMMANDS, DAY

BODY = "application/json"
SHOWN = 80
"""Characters of a value that are told."""
FORM = re.compile(r"(body|query|path|str|constrained-str|list\[.*)$")
"""Parts of the framework's place that are no name a person gave: where it stood, which of two forms was tried."""
PATTERNS = {DAY: "YYYY-MM-DD"}
KINDS = (
    ("web.form_text", "", ("string_type", "string_unicode")),
    ("web.form_pattern", "pattern", ("string_pattern_mismatch",)),
    ("web.form_whole", "", ("int_type", "int_parsing", "int_from_float", "int_parsing_size")),
    ("web.form_number", "", ("float_type", "float_parsing", "finite_number")),
    ("web.form_least", "ge", ("greater_than_equal",)),
    ("web.form_most", "le", ("less_than_equal",)),
    ("web.form_yes_no", "", ("bool_type", "bool_parsing")),
    ("web.form_list", "", ("list_type",)),
    ("web.form_names", "", ("dict_type",)),
    ("web.form_short", "min_length", ("string_too_short", "too_short")),
    ("web.form_long", "max_length", ("string_too_long", "too_long")),
)  # fmt: skip
"""Message, the framework's name of its limit, the framework's kinds of a wrong value."""


def language(query: Mapping[str, str], body: Any) -> str:
    """Return the language a request asks for, English where it cannot be told."""
    asked = query.get("lang") or (body.get("lang") if isinstance(body, Mapping) else None)
    return asked if asked in LANGUAGES else "en"


def form_error(command: str, problem: Mapping[str, Any], sent: str) -> BadInput:
    """Return what is wrong with a request: ``problem`` is the framework's, ``sent`` its content type."""
    place = ".".join(str(part) for part in problem["loc"] if FORM.match(str(part)) is None)
    kind = problem["type"]
    if not place:
        return _no_object(problem.get("input"), sent)
    if kind == "missing":
        return BadInput("web.form_missing", value=place)
    if kind == "extra_forbidden":
        model = COMMANDS.get(command)
        known = [] if model is None else [field.alias or name for name, field in model.model_fields.items()]
        return BadInput("web.form_unknown", value=place, choices=known, expected=", ".join(known))
    given = problem.get("input")
    shown = repr(given)[:SHOWN] if isinstance(given, (str, int, float, bool, type(None))) else type(given).__name__
    return _no_value(kind, place, shown, problem)


def _no_object(given: Any, sent: str) -> BadInput:
    if sent.partition(";")[0].strip().lower() != BODY:
        return BadInput("web.form_body", value=sent[:SHOWN] or "-", expected=BODY)
    return BadInput("web.form_object", value=None)


def _no_value(kind: str, place: str, shown: str, problem: Mapping[str, Any]) -> BadInput:
    """Return what is wrong with one value, in words where its kind has some, in the framework's where it has none."""
    said = problem.get("ctx", {})
    if kind == "literal_error":
        choices = re.findall(r"'([^']+)'", said["expected"])
        expected = ", ".join(choices)
        return BadInput("web.form_choice", value=shown, name=place, expected=expected, choices=choices)
    for code, limit, kinds in KINDS:
        if kind in kinds:
            told = said.get(limit)
            return BadInput(code, value=shown, name=place, limit=PATTERNS.get(told, told))
    return BadInput("web.form_value", value=shown, name=place, problem=str(problem["msg"]))
