"""VAT as dated data: whose interest is taxed, at which rate, from which day; ``constraints/tax.yaml``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from typing import Any, Literal

from pydantic import Field, model_validator

from absalloc._resources import data_root
from absalloc.errors import BadInput
from absalloc.fields import Flag, ISODate, Share, Strict, Where_
from absalloc.predicate import OneOf, leaves
from absalloc.rulebook.models import Document_, Modelled, Source, Title
from absalloc.terms import INSTITUTIONS, READING_SWITCHES, column
from absalloc.yamlpos import Document, parse_yaml, validate

FILE = "tax.yaml"
SWITCH = "vat"


class TaxRate(Strict):
    """What some institutions pay on interest, from a day on; ``surcharges: mandate`` needs ``tax.surcharges``."""

    id: str
    title: Title
    source: Source
    institutions: tuple[str, ...] = Field(min_length=1)
    from_: ISODate = Field(alias="from")
    to: ISODate | None = None
    rate: Share
    surcharges: Literal["none", "mandate"]
    note: Title | None = None


class TaxReading(Strict):
    """Another reading of a disputed word."""

    switch: str
    id: str
    default: Flag = False
    taxed: Flag
    title: Title


class InterestRow(Strict):
    """Which lines' interest is taxed: ``taxed``, or by reading."""

    id: str
    title: Title
    source: Source
    where: Where_
    taxed: Flag | None = None
    readings: tuple[TaxReading, ...] = ()
    note: Title | None = None

    @model_validator(mode="after")
    def _one_answer(self) -> InterestRow:
        defaults = sum(reading.default for reading in self.readings)
        if (self.taxed is None) != (defaults == 1):
            raise BadInput("rulebook.tax_answer", value=self.id)
        return self


class TaxTable(Strict):
    """The tax file."""

    tax: str
    title: Title
    modelled: Modelled
    sources: dict[str, Document_]
    rates: tuple[TaxRate, ...] = Field(min_length=1)
    interest: tuple[InterestRow, ...] = Field(min_length=1)


@dataclass(frozen=True)
class TaxTerms:
    """What one institution pays on a day under its readings: the tax per yuan of interest, and whose is taxed.

    ``rate`` is the rate printed, ``burden`` what a yuan of interest received bears, surcharges included:
    interest includes the tax, so that it is rate / (1 + rate) · (1 + surcharges).
    """

    rate: TaxRate
    burden: Fraction
    rows: tuple[tuple[InterestRow, bool], ...]
    readings: tuple[str, ...]


def read_tax(document: Document) -> TaxTable:
    """Return a tax table. Raises BadInput for a name, a product, an institution or a day that cannot be."""
    table: TaxTable = validate(TaxTable, document)
    for index, rate in enumerate(table.rates):
        for place, name in enumerate(rate.institutions):
            where = document.where("rates", index, "institutions", place)
            _one_of(name, INSTITUTIONS, "rulebook.tax_name", where)
        _one_of(rate.source.document, table.sources, "rulebook.tax_name", document.where("rates", index, "source"))
        for other in table.rates[:index]:
            _apart(other, rate, document.where("rates", index, "from"))
    for index, row in enumerate(table.interest):
        _one_of(row.source.document, table.sources, "rulebook.tax_name", document.where("interest", index, "source"))
        for reading in row.readings:
            _one_of(
                reading.switch, READING_SWITCHES, "rulebook.tax_name", document.where("interest", index, "readings")
            )
        _columns(row, document.where("interest", index, "where"))
    return table


def _one_of(name: str, known: Any, code: str, where: Any) -> None:
    if name not in known:
        raise BadInput(code, where=where, value=name, expected=", ".join(known), choices=list(known))


def _apart(one: TaxRate, two: TaxRate, where: Any) -> None:
    """Refuse two rates that hold for one institution on one day."""
    first, second = sorted((one, two), key=lambda rate: rate.from_)
    if set(one.institutions) & set(two.institutions) and (first.to is None or first.to >= second.from_):
        raise BadInput("rulebook.tax_overlap", where=where, value=two.id, first=one.id)


def _columns(row: InterestRow, where: Any) -> None:
    for leaf in leaves(row.where):
        spec = column(leaf.column) if hasattr(leaf, "column") else None
        if spec is None:
            raise BadInput(
                "rulebook.tax_name", where=where, value=getattr(leaf, "column", "in_set"), expected="a column"
            )
        if isinstance(leaf, OneOf) and spec.values:
            for value in leaf.values:
                _one_of(value, spec.values, "rulebook.tax_name", where)


@cache
def tax_table() -> TaxTable:
    """Return the tax table that ships."""
    text = data_root("constraints").joinpath(FILE).read_text(encoding="utf-8")
    return read_tax(parse_yaml(text, f"constraints/{FILE}"))


def tax_readings() -> dict[str, tuple[str, ...]]:
    """Return switch -> the ids of its readings in the tax table."""
    found: dict[str, tuple[str, ...]] = {}
    for row in tax_table().interest:
        for reading in row.readings:
            found[reading.switch] = tuple(dict.fromkeys((*found.get(reading.switch, ()), reading.id)))
    return found


def tax_terms(
    institution: str,
    day: date,
    readings: Mapping[str, str],
    surcharges: Fraction | None,
    table: TaxTable | None = None,
) -> TaxTerms | str:
    """Return what an institution pays on a day, or why that is not known: ``no_rate`` or ``surcharges``."""
    table = table or tax_table()
    rates = [
        rate
        for rate in table.rates
        if institution in rate.institutions and rate.from_ <= day and (rate.to is None or day <= rate.to)
    ]
    if not rates:
        return "no_rate"
    [rate] = rates
    if rate.surcharges == "mandate" and surcharges is None:
        return "surcharges"
    value = Fraction(rate.rate.value)
    burden = value / (1 + value) * (1 + (surcharges or 0))
    chosen = [_chosen(row, readings) for row in table.interest]
    rows = tuple((row, taxed) for row, (taxed, _) in zip(table.interest, chosen, strict=True))
    return TaxTerms(rate, burden, rows, tuple(name for _, name in chosen if name))


def _chosen(row: InterestRow, readings: Mapping[str, str]) -> tuple[bool, str]:
    if row.taxed is not None:
        return row.taxed, ""
    for reading in row.readings:
        wanted = readings.get(reading.switch)
        if wanted == reading.id or (wanted is None and reading.default):
            return reading.taxed, f"{reading.switch}={reading.id}"
    known = [reading.id for reading in row.readings]
    wanted = readings.get(row.readings[0].switch)
    raise BadInput(
        "rulebook.unknown_reading",
        value=wanted,
        expected=", ".join(known),
        choices=known,
        switch=row.readings[0].switch,
    )


def tax_schema() -> dict[str, Any]:
    """Return the JSON Schema of the format, committed as ``constraints/tax.schema.json``."""
    schema: dict[str, Any] = TaxTable.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "absalloc tax table", **schema}


if __name__ == "__main__":
    import sys

    sys.stdout.write(json.dumps(tax_schema(), ensure_ascii=False, indent=2) + "\n")
