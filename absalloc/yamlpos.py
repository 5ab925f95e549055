"""YAML as text with places: every scalar stays text and knows its line and column.

Composed with libyaml, which takes the fastest road. Duplicate keys, anchors, aliases, tags, deep nesting and
oversize files are refused: PyYAML's own loader takes the last of two duplicates silently, reads NO as False, and
dies on a deep file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from absalloc.errors import BadInput
from absalloc.files import MAX_YAML_BYTES, decode, read_bytes, sha256
from absalloc.where import Where
from absalloc.yamlhints import refuse_quoted, syntax_error

MAX_NODES = 400_000
MAX_DEPTH = 60
_NESTING = {"MappingStartEvent": 1, "SequenceStartEvent": 1, "MappingEndEvent": -1, "SequenceEndEvent": -1}


@dataclass(frozen=True)
class Document:
    """``data``: nested dicts, lists and texts (None for an empty scalar); ``places``: path -> (line, column)."""

    name: str
    data: Any
    places: dict[tuple[str | int, ...], tuple[int, int]] = field(repr=False)
    sha256: str = ""
    """Of the file; empty where the text came from none."""

    def where(self, *path: str | int) -> Where:
        """Return the place of ``path``, or of the nearest parent that stands in the file."""
        steps = tuple(path)
        while steps and steps not in self.places:
            steps = steps[:-1]
        line, column = self.places.get(steps, (1, 1))
        return Where(self.name, line, column)


def read_yaml(path: str | Path) -> Document:
    """Read a YAML file. Raises BadInput with file, line and column for anything that is not plain YAML."""
    data = read_bytes(path, MAX_YAML_BYTES, "YAML")
    text, _ = decode(data, str(path))
    return replace(parse_yaml(text, str(path)), sha256=sha256(data))


def parse_yaml(text: str, name: str = "<text>") -> Document:
    """Parse YAML text whose root is a mapping. Raises BadInput as ``read_yaml`` does."""
    import yaml

    if len(text.encode("utf-8")) > MAX_YAML_BYTES:
        raise BadInput("base.yaml_too_large", where=Where(name), size=len(text), limit=MAX_NODES)
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        _refuse_more_than_plain(yaml.parse(text, Loader=loader), name)
        root = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        found = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        if found is None:
            raise BadInput("base.yaml_syntax", where=Where(name), problem=problem) from None
        raise syntax_error(text, name, (found.line + 1, found.column + 1), problem) from None
    if not isinstance(root, yaml.MappingNode):
        raise BadInput("base.yaml_not_mapping", where=Where(name, 1, 1))
    places: dict[tuple[str | int, ...], tuple[int, int]] = {}
    data = _plain(root, (), places, name)
    return Document(name, data, places)


def _refuse_more_than_plain(events: Iterator[Any], name: str) -> None:
    """Raise BadInput for anchors, aliases, tags, and nesting that no rulebook has.

    libyaml composes by recursion in C, and a deep file takes the process down: so depth is counted first.
    """
    depth = 0
    for event in events:
        depth += _NESTING.get(type(event).__name__, 0)
        tag = getattr(event, "tag", None)
        refusal = "base.yaml_tag" if tag is not None else None
        if getattr(event, "anchor", None) is not None:
            refusal = "base.yaml_alias"
        if depth > MAX_DEPTH:
            refusal = "base.yaml_too_deep"
        if refusal is not None:
            place = Where(name, event.start_mark.line + 1, event.start_mark.column + 1)
            raise BadInput(refusal, where=place, value=tag, limit=MAX_DEPTH)


def _plain(
    node: Any, path: tuple[str | int, ...], places: dict[tuple[str | int, ...], tuple[int, int]], name: str
) -> Any:
    import yaml

    if len(places) > MAX_NODES:
        raise BadInput("base.yaml_too_large", where=Where(name), size="?", limit=MAX_NODES)
    places.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
    if isinstance(node, yaml.ScalarNode):
        if not node.style:
            refuse_quoted(node.value, Where(name, node.start_mark.line + 1, node.start_mark.column + 1))
        return None if node.value == "" and not node.style else node.value  # libyaml: "" is plain, Python: None
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, index), places, name) for index, item in enumerate(node.value)]
    result: dict[str, Any] = {}
    for key, value in _keys(node, name):
        if key in result:
            mark = value[0].start_mark
            first = places[(*path, key)][0]
            raise BadInput(
                "base.yaml_duplicate", where=Where(name, mark.line + 1, mark.column + 1), value=key, first=first
            )
        # A mapping entry is found by its key, so that an error points at the word that is wrong.
        mark = value[0].start_mark
        places[(*path, key)] = (mark.line + 1, mark.column + 1)
        result[key] = _plain(value[1], (*path, key), places, name)
    return result


def _keys(node: Any, name: str) -> Iterator[tuple[str, tuple[Any, Any]]]:
    import yaml

    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise BadInput(
                "base.yaml_not_mapping", where=Where(name, key.start_mark.line + 1, key.start_mark.column + 1)
            )
        yield str(key.value), (key, value)


def validate(model: type[Any], document: Document, data: Any = None, path: tuple[str | int, ...] = ()) -> Any:
    """Return ``model`` (a pydantic class) built from the document, or raise BadInput at the line that is wrong."""
    from pydantic import ValidationError

    try:
        return model.model_validate(document.data if data is None else data)
    except ValidationError as error:
        raise _first(error, document, path, model) from None


def _first(error: Any, document: Document, path: tuple[str | int, ...], model: type[Any]) -> BadInput:
    problems = error.errors()
    # An unknown key explains more than the missing one beside it; our own words more than those of a union's
    # other branches.
    unknown = (p for p in problems if p["type"] == "extra_forbidden")
    ours = (p for p in problems if isinstance(p.get("ctx", {}).get("error"), BadInput))
    problem = next(unknown, None) or next(ours, problems[0])
    inner = problem.get("ctx", {}).get("error")
    steps = tuple(step for step in problem["loc"])
    where = document.where(*path, *_in_file(steps, document, path))
    if isinstance(inner, BadInput):
        if inner.where.file is None:
            # Where the value is a key of the mapping that was refused, the error points at it.
            inner.where = document.where(*path, *_in_file((*steps, str(inner.value)), document, path))
        return inner
    dotted = _said((*path, *steps), document)
    if problem["type"] == "extra_forbidden":
        known = sorted(_known(model, steps[:-1]))
        return BadInput("base.unknown_key", where=where, value=steps[-1], expected=", ".join(known), choices=known)
    if problem["type"] == "missing":
        return BadInput("base.missing_key", where=where, value=steps[-1], path=dotted)
    if problem["type"] == "literal_error":
        words = re.findall(r"'([^']*)'", problem["ctx"]["expected"])
        return BadInput(
            "base.not_a_choice",
            where=where,
            value=problem["input"],
            expected=", ".join(words),
            choices=words,
            path=dotted,
        )
    shape = _SHAPES.get(problem["type"])
    if shape is not None:
        known = _known(model, steps)
        expected = ", ".join(f"{key}: …" for key in known) or "key: value"
        return BadInput(shape, where=where, value=problem.get("input"), expected=expected, path=dotted)
    return BadInput("base.model_invalid", where=where, value=problem.get("input"), path=dotted, problem=problem["msg"])


_SHAPES = {
    "tuple_type": "base.needs_list", "list_type": "base.needs_list", "model_type": "base.needs_mapping",
    "dict_type": "base.needs_mapping", "string_pattern_mismatch": "base.id_form", "string_type": "base.needs_text",
}  # fmt: skip


def _said(steps: tuple[Any, ...], document: Document) -> str:
    """Return a place in words: an entry of a list by its id where it has one."""
    said, data = "", document.data
    for step in steps:
        data = data[step] if _has(data, step) else None
        name = data["id"] if isinstance(step, int) and isinstance(data, dict) and data.get("id") else step
        said += f"[{name}]" if isinstance(step, int) else f".{name}" if said else str(name)
    return said


def _has(data: Any, step: Any) -> bool:
    if isinstance(data, list):
        return isinstance(step, int) and step < len(data)
    return isinstance(data, dict) and step in data


def _in_file(steps: tuple[Any, ...], document: Document, path: tuple[str | int, ...]) -> tuple[Any, ...]:
    """Drop the steps pydantic adds for unions, which stand in no file."""
    kept: tuple[Any, ...] = ()
    for step in steps:
        if (*path, *kept, step) in document.places:
            kept = (*kept, step)
    return kept


def _known(model: type[Any], steps: tuple[Any, ...]) -> list[str]:
    schema: dict[str, Any] = model.model_json_schema(by_alias=True)
    definitions = schema.get("$defs", {})

    def resolve(node: dict[str, Any]) -> list[dict[str, Any]]:
        if "$ref" in node:
            return resolve(definitions[node["$ref"].rsplit("/", 1)[-1]])
        options = node.get("anyOf") or node.get("oneOf")
        return [found for option in options for found in resolve(option)] if options else [node]

    nodes = resolve(schema)
    for step in steps:
        following: list[dict[str, Any]] = []
        for node in nodes:
            if isinstance(step, int) and "items" in node:
                following += resolve(node["items"])
            elif str(step) in node.get("properties", {}):
                following += resolve(node["properties"][str(step)])
            elif isinstance(node.get("additionalProperties"), dict):
                following += resolve(node["additionalProperties"])
        nodes = following or nodes
    return sorted({key for node in nodes for key in node.get("properties", {})})
