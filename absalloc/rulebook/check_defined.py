"""What a rulebook defines for itself, sets and combined columns, is made of what is known, and never of itself."""

from __future__ import annotations

from absalloc.errors import BadInput
from absalloc.predicate import InSet, leaves
from absalloc.rulebook.models import Book
from absalloc.terms import AGENCIES, COLUMNS, PREFIXED_COLUMNS, column
from absalloc.yamlpos import Document

TESTS = 10_000
"""How many tests a set may come to, with the sets it names: sets that double would stop the machine."""


def check_defined(book: Book, document: Document) -> None:
    """Check the sets and columns of a rulebook. Raises BadInput at the first that cannot be what it says."""
    for name in book.columns:
        _check_column(book, name, document)
    sizes: dict[str, int] = {}
    for name in book.sets:
        _check_set(book, name, document, (), sizes)


def _check_column(book: Book, name: str, document: Document) -> None:
    """Every column combined is one of the vocabulary, of one kind; a misspelt one would silently not count."""
    if column(name) is not None:
        raise BadInput("rulebook.column_taken", where=document.where("columns", name), value=name)
    combined = book.columns[name]
    side = "first_of" if combined.first_of else "from"
    kinds: dict[str, str] = {}
    for place, part in enumerate(combined.inputs):
        where = document.where("columns", name, side, place)
        found = column(part.replace(".*", ".any"))
        if found is None:
            raise BadInput("rulebook.column_part", where=where, value=part, choices=_names(), column=name)
        kinds[found.kind] = part
        if len(kinds) > 1:
            parts = ", ".join(f"{each} ({kind})" for kind, each in kinds.items())
            raise BadInput("rulebook.column_kinds", where=where, value=name, parts=parts)


def _names() -> list[str]:
    """Return every column of the vocabulary, those by agency among them."""
    return [*COLUMNS, *(f"{prefix}.{agency}" for prefix in PREFIXED_COLUMNS for agency in AGENCIES)]


def _check_set(book: Book, name: str, document: Document, above: tuple[str, ...], sizes: dict[str, int]) -> int:
    """Return how many tests a set comes to; none is defined by itself, nor by one that is defined by it."""
    where = document.where("sets", name)
    if name in above:
        ring = " → ".join((*above[above.index(name) :], name))
        raise BadInput("rulebook.set_cycle", where=where, value=name, ring=ring)
    if name not in sizes:
        within = [leaf.name for leaf in leaves(book.sets[name]) if isinstance(leaf, InSet) and leaf.name in book.sets]
        own = sum(1 for _ in leaves(book.sets[name]))
        sizes[name] = own + sum(_check_set(book, each, document, (*above, name), sizes) for each in within)
        if sizes[name] > TESTS:
            raise BadInput("rulebook.set_large", where=where, value=name, tests=sizes[name], expected=TESTS)
    return sizes[name]
