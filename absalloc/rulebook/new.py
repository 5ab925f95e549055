"""A rulebook to start from: the file, its worked cases, and the schema with which an editor completes it."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

from absalloc.errors import BadInput
from absalloc.files import write_atomic
from absalloc.rulebook.load import json_schema, shipped_rulebooks

SCHEMA_FILE = "rulebook.schema.json"


def new_rulebook(name: str, folder: str | Path = ".") -> tuple[Path, Path, Path]:
    """Write ``NAME.yaml``, ``NAME.cases.yaml`` and the schema; return their paths.

    A schema that is there is written anew. Raises BadInput, with nothing written, for a name that is none, that of a
    shipped rulebook, or a file that exists.
    """
    if re.fullmatch(r"[a-z0-9][a-z0-9-]*", name) is None or name in shipped_rulebooks():
        raise BadInput("rulebook.name_form", value=name)
    book, cases, schema = (Path(folder) / part for part in (f"{name}.yaml", f"{name}.cases.yaml", SCHEMA_FILE))
    for path in (book, cases):
        if path.exists():
            raise BadInput("base.file_exists", value=str(path))
    template = files("absalloc.rulebook").joinpath("template")
    for path, source in ((book, "book.yaml"), (cases, "book.cases.yaml")):
        write_atomic(path, template.joinpath(source).read_text(encoding="utf-8").replace("NAME", name))
    write_atomic(schema, json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n")
    return book, cases, schema
