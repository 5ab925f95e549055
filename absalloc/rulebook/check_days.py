"""Days of a rule in their order: what ends before it begins would never hold, and nobody would be told."""

from __future__ import annotations

from collections.abc import Iterator

from absalloc.errors import BadInput
from absalloc.rulebook.models import Book, Dated, Rule
from absalloc.yamlpos import Document


def check_days(book: Book, document: Document) -> None:
    """Check each rule and each dated value. Raises BadInput at the first ``to`` that is before its ``from``."""
    for index, rule in enumerate(book.rules):
        for item, path in _dated(rule):
            if item.from_ is not None and item.to is not None and item.to < item.from_:
                where = document.where("rules", index, *path, "to")
                raise BadInput(
                    "rulebook.days_backwards", where=where, value=item.to, expected=f"≥ {item.from_}", rule=rule.id
                )


def _dated(rule: Rule) -> Iterator[tuple[Dated | Rule, tuple[str | int, ...]]]:
    yield rule, ()
    for side in ("max", "min"):
        written = getattr(rule, side)
        for index, item in enumerate(written if isinstance(written, tuple) else ()):
            yield item, (side, index)
