"""Reading rulebooks: from YAML to typed rules, every name checked against the vocabulary."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from absalloc._resources import data_root
from absalloc.errors import BadInput
from absalloc.files import sha256
from absalloc.rulebook.check_days import check_days
from absalloc.rulebook.check_defined import check_defined
from absalloc.rulebook.check_names import check_book
from absalloc.rulebook.models import Book, Rule
from absalloc.rulebook.schema_words import described
from absalloc.where import Where
from absalloc.yamlpos import Document, parse_yaml, read_yaml, validate


@dataclass(frozen=True)
class Rulebook:
    """A rulebook read and checked; ``sha256`` is of the file's bytes."""

    book: Book
    file: str
    sha256: str
    document: Document = field(repr=False)

    @property
    def id(self) -> str:
        """The rulebook's name, which is its file's stem."""
        return self.book.rulebook

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """The rules by their short id."""
        return {rule.id: rule for rule in self.book.rules}

    def where(self, rule_id: str) -> Where:
        """Return the place of a rule in the file."""
        index = next(i for i, rule in enumerate(self.book.rules) if rule.id == rule_id)
        return self.document.where("rules", index, "id")


def load_rulebook(path: str | Path) -> Rulebook:
    """Read a rulebook file. Raises BadInput with file, line, value and the nearest valid thing."""
    return _build(read_yaml(path), Path(path).stem)


TABLES = ("coverage", "standard-debt", "tax")
"""Files beside the rulebooks that are none: data with formats of their own."""


def shipped_rulebooks() -> tuple[str, ...]:
    """Return the ids of the rulebooks that ship, sorted."""
    names = [entry.name for entry in data_root("constraints").iterdir()]
    stems = {n.removesuffix(".yaml") for n in names if n.endswith(".yaml") and not n.endswith(".cases.yaml")}
    return tuple(sorted(stems.difference(TABLES)))


def find_rulebook(name: str, folder: Path | None = None) -> Rulebook:
    """Return the shipped rulebook ``name``, or the file ``name`` (relative to ``folder``) where it ends in .yaml.

    Raises BadInput for an unknown name.
    """
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
        return load_rulebook(path if path.is_absolute() or folder is None else folder / path)
    known = shipped_rulebooks()
    if name not in known:
        raise BadInput("rulebook.unknown_book", value=name, expected=", ".join(known), choices=known)
    entry = data_root("constraints").joinpath(f"{name}.yaml")
    return _build(parse_yaml(entry.read_text(encoding="utf-8"), f"constraints/{name}.yaml"), name)


def _build(document: Document, stem: str) -> Rulebook:
    book: Book = validate(Book, document)
    if book.rulebook != stem:
        raise BadInput("rulebook.name_differs", where=document.where("rulebook"), value=book.rulebook, expected=stem)
    seen: dict[str, int] = {}
    for index, rule in enumerate(book.rules):
        line = document.where("rules", index, "id")
        if rule.id in seen:
            raise BadInput("rulebook.duplicate_rule", where=line, value=rule.id, first=seen[rule.id])
        seen[rule.id] = line.line or 0
    check_defined(book, document)
    check_days(book, document)
    check_book(book, document)
    return Rulebook(book, document.name, sha256(_canonical(document.data)), document)


def _canonical(data: Any) -> bytes:
    import json

    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the rulebook format, committed as ``constraints/schema.json``."""
    schema = described(Book.model_json_schema(by_alias=True))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "absalloc rulebook", **schema}
