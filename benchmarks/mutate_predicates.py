"""Every way to get one test of a predicate wrong: a value more or less, a bound moved or turned, a part dropped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, get_args

from absalloc.mandate.models import Product
from absalloc.terms import IMPLIED_GRADES, INSTITUTIONS, RATING_GRADES, column

SIDES = {"min": ("above", "max"), "above": ("min", "below"), "max": ("below", "min"), "below": ("max", "above")}
"""Of each bound: strict or not, and the other way round."""
Path = tuple[str | int, ...]
Change = tuple[str, str, Any]
"""Kind, what was changed in words, and the value in its stead."""
GONE = object()


def put(data: Any, path: Path, new: Any) -> Any:
    """Return a copy with ``new`` at a path; GONE and None take the key away."""
    head, *rest = path
    value = put(data[head], tuple(rest), new) if rest else new
    if isinstance(data, list):
        changed = [value if index == head else item for index, item in enumerate(data)]
        return [item for item in changed if item is not GONE]
    if value is GONE or value is None:
        return {key: item for key, item in data.items() if key != head}
    return {**data, head: value}


def notches(text: str) -> list[str]:
    """Return the next value on each side: a grade, a day, a yuan, a name, a millionth of a ratio."""
    scale: list[str] = list(RATING_GRADES)
    if text in scale:
        at = scale.index(text)
        return scale[max(at - 1, 0) : at] + scale[at + 1 : at + 2]
    bare = text.rstrip("%").strip() if text.endswith("%") else text.partition(" ")[0]
    unit = text[len(bare) :]
    step = Decimal({"%": "0.0001", " years": "0.001"}.get(unit, "1"))
    number = Decimal(bare.replace("_", ""))
    return [f"{number + sign * step}{unit}" for sign in (1, -1) if number + sign * step >= 0]


def optional(predicate: dict[str, Any], name: str, *, mandate: bool = False) -> Iterator[Change]:
    """Yield the changes of a predicate that may be left out."""
    yield "filter", f"{name} dropped", GONE
    yield from predicate_changes(predicate, name, mandate=mandate)


def predicate_changes(predicate: dict[str, Any], name: str, *, mandate: bool = False) -> Iterator[Change]:
    yield "filter", f"{name} negated", {"not": predicate}
    yield from _entries(predicate, name, mandate)


def _entries(predicate: dict[str, Any], name: str, mandate: bool) -> Iterator[Change]:
    for key, value in predicate.items():
        rest = put(predicate, (key,), GONE)
        if rest:
            yield "filter", f"{name} without {key}", rest
        for kind, what, new in _entry(key, value, f"{name}.{key}", mandate):
            yield kind, what, {**predicate, key: new} if new is not GONE else rest


def _entry(key: str, value: Any, name: str, mandate: bool) -> Iterator[Change]:
    if key == "not":
        for kind, what, new in predicate_changes(value, name, mandate=mandate):
            yield kind, what, new
    elif key in ("any", "all"):
        for index, part in enumerate(value):
            if len(value) > 1:
                yield "filter", f"{name}[{index}] dropped", put(value, (index,), GONE)
            for kind, what, new in predicate_changes(part, f"{name}[{index}]", mandate=mandate):
                yield kind, what, put(value, (index,), new)
    elif isinstance(value, dict):
        if set(value) & set(SIDES):
            yield from _range(key, value, name)
        elif set(value) != {"in_list"}:
            yield from _entries(value, name, True)  # a path into the mandate
    elif key not in ("in_set", "missing"):
        yield from _values(value, name, mandate)


def _range(key: str, bounds: dict[str, Any], name: str) -> Iterator[Change]:
    for side, bound in bounds.items():
        for other in SIDES[side]:
            turned = {other if each == side else each: value for each, value in bounds.items()}
            yield "comparison", f"{name} {other} for {side}", turned
        if isinstance(bound, str) and bound != "limit":
            for new in _moved(key, bound):
                yield "filter", f"{name}.{side} {new} for {bound}", {**bounds, side: new}


def _moved(key: str, bound: str) -> list[str]:
    found = column(key)
    if found is not None and found.kind == "implied":
        scale = list(IMPLIED_GRADES)
        at = scale.index(bound)
        return scale[max(at - 1, 0) : at] + scale[at + 1 : at + 2]
    if found is not None and found.kind == "date":
        return [str(date.fromisoformat(bound) + timedelta(days=shift)) for shift in (-1, 1)]
    return notches(bound)


def _values(value: Any, name: str, mandate: bool) -> Iterator[Change]:
    values = [value] if isinstance(value, str) else value
    for one in values if len(values) > 1 else ():
        yield "filter", f"{name} without {one}", [item for item in values if item != one]
    known = _known(name, mandate)
    if known == ("true", "false"):
        yield "filter", f"{name} {'false' if values == ['true'] else 'true'}", "false" if values == ["true"] else "true"
        return
    for other in (item for item in known if item not in values):
        yield "filter", f"{name} with {other}", [*values, other]


def _known(name: str, mandate: bool) -> tuple[str, ...]:
    """Return the closed values of a column, or of a key of the mandate; none where any text may stand."""
    key = name.rpartition(".")[2]
    if mandate:
        if key == "institution":
            return INSTITUTIONS
        if name.endswith(f".product.{key}") and key in Product.model_fields:
            return _choices(Product.model_fields[key].annotation)
        return ()
    found = column(key)
    return () if found is None else ("true", "false") if found.kind == "bool" else found.values


def _choices(annotation: Any) -> tuple[str, ...]:
    if annotation is bool or bool in get_args(annotation):
        return ("true", "false")
    options = [item for part in (annotation, *get_args(annotation)) for item in get_args(part)]
    return tuple(item for item in options if isinstance(item, str))
