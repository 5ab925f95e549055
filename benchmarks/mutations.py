"""Every way to get one thing of a rule wrong: its data with one place changed.

A mutant is a rule as the YAML writes it (nested mappings of texts), with the sets and combined columns of its book.
What several places of a rule say together (a first day written twice, a field that a default reading replaces) is
changed together or left to the place that speaks, so that a mutant means something else wherever that is possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, get_args

from absalloc.mandate.models import Product
from absalloc.rulebook.check_names import SIZE_COLUMNS
from absalloc.terms import AMOUNTS, IMPLIED_GRADES, INSTITUTIONS, MEASURES, RATING_GRADES, TEST_TIMES, column

KINDS = (
    "limit", "comparison", "denominator", "filter", "measure", "by", "tested", "band", "date", "reading", "exception",
    "applies", "scope", "column",
)  # fmt: skip
GROUPS = ("tranche_id", "deal_id", "originator", "core_debtor", "issuer", "ultimate_group")
ATTRIBUTES = ("risk_weight", "days_to_maturity", "wal", "modified_duration")
SIDES = {"min": ("above", "max"), "above": ("min", "below"), "max": ("below", "min"), "below": ("max", "above")}
"""Of each bound: strict or not, and the other way round."""
Path = tuple[str | int, ...]
Change = tuple[str, str, Any]
"""Kind, what was changed in words, and the value in its stead."""
GONE = object()


@dataclass(frozen=True)
class Mutant:
    """A rule with one thing changed, and the sets and columns it reads."""

    kind: str
    what: str
    rule: dict[str, Any]
    sets: dict[str, Any]
    columns: dict[str, Any]


def mutants(rule: dict[str, Any], book: dict[str, Any]) -> Iterator[Mutant]:
    """Yield every mutant of a rule of a book, each once."""
    sets, columns = book.get("sets", {}), book.get("columns", {})
    used = _used(rule, sets)
    seen: set[str] = set()
    for kind, what, new in _rule(rule, book):
        if repr(new) not in seen and new != rule:
            seen.add(repr(new))
            yield Mutant(kind, what, new, sets, columns)
    for name in (name for name in sets if name in used):
        for _, what, new in _predicate(sets[name], f"sets.{name}"):
            yield Mutant("filter", what, rule, {**sets, name: new}, columns)
    for name in (name for name in columns if name in used):
        for what, new in _combined(columns[name], f"columns.{name}"):
            yield Mutant("column", what, rule, sets, {**columns, name: new})


def _used(data: Any, sets: dict[str, Any]) -> set[str]:
    """Return every word of a rule, and of the sets it names: among them its sets and columns."""
    if isinstance(data, dict):
        found = {str(key) for key in data}.union(*(_used(value, sets) for value in data.values()))
    elif isinstance(data, list):
        found = set().union(*(_used(item, sets) for item in data))
    else:
        return {str(data)} | (_used(sets[data], sets) if data in sets else set())
    return found


# -- a rule ------------------------------------------------------------------------------------------------------


def _rule(rule: dict[str, Any], book: dict[str, Any]) -> Iterator[Change]:
    shadowed = {key for reading in rule.get("readings", []) if reading.get("default") == "true" for key in reading}
    for kind, what, part in _ratio({k: v for k, v in rule.items() if k not in shadowed}, "", book):
        if kind not in shadowed:  # a measure or a ``by`` that stands nowhere is the default reading's
            yield kind, what, {**{k: v for k, v in rule.items() if k in shadowed}, **part}
    yield from _dates(rule, date.fromisoformat(book["modelled"]["from"]))
    yield from _once(rule, "applies", lambda value: _optional(value, "applies", mandate=True))
    for key in ("readings", "exceptions"):
        for index, item in enumerate(rule.get(key, [])):
            of_item = _reading if key == "readings" else _exception
            for kind, what, new in of_item(item, rule, book):
                name = item["id"] if key == "exceptions" else f"{item['switch']}={item['id']}"
                yield kind, f"{key}.{name}.{what}", _put(rule, (key, index), new)
    yield from _defaults(rule)
    if "unless" in rule:
        yield "comparison", "unless dropped", _put(rule, ("unless",), GONE)
        for kind, what, new in _ratio(rule["unless"], "unless.", book):
            yield kind, what, {**rule, "unless": new}


def _ratio(rule: dict[str, Any], name: str, book: dict[str, Any]) -> Iterator[Change]:
    """Yield the changes of a rule, a reading or an ``unless``: whatever says which ratio is held to what."""
    for side in ("max", "min"):
        yield from _once(rule, side, lambda value, s=side: _limit(value, name + s))
    if rule.get("kind") != "eligibility":  # there the comparison stands in ``require``
        for side, other in (("max", "min"), ("min", "max")):
            if side in rule:
                turned = {other if key == side else key: value for key, value in rule.items()}
                yield "comparison", f"{name}{side} for {other}", turned
    yield from _once(rule, "of", lambda value: _denominator(value, f"{name}of"))
    yield from _once(rule, "plus", lambda value: _plus(value, f"{name}plus"))
    yield from _once(rule, "where", lambda value: _optional(value, f"{name}where"))
    yield from _once(rule, "require", lambda value: _predicate(value, f"{name}require"))
    if "measure" in rule or rule.get("kind") in ("share", "threshold_sum"):
        for what, new in _measure(rule.get("measure", "market_value"), f"{name}measure"):
            yield "measure", what, {**rule, "measure": new}
    if "by" in rule or rule.get("kind") in ("share", "average", "capital"):
        for what, new in _by(rule.get("by"), f"{name}by", book):
            yield "by", what, _put(rule, ("by",), new)
    if "kind" in rule:
        yield from _testing(rule)


def _testing(rule: dict[str, Any]) -> Iterator[Change]:
    tested = rule.get("tested", "always")
    for other in (item for item in TEST_TIMES if item != tested):
        yield "tested", f"tested {other} for {tested}", {**rule, "tested": other}
    for key in (key for key in ("over", "up_to", "if_held") if key in rule):
        yield "band", f"{key} dropped", _put(rule, (key,), GONE)
        for new in _notches(rule[key]):
            yield "band", f"{key} {new} for {rule[key]}", {**rule, key: new}
    if rule["kind"] == "count":
        turned = "false" if rule.get("of_trade") == "true" else "true"
        yield "band", f"of_trade {turned}", {**rule, "of_trade": turned}
    if "scope" in rule:
        yield "scope", f"scope portfolio for {rule['scope']}", _put(rule, ("scope",), GONE)


def _once(rule: dict[str, Any], key: str, changes: Any) -> Iterator[Change]:
    if key in rule:
        for kind, what, new in changes(rule[key]):
            yield ("applies" if key == "applies" else kind), what, _put(rule, (key,), new)


def _put(data: Any, path: Path, new: Any) -> Any:
    """Return a copy with ``new`` at a path; GONE and None take the key away."""
    head, *rest = path
    value = _put(data[head], tuple(rest), new) if rest else new
    if isinstance(data, list):
        changed = [value if index == head else item for index, item in enumerate(data)]
        return [item for item in changed if item is not GONE]
    if value is GONE or value is None:
        return {key: item for key, item in data.items() if key != head}
    return {**data, head: value}


# -- limits and dates ----------------------------------------------------------------------------------------------


def _limit(value: Any, name: str) -> Iterator[Change]:
    if isinstance(value, dict):  # from a list
        for key in ("expires", "column"):
            if key in value:
                yield "limit", f"{name}.{key} dropped", _put(value, (key,), GONE)
        for new in _notches(value["absent"]):
            yield "limit", f"{name}.absent {new} for {value['absent']}", {**value, "absent": new}
        return
    entries = [{"value": value}] if isinstance(value, str) else value
    for index, entry in enumerate(entries):
        place = f"{name}[{index}]" if len(entries) > 1 else name
        for new in _notches(entry["value"]):
            yield "limit", f"{place} {new} for {entry['value']}", _put(entries, (index, "value"), new)
        strict = "false" if entry.get("strict") == "true" else "true"
        yield "comparison", f"{place} strict {strict}", _put(entries, (index, "strict"), strict)
        if len(entries) > 1:
            yield "limit", f"{place} {entry['value']} dropped", _put(entries, (index,), GONE)
        if "when" in entry:
            for _, what, new in _optional(entry["when"], f"{place}.when", mandate=True):
                yield "applies", what, _put(entries, (index, "when"), new)


def _notches(text: str) -> list[str]:
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


def _dates(rule: dict[str, Any], modelled: date) -> Iterator[Change]:
    """Yield the rule with each of its days of change one day earlier and later, wherever it stands."""
    places = list(_dated(rule, ()))
    for edge in sorted({day for _, day, _ in places}):
        for shift in (-1, 1):
            if edge <= modelled and shift < 0:
                continue  # no day before is modelled
            new = rule
            for path, day, offset in places:
                if day == edge:
                    new = _put(new, path, str(day + timedelta(days=shift - offset)))
            yield "date", f"{edge} {shift:+d} day", new


def _dated(data: Any, path: Path) -> Iterator[tuple[Path, date, int]]:
    """Yield (path, first day of what is new, how many days later than what is written)."""
    items: Iterable[tuple[Any, Any]] = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        if key in ("from", "to") and isinstance(value, str):
            offset = 0 if key == "from" else 1
            yield (*path, key), date.fromisoformat(value) + timedelta(days=offset), offset
        elif isinstance(value, dict | list):
            yield from _dated(value, (*path, key))


# -- denominators, measures, groups ---------------------------------------------------------------------------------


def _denominator(of: Any, name: str) -> Iterator[Change]:
    yield "denominator", f"{name} dropped", GONE
    if isinstance(of, str):
        pool: tuple[str, ...] = SIZE_COLUMNS if of in SIZE_COLUMNS else AMOUNTS
        for other in (item for item in pool if item != of):
            yield "denominator", f"{name} {other} for {of}", other
        yield "denominator", f"{name} all holdings for {of}", {"measure": "market_value"}
        if of in SIZE_COLUMNS:
            yield "denominator", f"{name} sum of {of} for {of}", {"universe": of}
    elif isinstance(of, list):
        for index, part in enumerate(of):
            yield "denominator", f"{name}[{index}] dropped", _put(of, (index,), GONE)
            yield "denominator", f"{name}[{index}] sign", _put(of, (index, "sign"), str(-int(part.get("sign", 1))))
    else:
        for what, new in _part(of):
            yield "denominator", f"{name}{what}", new


def _part(of: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if "amount" in of:
        yield " of any day", of["amount"]
        if "as_of" in of:
            quarter, year = "previous_quarter_end", "previous_year_end"
            yield ".as_of", {**of, "as_of": quarter if of["as_of"] == year else year}
        for other in (item for item in AMOUNTS if item != of["amount"]):
            yield f" {other} for {of['amount']}", {**of, "amount": other}
    if "universe" in of:
        others = (item for item in SIZE_COLUMNS if item != of["universe"])
        yield from ((f" {other} for {of['universe']}", {"universe": other}) for other in others)
    if "reference" in of:
        yield from ((f" sum of {size} for {of['reference']}", {"universe": size}) for size in SIZE_COLUMNS)
    if "measure" in of:
        yield " nav for holdings", "nav"
        yield from ((what, {**of, "measure": new}) for what, new in _measure(of["measure"], ".measure"))
        if "where" in of:
            yield from ((what, _put(of, ("where",), new)) for _, what, new in _optional(of["where"], ".where"))


def _plus(plus: Any, name: str) -> Iterator[Change]:
    yield "scope", f"{name} dropped", GONE
    parts = plus if isinstance(plus, list) else [plus]
    for index, part in enumerate(parts):
        if "amount" in part:
            yield "scope", f"{name} nav for {part['amount']}", _put(parts, (index, "amount"), "nav")


def _measure(measure: Any, name: str) -> Iterator[tuple[str, Any]]:
    base, *rest = [measure] if isinstance(measure, str) else measure
    for other in (item for item in MEASURES if item != base):
        yield f"{name} {other} for {base}", [other, *rest] if rest else other
    if rest:
        yield f"{name} without {rest[0]}", base
        yield from ((f"{name} {other} for {rest[0]}", [base, other]) for other in ATTRIBUTES if other != rest[0])


def _by(by: Any, name: str, book: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if by is not None:
        yield f"{name} dropped", None
    if isinstance(by, dict):
        if "weight" in by:
            yield f"{name}.weight dropped", _put(by, ("weight",), GONE)
        yield f"{name} tranche_id", "tranche_id"
        return
    names = [] if by is None else [by] if isinstance(by, str) else list(by)
    texts = [key for key, item in book.get("columns", {}).items() if _kind(item) == "text"]
    for other in (item for item in (*GROUPS, *texts) if item not in names):
        yield f"{name} {other} for {', '.join(names) or 'none'}", other
    if len(names) > 1:
        for one in names:
            yield f"{name} without {one}", [item for item in names if item != one]


def _kind(combined: dict[str, Any]) -> str:
    inputs = combined.get("first_of") or combined["from"]
    found = column(inputs[0] if isinstance(inputs, list) else inputs)
    return "text" if found is None else found.kind


def _combined(combined: dict[str, Any], name: str) -> Iterator[tuple[str, Any]]:
    for key in (key for key in ("from", "first_of") if isinstance(combined.get(key), list)):
        inputs = combined[key]
        for item in inputs if len(inputs) > 1 else ():
            yield f"{name} without {item}", {**combined, key: [other for other in inputs if other != item]}
        for at in range(1, len(inputs)) if key == "first_of" else ():
            order = [*inputs[: at - 1], inputs[at], inputs[at - 1], *inputs[at + 1 :]]
            yield f"{name} {inputs[at]} before {inputs[at - 1]}", {**combined, key: order}
    if "take" in combined:
        other = "highest" if combined["take"] == "lowest" else "lowest"
        yield f"{name} {other}", {**combined, "take": other}


# -- readings and exceptions -----------------------------------------------------------------------------------------


def _reading(reading: dict[str, Any], rule: dict[str, Any], book: dict[str, Any]) -> Iterator[Change]:
    for key in ("where", "by", "measure", "of"):
        if key in reading and reading[key] != rule.get(key):
            yield "reading", f"{key} dropped", _put(reading, (key,), GONE)
    inner = {key: value for key, value in reading.items() if key in ("where", "by", "measure", "of")}
    for kind, what, new in _ratio(inner, "", book):
        if set(new) == set(inner):
            yield kind, what, {**reading, **new}


def _defaults(rule: dict[str, Any]) -> Iterator[Change]:
    """Yield the rule with another reading of each switch as the default."""
    readings = rule.get("readings", [])
    for index, reading in enumerate(readings):
        if reading.get("default") == "true":
            continue
        plain = [_put({"default": None, **item}, ("default",), GONE) for item in readings]
        others = [new if old["switch"] == reading["switch"] else old for old, new in zip(readings, plain, strict=True)]
        moved = _put(others, (index, "default"), "true")
        yield "reading", f"readings.{reading['switch']}={reading['id']} as default", {**rule, "readings": moved}


def _exception(item: dict[str, Any], rule: dict[str, Any], book: dict[str, Any]) -> Iterator[Change]:
    yield "exception", "dropped", GONE
    for _, what, new in _predicate(item["where"], "where"):
        yield "filter", what, {**item, "where": new}
    if "when" in item:
        for _, what, new in _optional(item["when"], "when", mandate=True):
            yield "exception", what, _put(item, ("when",), new)


# -- predicates ------------------------------------------------------------------------------------------------------


def _optional(predicate: dict[str, Any], name: str, *, mandate: bool = False) -> Iterator[Change]:
    """Yield the changes of a predicate that may be left out."""
    yield "filter", f"{name} dropped", GONE
    yield from _predicate(predicate, name, mandate=mandate)


def _predicate(predicate: dict[str, Any], name: str, *, mandate: bool = False) -> Iterator[Change]:
    yield "filter", f"{name} negated", {"not": predicate}
    yield from _entries(predicate, name, mandate)


def _entries(predicate: dict[str, Any], name: str, mandate: bool) -> Iterator[Change]:
    for key, value in predicate.items():
        rest = _put(predicate, (key,), GONE)
        if rest:
            yield "filter", f"{name} without {key}", rest
        for kind, what, new in _entry(key, value, f"{name}.{key}", mandate):
            yield kind, what, {**predicate, key: new} if new is not GONE else rest


def _entry(key: str, value: Any, name: str, mandate: bool) -> Iterator[Change]:
    if key == "not":
        for kind, what, new in _predicate(value, name, mandate=mandate):
            yield kind, what, new
    elif key in ("any", "all"):
        for index, part in enumerate(value):
            if len(value) > 1:
                yield "filter", f"{name}[{index}] dropped", _put(value, (index,), GONE)
            for kind, what, new in _predicate(part, f"{name}[{index}]", mandate=mandate):
                yield kind, what, _put(value, (index,), new)
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
    return _notches(bound)


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
