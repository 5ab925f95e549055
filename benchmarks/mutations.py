"""Every way to get one thing of a rule wrong: its data with one place changed.

A mutant is a rule as the YAML writes it (nested mappings of texts), with the sets and combined columns of its book.
What several places of a rule say together (a first day written twice, a field that a default reading replaces) is
changed together or left to the place that speaks, so that a mutant means something else wherever that is possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from mutate_predicates import GONE, Change, Path, notches, optional, predicate_changes, put

from absalloc.rulebook.check_names import SIZE_COLUMNS
from absalloc.terms import AMOUNTS, MEASURES, TEST_TIMES, column

KINDS = (
    "limit", "comparison", "denominator", "filter", "measure", "by", "tested", "band", "date", "reading", "exception",
    "applies", "scope", "column",
)  # fmt: skip
GROUPS = ("tranche_id", "deal_id", "originator", "core_debtor", "issuer", "ultimate_group")
ATTRIBUTES = ("risk_weight", "days_to_maturity", "wal", "modified_duration")


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
    own = {key: value for key, value in rule.items() if key != "by" or not isinstance(value, dict)}
    used = _used(own, sets)  # a link names columns of its table, not of the book
    seen: set[str] = set()
    for kind, what, new in _rule(rule, book):
        if repr(new) not in seen and new != rule:
            seen.add(repr(new))
            yield Mutant(kind, what, new, sets, columns)
    for name in (name for name in sets if name in used):
        for _, what, new in predicate_changes(sets[name], f"sets.{name}"):
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
    yield from _once(rule, "applies", lambda value: optional(value, "applies", mandate=True))
    for key in ("readings", "exceptions"):
        for index, item in enumerate(rule.get(key, [])):
            of_item = _reading if key == "readings" else _exception
            for kind, what, new in of_item(item, rule, book):
                name = item["id"] if key == "exceptions" else f"{item['switch']}={item['id']}"
                yield kind, f"{key}.{name}.{what}", put(rule, (key, index), new)
    yield from _defaults(rule)
    if "unless" in rule:
        yield "comparison", "unless dropped", put(rule, ("unless",), GONE)
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
    yield from _once(rule, "where", lambda value: optional(value, f"{name}where"))
    yield from _once(rule, "require", lambda value: predicate_changes(value, f"{name}require"))
    if "measure" in rule or rule.get("kind") in ("share", "threshold_sum"):
        for what, new in _measure(rule.get("measure", "market_value"), f"{name}measure"):
            yield "measure", what, {**rule, "measure": new}
    if "by" in rule or rule.get("kind") in ("share", "average", "capital"):
        for what, new in _by(rule.get("by"), f"{name}by", book):
            yield "by", what, put(rule, ("by",), new)
    if "kind" in rule:
        yield from _testing(rule)


def _testing(rule: dict[str, Any]) -> Iterator[Change]:
    tested = rule.get("tested", "always")
    for other in (item for item in TEST_TIMES if item != tested):
        yield "tested", f"tested {other} for {tested}", {**rule, "tested": other}
    for key in (key for key in ("over", "up_to", "if_held") if key in rule):
        yield "band", f"{key} dropped", put(rule, (key,), GONE)
        for new in notches(rule[key]):
            yield "band", f"{key} {new} for {rule[key]}", {**rule, key: new}
    if rule["kind"] == "count":
        turned = "false" if rule.get("of_trade") == "true" else "true"
        yield "band", f"of_trade {turned}", {**rule, "of_trade": turned}
    if "scope" in rule:
        yield "scope", f"scope portfolio for {rule['scope']}", put(rule, ("scope",), GONE)


def _once(rule: dict[str, Any], key: str, changes: Any) -> Iterator[Change]:
    if key in rule:
        for kind, what, new in changes(rule[key]):
            yield ("applies" if key == "applies" else kind), what, put(rule, (key,), new)


# -- limits and dates ----------------------------------------------------------------------------------------------


def _limit(value: Any, name: str) -> Iterator[Change]:
    if isinstance(value, dict):  # from a list
        for key in ("expires", "column"):
            if key in value:
                yield "limit", f"{name}.{key} dropped", put(value, (key,), GONE)
        for new in notches(value["absent"]):
            yield "limit", f"{name}.absent {new} for {value['absent']}", {**value, "absent": new}
        return
    entries = [{"value": value}] if isinstance(value, str) else value
    for index, entry in enumerate(entries):
        place = f"{name}[{index}]" if len(entries) > 1 else name
        for new in notches(entry["value"]):
            yield "limit", f"{place} {new} for {entry['value']}", put(entries, (index, "value"), new)
        strict = "false" if entry.get("strict") == "true" else "true"
        yield "comparison", f"{place} strict {strict}", put(entries, (index, "strict"), strict)
        if len(entries) > 1:
            yield "limit", f"{place} {entry['value']} dropped", put(entries, (index,), GONE)
        if "when" in entry:
            for _, what, new in optional(entry["when"], f"{place}.when", mandate=True):
                yield "applies", what, put(entries, (index, "when"), new)


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
                    new = put(new, path, str(day + timedelta(days=shift - offset)))
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
            yield "denominator", f"{name}[{index}] dropped", put(of, (index,), GONE)
            yield "denominator", f"{name}[{index}] sign", put(of, (index, "sign"), str(-int(part.get("sign", 1))))
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
            yield from ((what, put(of, ("where",), new)) for _, what, new in optional(of["where"], ".where"))


def _plus(plus: Any, name: str) -> Iterator[Change]:
    yield "scope", f"{name} dropped", GONE
    parts = plus if isinstance(plus, list) else [plus]
    for index, part in enumerate(parts):
        if "amount" in part:
            yield "scope", f"{name} nav for {part['amount']}", put(parts, (index, "amount"), "nav")


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
            yield f"{name}.weight dropped", put(by, ("weight",), GONE)
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
    for key in ("where", "without", "by", "measure", "of"):
        if key in reading and reading[key] != rule.get(key):
            yield "reading", f"{key} dropped", put(reading, (key,), GONE)
    inner = {key: value for key, value in reading.items() if key in ("where", "by", "measure", "of")}
    for kind, what, new in _ratio(inner, "", book):
        if set(new) == set(inner):
            yield kind, what, {**reading, **new}
    for kind, what, new in predicate_changes(reading["without"], "without") if "without" in reading else ():
        yield kind, what, {**reading, "without": new}


def _defaults(rule: dict[str, Any]) -> Iterator[Change]:
    """Yield the rule with another reading of each switch as the default."""
    readings = rule.get("readings", [])
    for index, reading in enumerate(readings):
        if reading.get("default") == "true":
            continue
        plain = [put({"default": None, **item}, ("default",), GONE) for item in readings]
        others = [new if old["switch"] == reading["switch"] else old for old, new in zip(readings, plain, strict=True)]
        moved = put(others, (index, "default"), "true")
        yield "reading", f"readings.{reading['switch']}={reading['id']} as default", {**rule, "readings": moved}


def _exception(item: dict[str, Any], rule: dict[str, Any], book: dict[str, Any]) -> Iterator[Change]:
    yield "exception", "dropped", GONE
    for _, what, new in predicate_changes(item["where"], "where"):
        yield "filter", what, {**item, "where": new}
    if "when" in item:
        for _, what, new in optional(item["when"], "when", mandate=True):
            yield "exception", what, put(item, ("when",), new)
