"""Standard or not: 标准化债权类资产认定规则 as data, ``constraints/standard-debt.yaml``, read without the schema.

The format is ``recognition_table``, to which a test holds the file that ships: facts are derived on every run, and
should not wait for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from absalloc._resources import data_root
from absalloc.predicate import Predicate, parse_predicate, truth
from absalloc.yamlpos import Document, parse_yaml

FILE = "standard-debt.yaml"
Kinds = tuple[tuple[Predicate, bool], ...]


@cache
def shipped() -> Document:
    """Return the file that ships."""
    text = data_root("constraints").joinpath(FILE).read_text(encoding="utf-8")
    return parse_yaml(text, f"constraints/{FILE}")


@cache
def _kinds() -> Kinds:
    return tuple((parse_predicate(row["where"]), row["nonstandard"] == "true") for row in shipped().data["rows"])


@cache
def is_nonstandard(product: str | None, market: str | None) -> bool | None:
    """Return whether an instrument is non-standard by the first row that holds of it, None where that is not known."""
    return decided(_kinds(), product, market)


def decided(kinds: Iterable[tuple[Predicate, bool]], product: str | None, market: str | None) -> bool | None:
    """Return what the rows say in turn; one that may or may not hold leaves it unknown."""
    for where, nonstandard in kinds:
        holds = truth(where, {"product": product, "market": market})
        if holds is not False:
            return nonstandard if holds else None
    return None
