"""The register of the reference's rows that no rule names: carried by other rules, or left out and why."""

from __future__ import annotations

from functools import cache
from typing import Literal

from pydantic import Field, model_validator

from absalloc._resources import data_root
from absalloc.errors import BadInput
from absalloc.fields import Strict
from absalloc.rulebook.models import Title
from absalloc.yamlpos import Document, parse_yaml, validate

FILE = "coverage.yaml"


class CoverageEntry(Strict):
    """One row of the reference: ``carried_by`` these rules as a part of them, or ``left_out``."""

    ref: str
    carried_by: tuple[str, ...] = ()
    left_out: Literal["no_figure", "not_of_holdings", "not_abs", "user_data", "low_confidence", "priced"] | None = None
    why: Title

    @model_validator(mode="after")
    def _one_of_two(self) -> CoverageEntry:
        if bool(self.carried_by) == bool(self.left_out):
            raise BadInput("rulebook.coverage_form", value=self.ref)
        return self


class Coverage(Strict):
    """The register file."""

    coverage: str
    entries: tuple[CoverageEntry, ...] = Field(min_length=1)


def read_coverage(document: Document) -> Coverage:
    """Return the register in a document. Raises BadInput for a row that stands twice, or has no fate or two."""
    found: Coverage = validate(Coverage, document)
    seen: set[str] = set()
    for index, entry in enumerate(found.entries):
        if entry.ref in seen:
            raise BadInput("rulebook.coverage_twice", where=document.where("entries", index, "ref"), value=entry.ref)
        seen.add(entry.ref)
    return found


@cache
def coverage() -> Coverage:
    """Return the register that ships."""
    text = data_root("constraints").joinpath(FILE).read_text(encoding="utf-8")
    return read_coverage(parse_yaml(text, f"constraints/{FILE}"))
