"""Requests that are refused before anything is asked: what is wrong, where, and the nearest valid thing, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from absalloc.errors import BadInput
from absalloc.messages import LANGUAGES
from absalloc.web.commands import COMMANDS

BODY = "application/json"


def language(query: Mapping[str, str], body: Any) -> str:
    """Return the language a request asks for, English where it cannot be told."""
    asked = query.get("lang") or (body.get("lang") if isinstance(body, Mapping) else None)
    return asked if asked in LANGUAGES else "en"


def form_error(command: str, problem: Mapping[str, Any], sent: str) -> BadInput:
    """Return what is wrong with a request: ``problem`` is the framework's, ``sent`` its content type."""
    place = ".".join(str(part) for part in problem["loc"] if part not in ("body", "query", "path"))
    kind = problem["type"]
    if kind == "json_invalid":
        return BadInput("web.form_json", value=str(problem.get("ctx", {}).get("error", "-")))
    if not place:
        return BadInput("web.form_body", value=sent or "-", expected=BODY)
    if kind == "missing":
        return BadInput("web.form_missing", value=place)
    if kind == "extra_forbidden":
        model = COMMANDS.get(command)
        known = [] if model is None else [field.alias or name for name, field in model.model_fields.items()]
        return BadInput("web.form_unknown", value=place, choices=known, expected=", ".join(known))
    given = repr(problem.get("input"))[:80]
    return BadInput("web.form_value", value=given, name=place, problem=str(problem["msg"]))
