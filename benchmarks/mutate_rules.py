"""Do the cases notice? Every rule that ships is changed in one place at a time, and one of its cases must fail.

python benchmarks/mutate_rules.py [RULEBOOK | RULEBOOK/RULE …] [--json] [--kind KIND]

Exit code 0 where every mutant is killed or explained in ``equivalent_mutants.yaml``, 1 where one survives or an
explanation has no mutant any more.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mutations import KINDS, Mutant, mutants

from absalloc.compliance.case_books import case_book
from absalloc.compliance.case_files import Case, Cases, load_cases
from absalloc.compliance.cases import case_differences
from absalloc.compliance.exact import evaluate_exact
from absalloc.errors import BadInput
from absalloc.rows.state import BookState
from absalloc.rulebook.active import resolve
from absalloc.rulebook.check_names import check_book
from absalloc.rulebook.load import Rulebook, shipped_rulebooks
from absalloc.rulebook.models import Book
from absalloc.yamlpos import Document, read_yaml, validate

EQUIVALENT = Path(__file__).resolve().parent / "equivalent_mutants.yaml"
MUST = ("limit", "comparison", "denominator", "filter")
"""Kinds of which every mutant must be killed or explained."""


@dataclass(frozen=True)
class Verdict:
    """One mutant of one rule: killed by a case, explained as equivalent, or surviving."""

    rule: str
    kind: str
    what: str
    killed_by: str | None
    reason: str | None = None

    @property
    def survives(self) -> bool:
        """Whether no case notices and nobody says why none can."""
        return self.killed_by is None and self.reason is None


@dataclass
class Bench:
    """The cases of one rule, each with its book built once."""

    cases: Cases
    rule: str
    own: list[tuple[Case, BookState]]

    def killer(self, book: Rulebook) -> str | None:
        """Return the first case that fails under a book; it moves to the front, as likely to kill the next."""
        for at, (case, state) in enumerate(self.own):
            if _fails(case, state, book):
                self.own.insert(0, self.own.pop(at))
                return case.id
        return None


def _fails(case: Case, state: BookState, book: Rulebook) -> bool:
    try:
        rules = resolve(state.mandate, state.as_of, books=(book,))
        findings = evaluate_exact([replace(state, rules=rules)], rules=[case.rule])
    except BadInput:
        return True  # said aloud is noticed
    return bool(case_differences(case, findings))


def mutated(original: Rulebook, mutant: Mutant) -> Rulebook | None:
    """Return the book with the one rule changed, None where the format already refuses it."""
    data = {**original.document.data, "rules": [mutant.rule]}
    data |= {key: value for key, value in (("sets", mutant.sets), ("columns", mutant.columns)) if value}
    document = Document(original.file, data, {})
    try:
        book: Book = validate(Book, document)
        check_book(book, document)
    except BadInput:
        return None
    return Rulebook(book, original.file, "", document)


def verdicts(cases: Cases, rule: str, reasons: dict[tuple[str, str], str], kind: str | None) -> Iterator[Verdict]:
    """Yield what became of every mutant of a rule."""
    raw = next(item for item in cases.book.document.data["rules"] if item["id"] == rule)
    own = [(case, case_book(cases, case, at)) for at, case in enumerate(cases.file.cases) if case.rule == rule]
    bench = Bench(cases, rule, own)
    failing = bench.killer(cases.book)
    if failing is not None:
        raise SystemExit(f"{cases.book.id}: the case {failing} fails as it stands")
    name = f"{cases.book.id}/{rule}"
    for mutant in mutants(raw, cases.book.document.data):
        if kind is not None and mutant.kind != kind:
            continue
        book = mutated(cases.book, mutant)
        if book is not None:
            killed = bench.killer(book)
            reason = None if killed else reasons.get((name, mutant.what), reasons.get((rule, mutant.what)))
            yield Verdict(name, mutant.kind, mutant.what, killed, reason)


def explained(path: Path = EQUIVALENT) -> dict[tuple[str, str], str]:
    """Return (rule in full, or its short id for all books, what) -> why the mutant means the same."""
    data: dict[str, Any] = read_yaml(path).data
    found: dict[tuple[str, str], str] = {}
    for entry in data["equivalent"]:
        rules = entry["rules"] if isinstance(entry["rules"], list) else [entry["rules"]]
        mutants_ = entry["mutants"] if isinstance(entry["mutants"], list) else [entry["mutants"]]
        found |= {(rule, what): entry["reason"] for rule in rules for what in mutants_}
    return found


def chosen(names: list[str]) -> Iterator[tuple[Cases, str]]:
    """Yield the rules named in full, all of the rulebooks named, or all that ship."""
    wanted = names or list(shipped_rulebooks())
    for book in dict.fromkeys(name.partition("/")[0] for name in wanted):
        cases = load_cases(book)
        for rule in cases.book.rules:
            if book in wanted or f"{book}/{rule}" in wanted:
                yield cases, rule


def stale(found: list[Verdict], reasons: dict[tuple[str, str], str]) -> list[str]:
    """Return the explanations that explain nothing: no mutant of that name, or none of that rule, needs one."""
    used = {(each, item.what) for item in found if item.reason for each in (item.rule, item.rule.partition("/")[2])}
    rules, whats = {rule for rule, _ in used}, {what for _, what in used}
    return [f"{rule}: {what}" for rule, what in reasons if rule not in rules or what not in whats]


def report(found: list[Verdict], dead: list[str]) -> dict[str, Any]:
    """Return the scores by kind, what survives and what is explained, as plain data."""
    kinds = {}
    for kind in KINDS:
        own = [item for item in found if item.kind == kind]
        count = Counter("killed" if i.killed_by else "equivalent" if i.reason else "survived" for i in own)
        meant = len(own) - count["equivalent"]
        kinds[kind] = {"mutants": len(own), **{key: count[key] for key in ("killed", "equivalent", "survived")},
                       "score": None if not meant else count["killed"] / meant}  # fmt: skip
    total = sum(item["killed"] + item["survived"] for item in kinds.values())
    return {
        "schema": "absalloc.mutation/1",
        "score": sum(item["killed"] for item in kinds.values()) / total if total else None,
        "kinds": kinds,
        "survivors": [{"rule": i.rule, "kind": i.kind, "mutant": i.what} for i in found if i.survives],
        "stale_explanations": dead,
    }


def printed(said: dict[str, Any]) -> None:
    """Print a report as a table."""
    print(f"{'kind':<14}{'mutants':>9}{'killed':>9}{'equivalent':>12}{'survived':>10}{'score':>9}")
    for kind, item in said["kinds"].items():
        score = "–" if item["score"] is None else f"{item['score']:.2%}"
        print(
            f"{kind:<14}{item['mutants']:>9}{item['killed']:>9}{item['equivalent']:>12}{item['survived']:>10}{score:>9}"
        )
    for item in said["survivors"]:
        print(f"SURVIVES {item['rule']} [{item['kind']}] {item['mutant']}")
    for item in said["stale_explanations"]:
        print(f"EXPLAINS NOTHING {item}")
    score = "–" if said["score"] is None else f"{said['score']:.2%}"
    print(f"score {score}, {len(said['survivors'])} survive")


def main() -> int:
    """Mutate, print, and say by the exit code whether anything survives."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="RULEBOOK[/RULE]")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--kind", choices=KINDS, help="only mutants of one kind")
    given = parser.parse_args()
    reasons = explained()
    found: list[Verdict] = []
    for cases, rule in chosen(given.names):
        if sys.stderr.isatty():
            print(f"\r{cases.book.id}/{rule:<60}", end="", file=sys.stderr)
        found += verdicts(cases, rule, reasons, given.kind)
    whole = not given.names and given.kind is None
    said = report(found, stale(found, reasons) if whole else [])
    print(json.dumps(said, ensure_ascii=False, indent=1)) if given.json else printed(said)
    return 1 if said["survivors"] or said["stale_explanations"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
