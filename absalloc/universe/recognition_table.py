"""The format of ``constraints/standard-debt.yaml``: every column, value and document of it is known."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import Field

from absalloc.errors import BadInput
from absalloc.fields import Flag, ISODate, Strict, Where_
from absalloc.predicate import OneOf, leaves
from absalloc.terms import COLUMNS
from absalloc.universe.recognition import shipped
from absalloc.yamlpos import Document, validate

READ = ("product", "market")
"""The columns a row may read."""


class Words(Strict):
    """A name in English and Chinese."""

    en: str
    zh: str


class Text(Strict):
    """The legal text cited."""

    title: str
    number: str
    issued: ISODate


class Basis(Strict):
    """Where a row is written, and how sure that is."""

    document: str
    article: str
    ref: str
    confidence: Literal["text_seen", "secondary", "unverified"]


class Row(Strict):
    """One kind of instrument, and whether it is non-standard."""

    id: str
    title: Words
    source: Basis
    where: Where_
    nonstandard: Flag


class Recognition(Strict):
    """The file."""

    recognition: str
    title: Words
    from_: ISODate = Field(alias="from")
    sources: dict[str, Text]
    rows: tuple[Row, ...] = Field(min_length=1)


def read_recognition(document: Document) -> Recognition:
    """Return the table. Raises BadInput for a column, value or document that is not known."""
    found: Recognition = validate(Recognition, document)
    for index, row in enumerate(found.rows):
        place = document.where("rows", index, "where")
        _known(row.source.document, tuple(found.sources), document.where("rows", index, "source"))
        for leaf in leaves(row.where):
            name = getattr(leaf, "column", "in_set")
            _known(name, READ, place)
            for value in leaf.values if isinstance(leaf, OneOf) else ():
                _known(value, COLUMNS[name].values, place)
    return found


def _known(name: str, choices: tuple[str, ...], where: Any) -> None:
    if name not in choices:
        raise BadInput(
            "universe.recognition_name", where=where, value=name, expected=", ".join(choices), choices=choices
        )


def recognition() -> Recognition:
    """Return the table that ships."""
    return read_recognition(shipped())


def recognition_schema() -> dict[str, Any]:
    """Return the JSON Schema of the format, committed as ``constraints/standard-debt.schema.json``."""
    schema: dict[str, Any] = Recognition.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "absalloc standard debt", **schema}


if __name__ == "__main__":
    import sys

    sys.stdout.write(json.dumps(recognition_schema(), ensure_ascii=False, indent=2) + "\n")
