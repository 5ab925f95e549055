"""Is this answer what it claims to be? Verify a certificate of absalloc with nothing but the standard library.

    python verify_standalone.py certificate.json

Exit code 0: every check holds. 1: one fails. 2: the file is no certificate of this version.

The certificate holds a program (minimise c·x + offset within row and column bounds, every number an exact decimal), a
point x, and one multiplier per row. All is computed again here in exact fractions: that x keeps every bound, what it
costs, and the lower bound that the multipliers prove (weak duality). One of branch and bound is called claimed.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

SCHEMA = "absalloc.certificate/1"
LP_GAP = Fraction(1, 10**7)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,400})(\.[0-9]{1,1200})?")
_Json = dict[str, Any]
_Ends = tuple[Fraction | None, Fraction | None]
_HASH = re.compile(r"[0-9a-f]{64}")
_SHAPE: dict[str, tuple[str, ...]] = {
    "": ("schema", "meta", "inputs", "problem", "solution", "proof", "claim", "sha256"),
    "inputs": ("universe_sha256", "rulebook_sha256"),
    "problem": ("offset", "columns", "rows", "matrix"),
    "columns": ("names", "cost", "lower", "upper", "integrality"),
    "rows": ("names", "lower", "upper"),
    "matrix": ("indptr", "indices", "values"),
    "solution": ("x", "row_activity", "objective"),
    "proof": ("kind", "row_dual", "bound", "gap"),
    "claim": ("status", "solver", "bound", "gap_allowed"),
}
TEXTS = {
    "hash": "the certificate has the hash it states",
    "column_bounds": "every column lies within its bounds ({n} columns)",
    "integrality": "every integer column is whole, every semi-continuous one nil or within bounds ({n} such columns)",
    "row_activity": "the stated row activities are those of x ({n} rows)",
    "row_bounds": "every row lies within its bounds, exactly ({n} rows)",
    "objective": "the stated objective is that of x: {value}",
    "bound": "the multipliers prove the stated lower bound: {value}",
    "gap": "the stated gap is that of objective and bound: {value}",
    "status": "the status '{value}' is what the numbers allow",
    "worst": "; {count} fail, first {first}",
}
PROVEN = {
    "feasible": "the answer keeps every bound of the program exactly, whole lots included",
    "objective": "the stated objective is that of the answer",
    "bound": "no answer to the program is better than the stated bound",
    "relaxation_bound": "no answer is better than the stated bound, that of the program without whole numbers",
    "optimal": "no answer to the program is better, but for one part in ten million",
    "optimal_within_gap": "no answer to the program is better by more than the gap allowed, {gap} of its size",
}
CLAIMED = {
    "optimal": "that no answer to the program is better by more than the gap allowed, {gap} of its size",
    "branch_and_bound_bound": "the bound of branch and bound, {bound}: a search leaves no proof",
    "inputs": "that the program says what the universe and the rules of the stated hashes say",
    "scenarios": "that the rows in scenarios hold what becomes of each line there: {scenarios}",
    "draws": "that the row of the tail averages the worst draws, and that no worse average exceeds the cap: {draws}",
}


class Unusable(ValueError):
    """The document is no certificate of this version: ``code`` says why, ``field`` where."""

    def __init__(self, code: str, field: str, value: object = None) -> None:
        super().__init__(f"{code}: {field} {value if value is not None else ''}".rstrip())
        self.code, self.field, self.value = code, field, value


@dataclass(frozen=True)
class Check:
    """One check: its name, whether it holds, and the fields of its text; ``failed`` names what fails."""

    name: str
    ok: bool
    fields: dict[str, object]
    failed: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The check in English."""
        worst = TEXTS["worst"].format(count=len(self.failed), first=self.failed[0]) if self.failed else ""
        return TEXTS[self.name].format(**self.fields) + worst


@dataclass(frozen=True)
class VerifyResult:
    """``ok`` if every check holds; ``proven``: what the file proves, ``claimed``: what it only says, by their codes."""

    ok: bool
    checks: tuple[Check, ...]
    proven: tuple[str, ...]
    claimed: tuple[str, ...]


def load(text: str) -> dict[str, Any]:
    """Return the document of a certificate's text. Raises Unusable for what is not one JSON object without repeats."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise Unusable("repeated", ", ".join(key for key, _ in pairs))
        return dict(pairs)

    def refuse(word: str) -> Any:
        raise Unusable("number", word)

    try:
        document = json.loads(text, object_pairs_hook=once, parse_constant=refuse)
    except (json.JSONDecodeError, RecursionError) as error:
        raise Unusable("json", str(error)) from error
    if isinstance(document, dict):
        return document
    raise Unusable("json", type(document).__name__)


def canonical(document: dict[str, Any]) -> bytes:
    """Return the bytes a certificate is hashed over: sorted keys, no blanks, UTF-8, without its own hash."""
    body = {key: value for key, value in document.items() if key != "sha256"}
    return json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def decimal(value: Fraction) -> str:
    """Return a fraction as an exact plain decimal. Raises Unusable where it has none."""
    power, rest = 0, value.denominator
    for prime in (10, 5, 2):
        while rest % prime == 0:
            power, rest = power + 1, rest // prime
    if rest != 1:
        raise Unusable("decimal", str(value))
    whole = str(abs(value.numerator) * 10**power // value.denominator).rjust(power + 1, "0")
    head, tail = (whole[:-power], whole[-power:].rstrip("0")) if power else (whole, "")
    return ("-" if value < 0 else "") + head + ("." + tail if tail else "")


@dataclass(frozen=True)
class _Program:
    """A certificate read: numbers as fractions, None for a bound that is infinite."""

    cost: list[Fraction]
    offset: Fraction
    rows: list[list[tuple[int, Fraction]]]
    row_bounds: list[_Ends]
    col_bounds: list[_Ends]
    kinds: list[int]
    x: list[Fraction]
    y: list[Fraction]
    col_names: list[str]
    row_names: list[str]


def verify(document: dict[str, Any]) -> VerifyResult:
    """Return the verdict on a certificate, everything computed again. Raises Unusable where it cannot be read."""
    program = _read(document)
    stated, proof = document["solution"], document["proof"]
    activity, objective, _, gap = found = _computed(program)
    true = _stated(*found)
    same = [a == s for a, s in zip(true["row_activity"], stated["row_activity"], strict=True)]
    columns = zip(program.x, program.col_bounds, program.kinds, strict=True)
    kept = [_within(x, b) or (k == 2 and x == 0) for x, b, k in columns]
    inside = [_within(a, b) for a, b in zip(activity, program.row_bounds, strict=True)]
    checks = [
        Check("hash", hashlib.sha256(canonical(document)).hexdigest() == document["sha256"], {}),
        _many("column_bounds", program.col_names, kept),
        _integrality(program),
        _many("row_activity", program.row_names, same),
        _many("row_bounds", program.row_names, inside),
        Check("objective", true["objective"] == stated["objective"], {"value": stated["objective"]}),
        Check("bound", true["bound"] == proof["bound"], {"value": proof["bound"]}),
        Check("gap", true["gap"] == proof["gap"], {"value": proof["gap"]}),
        _status(program, document["claim"], objective, gap),
    ]
    return VerifyResult(all(check.ok for check in checks), tuple(checks), *_words(checks, program, document, gap))


def figures(document: dict[str, Any]) -> dict[str, Any]:
    """Return what a document has to state of its program, point and multipliers. Raises Unusable as ``verify`` does."""
    return _stated(*_computed(_read(document)))


def _computed(program: _Program) -> tuple[list[Fraction], Fraction, Fraction | None, Fraction | None]:
    activity = [sum((a * program.x[j] for j, a in row), Fraction(0)) for row in program.rows]
    objective = program.offset + sum((c * v for c, v in zip(program.cost, program.x, strict=True)), Fraction(0))
    bound = weak_duality(program)
    return activity, objective, bound, None if bound is None else relative_gap(program, objective, bound)


def _stated(activity: list[Fraction], objective: Fraction, bound: Fraction | None, gap: Fraction | None) -> _Json:
    step = 10**15  # of the gap, rounded up
    return {
        "row_activity": [decimal(value) for value in activity],
        "objective": decimal(objective),
        "bound": "-inf" if bound is None else decimal(bound),
        "gap": "inf" if gap is None else decimal(Fraction(-((-gap.numerator * step) // gap.denominator), step)),
    }


def weak_duality(program: _Program) -> Fraction | None:
    """Return the least cost that the multipliers prove for the program without integers; None for −∞.

    For any y: c·x ≥ Σ y_i·(row bound that y_i pushes against) + Σ d_j·(column bound that d_j pushes against),
    with d = c − A'y. A multiplier that pushes against no bound counts as nil.
    """
    total = program.offset
    reduced = list(program.cost)
    for y, row, (lower, upper) in zip(program.y, program.rows, program.row_bounds, strict=True):
        end = lower if y > 0 else upper
        if y == 0 or end is None:
            continue
        total += y * end
        for j, a in row:
            reduced[j] -= y * a
    for d, (lower, upper), kind in zip(reduced, program.col_bounds, program.kinds, strict=True):
        if d == 0:
            continue
        end = lower if d > 0 else upper
        if end is None:
            return None
        total += d * (end if kind != 2 else min(end, Fraction(0)) if d > 0 else max(end, Fraction(0)))
    return total


def relative_gap(program: _Program, objective: Fraction, bound: Fraction) -> Fraction:
    """Return (objective − bound), not below nil, over max(|objective|, Σ|c_j x_j|, greatest |c_j r_j| / 100).

    r_j is how far the column reaches, at most 1.
    """
    one, terms, least = Fraction(1), Fraction(0), Fraction(0)
    for c, x, ends in zip(program.cost, program.x, program.col_bounds, strict=True):
        reach = min(one, max(one if end is None else abs(end) for end in ends))
        terms, least = terms + abs(c * x), max(least, abs(c) * reach / 100)
    return max(Fraction(0), objective - bound) / (max(abs(objective), terms, least) or 1)


def _within(value: Fraction, bounds: _Ends) -> bool:
    lower, upper = bounds
    return (lower is None or lower <= value) and (upper is None or value <= upper)


def _many(name: str, names: list[str], held: list[bool]) -> Check:
    failed = tuple(label for label, ok in zip(names, held, strict=True) if not ok)
    return Check(name, not failed, {"n": len(held)}, failed)


def _integrality(program: _Program) -> Check:
    columns = zip(program.col_names, program.x, program.col_bounds, program.kinds, strict=True)
    special = [(n, x.denominator == 1 if k == 1 else x == 0 or _within(x, b)) for n, x, b, k in columns if k]
    return _many("integrality", [name for name, _ in special], [held for _, held in special])


def _status(program: _Program, claim: dict[str, Any], objective: Fraction, gap: Fraction | None) -> Check:
    """Check that ``optimal`` has a proven gap within that allowed, or with integers a claimed bound within it."""
    allowed = _number(claim["gap_allowed"], "claim.gap_allowed")
    proven = gap is not None and gap <= max(allowed, LP_GAP)
    ok = claim["status"] == "stopped" or proven
    if not ok and any(program.kinds) and claim["bound"] is not None:
        ok = relative_gap(program, objective, _number(claim["bound"], "claim.bound")) <= allowed
    return Check("status", ok, {"value": claim["status"]})


def _words(checks: list[Check], program: _Program, document: _Json, gap: Fraction | None) -> list[tuple[str, ...]]:
    claim, meta, held = document["claim"], document["meta"], {check.name: check.ok for check in checks}
    feasible = held["column_bounds"] and held["integrality"] and held["row_bounds"]
    best = feasible and gap is not None and gap <= max(_number(claim["gap_allowed"], "claim.gap_allowed"), LP_GAP)
    known = {
        "feasible": feasible,
        "objective": held["objective"],
        "relaxation_bound" if any(program.kinds) else "bound": held["bound"] and gap is not None,
        "optimal" if gap is not None and gap <= LP_GAP else "optimal_within_gap": best,
    }
    said = {
        "optimal": claim["status"] == "optimal" and not best,
        "branch_and_bound_bound": claim["bound"] is not None,
        "inputs": True,  # Whether the program is the one that the inputs ask for, no program can tell.
        **{name: bool(meta.get(name)) for name in ("scenarios", "draws")},
    }
    return [tuple(name for name, ok in kind.items() if ok) for kind in (known, said)]


def word_fields(document: dict[str, Any]) -> dict[str, str]:
    """Return what the sentences of ``PROVEN`` and ``CLAIMED`` name: gap, claimed bound, scenarios, sets of draws."""
    meta, claim = document["meta"], document["claim"]
    named = {key: ", ".join(sorted(meta.get(key) or {})) for key in ("scenarios", "draws")}
    return {"bound": str(claim["bound"]), "gap": claim["gap_allowed"], **named}


def _number(text: Any, field: str) -> Fraction:
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise Unusable("number", field, text)
    return Fraction(text)


def _read(document: dict[str, Any]) -> _Program:
    if document.get("schema") != SCHEMA:
        raise Unusable("schema", "schema", document.get("schema"))
    _keys(document, "", "document")
    problem, inputs = _part(document, "problem"), _part(document, "inputs")
    columns, rows, matrix = (_part(problem, name) for name in ("columns", "rows", "matrix"))
    solution, proof, claim = (_part(document, name) for name in ("solution", "proof", "claim"))
    _hashes(inputs, "inputs")
    meta = document["meta"]
    if not isinstance(meta, dict) or meta.get("sense") not in ("min", "max"):
        raise Unusable("word", "meta.sense")
    for name in ("scenarios", "draws"):
        _hashes(meta.get(name, {}), f"meta.{name}")
    kinds = columns["integrality"]
    n, m = len(_list(columns["names"], "columns.names", None)), len(_list(rows["names"], "rows.names", None))
    if any(type(kind) is not int or kind not in (0, 1, 2) for kind in _list(kinds, "columns.integrality", n)):
        raise Unusable("number", "columns.integrality")
    if proof["kind"] != ("relaxation" if any(kinds) else "lp") or claim["status"] not in ("optimal", "stopped"):
        raise Unusable("word", "proof.kind, claim.status", f"{proof['kind']}, {claim['status']}")
    _list(solution["row_activity"], "solution.row_activity", m)
    return _Program(
        cost=_numbers(columns["cost"], "columns.cost", n),
        offset=_number(problem["offset"], "problem.offset"),
        rows=_matrix(matrix, m, n),
        row_bounds=_bounds(rows, "rows", m),
        col_bounds=_bounds(columns, "columns", n),
        kinds=kinds,
        x=_numbers(solution["x"], "solution.x", n),
        y=_numbers(proof["row_dual"], "proof.row_dual", m),
        col_names=[str(name) for name in columns["names"]],
        row_names=[str(name) for name in rows["names"]],
    )


def _hashes(mapping: Any, field: str) -> None:
    for name, value in mapping.items() if isinstance(mapping, dict) else [("", mapping)]:
        if not isinstance(value, str) or not _HASH.fullmatch(value):
            raise Unusable("hash", f"{field}.{name}", value)


def _keys(mapping: Any, name: str, field: str) -> None:
    if not isinstance(mapping, dict) or set(mapping) != set(_SHAPE[name]):
        found = set(_SHAPE[name]) ^ set(mapping) if isinstance(mapping, dict) else {type(mapping).__name__}
        raise Unusable("keys", field, ", ".join(sorted(found)))


def _part(parent: dict[str, Any], name: str) -> dict[str, Any]:
    _keys(parent[name], name, name)
    return dict(parent[name])


def _list(values: Any, field: str, length: int | None) -> list[Any]:
    if not isinstance(values, list) or (length is not None and len(values) != length):
        raise Unusable("length", field, f"{len(values) if isinstance(values, list) else values!r} / {length}")
    return values


def _numbers(values: Any, field: str, length: int) -> list[Fraction]:
    return [_number(value, field) for value in _list(values, field, length)]


def _bounds(part: dict[str, Any], field: str, length: int) -> list[_Ends]:
    def ends(side: str, none: str) -> list[Fraction | None]:
        found = _list(part[side], f"{field}.{side}", length)
        return [None if v == none else _number(v, f"{field}.{side}") for v in found]

    return list(zip(ends("lower", "-inf"), ends("upper", "inf"), strict=True))


def _matrix(matrix: dict[str, Any], m: int, n: int) -> list[list[tuple[int, Fraction]]]:
    indptr, indices = _list(matrix["indptr"], "matrix.indptr", m + 1), _list(matrix["indices"], "matrix.indices", None)
    values = _numbers(matrix["values"], "matrix.values", len(indices))
    if any(type(v) is not int for v in (*indptr, *indices)) or any(not 0 <= j < n for j in indices):
        raise Unusable("number", "matrix.indices")
    if indptr[0] != 0 or indptr[-1] != len(indices) or any(a > b for a, b in pairwise(indptr)):
        raise Unusable("number", "matrix.indptr")
    return [list(zip(indices[a:b], values[a:b], strict=True)) for a, b in pairwise(indptr)]


def main(arguments: list[str]) -> int:
    """Verify the certificate named on the command line and print each check; return the exit code."""
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    try:
        document = load(Path(arguments[0]).read_text(encoding="utf-8"))
        result = verify(document)
    except (Unusable, OSError, UnicodeDecodeError) as error:
        print(f"not a certificate of the form {SCHEMA}: {error}", file=sys.stderr)
        return 2
    for check in result.checks:
        print("ok  " if check.ok else "FAIL", check.text)
    for code in result.proven:
        print("proven: ", PROVEN[code].format(**word_fields(document)))
    for code in result.claimed:
        print("claimed: ", CLAIMED[code].format(**word_fields(document)))
    return 0 if result.ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
