"""Case files as typed data: what a rule must say on a few lines, written beside the rulebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from absalloc._resources import data_root
from absalloc.errors import BadInput
from absalloc.fields import ISODate, Strict
from absalloc.rulebook.load import Rulebook, find_rulebook, load_rulebook, shipped_rulebooks
from absalloc.units import quantity
from absalloc.yamlpos import Document, parse_yaml, read_yaml, validate

SUFFIX = ".cases.yaml"
SHOWS = ("pass", "fail", "boundary", "date", "unknown", "purchase", "selects_nothing", "not_applicable")
SHOWS_OF = ("exception", "reading", "missing")
"""What a case may show; those of the second row name it: ``exception:<id>``."""
NULLS = (None, "null", "~")
"""How a case writes that there is no value; every scalar of a file is text."""
Outcome = Literal["pass", "fail", "unknown", "none"]


class Expect(Strict):
    """What the rule must say; keys that are not given are not compared. ``none``: no finding at all."""

    verdict: Outcome
    value: str | None = None
    limit: str | None = None
    headroom: str | None = None
    group: str | None = None
    sense: Literal["max", "min"] | None = None
    cause: Literal["active", "passive"] | None = None
    reason: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _nulls(cls, data: Any) -> Any:
        if isinstance(data, dict):
            return {key: None if value in NULLS else value for key, value in data.items()}
        return data


class Case(Strict):
    """One case: a rule, a book of a few lines, and what the rule must say of it."""

    id: str
    rule: str
    shows: str
    as_of: ISODate | None = None
    mandate: dict[str, Any] = {}
    lines: tuple[dict[str, Any], ...] = ()
    lists: dict[str, tuple[dict[str, Any], ...]] = {}
    elsewhere: dict[str, str] = {}
    expect: Expect
    note: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Case:
        head, colon, rest = self.shows.partition(":")
        if self.shows not in SHOWS and not (colon and rest and head in SHOWS_OF):
            names = (*SHOWS, *(f"{name}:…" for name in SHOWS_OF))
            raise BadInput("compliance.case_shows", value=self.shows, expected=", ".join(names), choices=names)
        if self.shows in ("pass", "fail", "unknown") and self.shows != self.expect.verdict:
            raise BadInput("compliance.case_contradicts", value=self.expect.verdict, case=self.id, expected=self.shows)
        for text in (self.expect.value, self.expect.limit, self.expect.headroom):
            if text is not None:
                expected_number(text)
        return self


class Defaults(Strict):
    """What all cases of a file share."""

    as_of: ISODate
    mandate: dict[str, Any] = {}
    line: dict[str, Any] = {}


class CaseFile(Strict):
    """A file of cases of one rulebook."""

    rulebook: str
    defaults: Defaults
    cases: tuple[Case, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Cases:
    """A case file read and checked, with the rulebook it is about."""

    file: CaseFile
    book: Rulebook
    name: str
    folder: Path
    document: Document

    def __iter__(self) -> Any:
        return iter(self.file.cases)


def load_cases(source: str | Path) -> Cases:
    """Read the cases of a shipped rulebook (by its id), of a rulebook file, or a case file itself.

    Raises BadInput, with file and line, for an unknown key, rule or shown thing, a case named twice, a case
    that contradicts what it says it shows, and where the rulebook or its cases are missing.
    """
    text = str(source)
    if not text.endswith((".yaml", ".yml")):
        return _shipped(text)
    path = Path(text)
    beside = path if path.name.endswith(SUFFIX) else path.with_name(path.stem + SUFFIX)
    if beside != path:
        # A rulebook that does not read is the first thing to be told, whatever stands beside it.
        read = load_rulebook(path)
        if not beside.is_file():
            raise BadInput(
                "compliance.no_case_file", value=str(beside), book=read.id, command="absalloc rules new NAME"
            )
    document = read_yaml(beside)
    file: CaseFile = validate(CaseFile, document)
    own = beside.with_name(f"{file.rulebook}.yaml")
    book = load_rulebook(own) if own.is_file() else find_rulebook(file.rulebook)
    return _checked(Cases(file, book, str(beside), beside.resolve().parent, document))


def _shipped(name: str) -> Cases:
    book = find_rulebook(name)
    entry = data_root("constraints").joinpath(f"{name}{SUFFIX}")
    if not entry.is_file():
        have = [known for known in shipped_rulebooks() if data_root("constraints").joinpath(known + SUFFIX).is_file()]
        raise BadInput("compliance.no_cases", value=name, expected=", ".join(have))
    document = parse_yaml(entry.read_text(encoding="utf-8"), f"constraints/{name}{SUFFIX}")
    file: CaseFile = validate(CaseFile, document)
    return _checked(Cases(file, book, document.name, Path(str(entry)).parent, document))


def _checked(cases: Cases) -> Cases:
    seen: dict[str, int | None] = {}
    for index, case in enumerate(cases.file.cases):
        place = cases.document.where("cases", index, "id")
        if case.id in seen:
            raise BadInput("compliance.case_twice", where=place, value=case.id, first=seen[case.id])
        seen[case.id] = place.line
        if case.rule not in cases.book.rules:
            place = cases.document.where("cases", index, "rule")
            raise BadInput(
                "compliance.case_rule", where=place, value=case.rule, book=cases.book.id, choices=cases.book.rules
            )
        _check_shown(cases, index, case)
    return cases


def _check_shown(cases: Cases, index: int, case: Case) -> None:
    rule = cases.book.rules[case.rule]
    head, _, rest = case.shows.partition(":")
    known: Mapping[str, list[str]] = {
        "exception": [item.id for item in rule.exceptions],
        "reading": [f"{item.switch}={item.id}" for item in rule.readings],
    }
    if head in known and rest not in known[head]:
        place = cases.document.where("cases", index, "shows")
        names = [f"{head}:{name}" for name in known[head]]
        raise BadInput("compliance.case_shows", where=place, value=case.shows, expected=", ".join(names), choices=names)


def expected_number(text: str) -> tuple[Fraction, str]:
    """Return (value, unit) of ``10.5%``, ``100 yuan``, ``1.5 grade``, ``AA+``. Raises BadInput for anything else."""
    number, space, unit = text.strip().rpartition(" ")
    if space and unit in ("grade", "grades"):
        return Fraction(number), "grade"
    found = quantity(text)
    return found.value, found.unit


def case_day(cases: Cases, case: Case) -> date:
    """Return the day a case is evaluated on."""
    return case.as_of or cases.file.defaults.as_of
