"""Reading mandates, and the questions later stages ask of one."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from absalloc.errors import BadInput
from absalloc.files import resolve
from absalloc.mandate.models import Mandate
from absalloc.terms import AMOUNTS, RATING_GRADES, READING_SWITCHES
from absalloc.where import Where
from absalloc.yamlpos import Document, read_yaml, validate


@dataclass(frozen=True)
class LoadedMandate:
    """A mandate and the file it came from; attributes of the mandate are read through it."""

    model: Mandate
    file: str
    folder: Path
    document: Document = field(repr=False)

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "model"), name)

    def path(self, written: str) -> Path:
        """Return a path the mandate names, relative to its own folder; ``${NAME:-default}`` reads the environment."""
        return resolve(self.folder, written, Where(self.file))

    def amount(self, name: str) -> Fraction | None:
        """Return an amount in yuan, or None where the mandate does not give it."""
        found = self.model.amounts.get(name)
        return None if found is None else Fraction(found.value)

    def fact(self, path: str) -> str | date | None:
        """Return ``institution``, ``product.end_date``, ``facts.x``, ``reference.x`` … as text or date, or None."""
        head, _, rest = path.partition(".")
        if head == "institution":
            return str(self.model.institution)
        if head == "facts":
            return self.model.facts.get(rest)
        if head == "product":
            value = getattr(self.model.product, rest, None)
            return (
                value
                if value is None or isinstance(value, date)
                else str(value).lower()
                if isinstance(value, bool)
                else str(value)
            )
        if head == "reference":
            return self.model.reference.get(rest)
        if head in ("manager", "name"):
            return getattr(self.model, head)  # type: ignore[no-any-return]
        return None


def load_mandate(path: str | Path) -> LoadedMandate:
    """Read a mandate file.

    Raises BadInput, with file and line, for an unknown key, a ratio without %, a missing or impossible
    NAV, an unknown amount, grade or reading switch.
    """
    return _read(read_yaml(path), str(path), Path(path).resolve().parent)


def with_keys(mandate: LoadedMandate, keys: Mapping[str, Any]) -> LoadedMandate:
    """Return the mandate as if its file said something else: dotted key -> what stands there, None for nothing.

    ``{"funding": {"rate": "1.7%"}, "rulebooks": ["trust"], "targets.wal.max": "3"}``: values as the file writes them.
    Raises BadInput as ``load_mandate`` does, at the place in the file or at the nearest key above it.
    """
    data = deepcopy(mandate.document.data)
    for key, value in keys.items():
        _put(data, key.split("."), value)
    return _read(replace(mandate.document, data=data), mandate.file, mandate.folder)


def _put(data: dict[str, Any], path: list[str], value: Any) -> None:
    """Put a value at a path; an amount written short (``nav: 5000000000``) gives way to its long form."""
    *above, last = path
    for step in above:
        if not isinstance(data.get(step), dict):
            data[step] = {}
        data = data[step]
    if value is None:
        data.pop(last, None)
    else:
        data[last] = value


def _read(document: Document, file: str, folder: Path) -> LoadedMandate:
    model = validate(Mandate, document)
    _check_names(model, document)
    _check_amounts(model, document)
    return LoadedMandate(model, file, folder, document)


def _check_names(model: Mandate, document: Document) -> None:
    for name in model.readings:
        if name not in READING_SWITCHES:
            raise BadInput(
                "mandate.unknown_switch",
                where=document.where("readings", name),
                value=name,
                expected=", ".join(READING_SWITCHES),
                choices=READING_SWITCHES,
            )
    grades: Mapping[tuple[str, ...], str | None] = {
        ("targets", "rating", "min"): model.targets.rating.min if model.targets.rating else None,
        ("targets", "average_rating", "min"): model.targets.average_rating.min
        if model.targets.average_rating
        else None,
        **{("assume", "rating", seniority): grade for seniority, grade in model.assume.rating.items()},
    }
    for path, grade in grades.items():
        if grade is not None and grade not in RATING_GRADES:
            raise BadInput(
                "mandate.unknown_grade",
                where=document.where(*path),
                value=grade,
                expected="AAA … D",
                choices=RATING_GRADES,
            )


def _check_amounts(model: Mandate, document: Document) -> None:
    for name, amount in model.amounts.items():
        where = document.where("amounts", name)
        if name not in AMOUNTS:
            raise BadInput(
                "mandate.unknown_amount",
                where=where,
                value=name,
                expected=", ".join(AMOUNTS),
                choices=AMOUNTS,
            )
        if amount.value < 0 or (amount.value == 0 and name in ("nav", "tier1_capital", "net_capital")):
            raise BadInput("mandate.amount_sign", where=where, value=str(amount.value), name=name)
    needed = "tier1_capital" if model.institution == "bank_own_book" else "nav"
    if needed not in model.amounts:
        raise BadInput("mandate.amount_missing", where=document.where("amounts"), value=needed, name=model.name)
    if model.institution == "bank_own_book" and model.portfolio.invest is None and "nav" not in model.amounts:
        raise BadInput("mandate.invest_missing", where=Where(document.name, 1, 1), name=model.name)
