"""The rule book examined: what the rules say about each other, proven for any portfolio at once.

Of one portfolio, in any amounts, of lines whose facts are known, at prices from 0 to 1,000; its amounts (net asset
value, capital, totals of a group) may be any. A rule tested at purchase is taken to hold for the whole book, as for
one that was bought under it. Rules that are not linear in amounts (counts, thresholds, lists with limits, look-through
tables) are not examined, and are named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import combinations
from typing import Any, Literal

import numpy as np

from absalloc.messages import render
from absalloc.predicate import Predicate
from absalloc.rulebook import Rulebook
from absalloc.rulebook.active import ActiveRule, Limit, Rules, as_limit
from absalloc.rulebook.formula import with_readings
from absalloc.rulebook.models import FromList, HoldingsSum, Rule, Signed
from absalloc.study.lint_cells import Cells, Vocabulary, make_cells, point_size
from absalloc.study.lint_proof import Proof, Prover
from absalloc.study.lint_rows import LintRule, Row, World, balance, make_world, rows_of
from absalloc.terms import AMOUNTS, LIABILITY_PRODUCTS, UNIT_PRICE_PRODUCTS

MOST_TOGETHER = 2_000
"""Kinds of line up to which all rules are examined together with what bars single lines."""
Code = Literal["conflict", "only_cash", "selects_nothing", "bars_all", "implied", "same", "always_holds"]
WRONG = ("conflict", "only_cash", "selects_nothing", "bars_all")
"""What is likely a mistake; the rest is worth knowing."""


@dataclass(frozen=True)
class LintFinding:
    """What was proven: of ``rule``, by the rules ``by`` with their multipliers; ``at_purchase``: for what is bought."""

    code: Code
    rule: LintRule
    by: tuple[tuple[LintRule, Fraction], ...] = ()
    exact: bool = True
    at_purchase: bool = False

    def text(self, lang: str = "en") -> str:
        """Return the finding and its proof in words."""
        names = {"en": ", ", "zh": "、"}[lang].join(f"{rule.id}" for rule, _ in self.by)
        sums = " + ".join(f"{_number(share)} × {rule.id}" for rule, share in self.by)
        said = render(f"study.lint_{self.code}", lang, rule=self.rule.id, by=names, sums=sums)
        if not self.at_purchase:
            return said
        return said + {"en": " ", "zh": ""}[lang] + render("study.lint_at_purchase", lang)

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return plain data."""
        return {
            "code": self.code,
            "wrong": self.code in WRONG,
            "rule": _rule_json(self.rule, lang),
            "by": [{**_rule_json(rule, lang), "multiplier": float(share)} for rule, share in self.by],
            "at_purchase": self.at_purchase,
            "proof": "exact" if self.exact else "solver",
            "text": self.text(lang),
        }


def _number(share: Fraction) -> str:
    return str(share) if share.denominator <= 20 else f"{float(share):.6g}"


def _rule_json(rule: LintRule, lang: str) -> dict[str, Any]:
    return {
        "rule": rule.id, "title": getattr(rule.title, lang), "level": rule.level, "tested": rule.tested,
        "source": {
            "document": rule.source.document, "title": rule.document, "article": rule.source.article,
            "ref": rule.source.ref, "confidence": rule.source.confidence,
            "article_confirmed": rule.source.article_confirmed,
        },
        "file": rule.place.file, "line": rule.place.line,
    }  # fmt: skip


@dataclass(frozen=True)
class Linted:
    """The findings on some rules, those that could not be examined, and how many kinds of line were told apart."""

    findings: tuple[LintFinding, ...]
    examined: tuple[str, ...]
    skipped: tuple[str, ...]
    cells: int


def of_mandate(rules: Rules) -> list[LintRule]:
    """Return the rules that bind a mandate, as they bind it."""
    return [_active(rule) for rule in rules.active]


def _active(rule: ActiveRule) -> LintRule:
    return LintRule(
        id=rule.id, title=rule.title, source=rule.source, document=rule.document, place=rule.place, kind=rule.kind,
        level=rule.level, tested=rule.tested, scope=rule.scope, where=rule.where, require=rule.require, by=rule.by,
        measure=rule.measure, of=rule.of, plus=rule.plus, premise=rule.limits, claim=rule.limits,
        excepted=tuple(where for _, where in rule.exceptions), sets=dict(rule.sets), columns=dict(rule.columns),
        unless=rule.unless is not None, of_trade=rule.of_trade or rule.if_held is not None,
    )  # fmt: skip


def of_book(book: Rulebook, day: date) -> list[LintRule]:
    """Return the rules of a rulebook in force on a day, for no mandate in particular, in their default readings."""
    return [found for rule in book.book.rules if (found := _written(book, rule, day)) is not None]


def _written(book: Rulebook, rule: Rule, day: date) -> LintRule | None:
    rule = with_readings(rule, [reading for reading in rule.readings if reading.default])
    if rule.status == "draft" or (rule.from_ and day < rule.from_) or (rule.to and day > rule.to):
        return None
    sides = (("max", rule.max), ("min", rule.min))
    found = [(sense, written, _live(written, day)) for sense, written in sides if written is not None]
    if any(isinstance(written, tuple) and not live for _, written, live in found):
        return None
    premise, claim = [], []
    for sense, written, live in found:
        if isinstance(written, FromList):
            premise.append(Limit(sense, None, "yuan", from_list=written))  # type: ignore[arg-type]
            claim.append(premise[-1])
            continue
        limits = [as_limit(rule.kind, sense, item) for item in live]
        ordered = sorted(limits, key=lambda limit: limit.value or Fraction(0), reverse=limits[0].sense == "max")
        premise.append(ordered[0])
        claim.append(ordered[-1])
    whens = [item.when for _, _, live in found for item in live]
    return LintRule(
        id=f"{book.id}/{rule.id}", title=rule.title, source=rule.source,
        document=book.book.sources[rule.source.document].title, place=book.where(rule.id), kind=rule.kind,
        level=rule.level, tested=rule.tested, scope=rule.scope, where=rule.where, require=rule.require, by=rule.by,
        measure=(rule.measure,) if isinstance(rule.measure, str) else tuple(rule.measure), of=rule.of, plus=rule.plus,
        premise=tuple(premise), claim=tuple(claim), excepted=tuple(item.where for item in rule.exceptions),
        sets=dict(book.book.sets), columns=dict(book.book.columns), applies=rule.applies,
        whens=None if not whens or None in whens else frozenset(w for w in whens if w is not None),
        unless=rule.unless is not None, of_trade=rule.of_trade or rule.if_held is not None,
    )  # fmt: skip


def _live(written: Any, day: date) -> list[Any]:
    if isinstance(written, FromList):
        return []
    return [item for item in written if (item.from_ or day) <= day <= (item.to or day)]


def lint(rules: Sequence[LintRule]) -> Linted:
    """Return what can be proven of some rules: of each alone, of every two, and of all of them together.

    All together with what bars single lines where the rules do not tell too many kinds of line apart
    (``MOST_TOGETHER``), else without it; ``cells`` is how many were told apart in that question.
    """
    found = [finding for rule in rules for finding in _alone(rule)]
    hopeless = {item.rule.id for item in found}
    sound = [rule for rule in rules if rule.id not in hopeless]
    for rule in sound:
        found += Search.of([rule]).implied([rule])
    settled = {item.rule.id for item in found}
    pairs = [Search.of(pair) for pair in combinations([rule for rule in sound if rule.id not in settled], 2)]
    found += [item for search in pairs for item in search.conflicts()]
    conflicting = bool(found) and any(item.code == "conflict" for item in found)
    together = Search.of(sound)
    if len(together.world.cells) > MOST_TOGETHER:
        together = Search.of([rule for rule in sound if rule.kind != "eligibility"])
    if not conflicting:
        conflicts = together.conflicts() + together.only_cash()
        found += conflicts
        implied = [] if conflicts else [item for search in pairs for item in search.implied(search.rules)]
        kept = {item.rule.id for item in implied} | settled
        implied += [] if conflicts else together.implied([rule for rule in together.rules if rule.id not in kept])
        found += _twins(_once(implied))
    skipped = [rule.id for rule in rules if rule.id not in hopeless and not together.linear(rule)]
    examined = tuple(rule.id for rule in rules if rule.id not in skipped)
    return Linted(tuple(found), examined, tuple(skipped), len(together.world.cells))


def _once(found: Sequence[LintFinding]) -> list[LintFinding]:
    """Keep the first proof of each rule by each other; one that always holds before one that holds of purchases."""
    best: dict[tuple[str, tuple[str, ...]], LintFinding] = {}
    for item in sorted(found, key=lambda item: item.at_purchase):
        best.setdefault((item.rule.id, tuple(rule.id for rule, _ in item.by)), item)
    return list(best.values())


def _tests(rules: Sequence[LintRule]) -> tuple[list[tuple[Predicate, Vocabulary]], list[tuple[str, Vocabulary]]]:
    """Return every test the rules make of a line, and the columns that they add up."""
    tests: list[tuple[Predicate, Vocabulary]] = []
    sizes = []
    for rule in rules:
        values = dict.fromkeys(limit.value for limit in (*rule.premise, *rule.claim)) or {None: None}
        for value in values:
            words = rule.words(value)
            tests += [(part, words) for part in (rule.where, rule.require, *rule.excepted) if part is not None]
        parts = [
            part.part if isinstance(part, Signed) else part
            for part in (rule.of if isinstance(rule.of, tuple) else (rule.of,))
        ]
        for part in parts:
            if isinstance(part, HoldingsSum):
                tests += [(part.where, rule.words())] if part.where is not None else []
                sizes += [] if isinstance(part.measure, str) else [(part.measure[1], rule.words())]
        sizes += [(rule.measure[1], rule.words())] if len(rule.measure) > 1 else []
    return tests, sizes


def _told_apart(
    cells: Cells, tests: Sequence[tuple[Predicate, Vocabulary]], sizes: Sequence[tuple[str, Vocabulary]]
) -> Cells:
    """Return one cell of each kind that no test and no size tells apart."""
    kind = [np.isin(cells.product, kinds) for kinds in (UNIT_PRICE_PRODUCTS, LIABILITY_PRODUCTS, ("cash",))]
    marks = [cells.truth(predicate, words) for predicate, words in tests]
    values = [cells.by_value(words.canonical(name), point_size) for name, words in sizes]
    _, rows = np.unique(np.array([*kind, *marks, *values], dtype=float), axis=1, return_index=True)
    return cells.take(np.sort(rows))


def _alone(rule: LintRule) -> list[LintFinding]:
    """Return what is wrong with a rule by itself: it selects no line, or no line it selects can be eligible."""
    tests, sizes = _tests([rule])
    cells = make_cells(tests, sizes)
    for limit in {item.value for item in (*rule.premise, *rule.claim)} or {None}:
        words = rule.words(limit)
        selected = cells.truth(rule.where, words) > 0
        if np.any(selected):
            if rule.require is None or np.any(cells.truth(rule.require, words)[selected] > 0):
                return []
            return [LintFinding("bars_all", rule)]
    return [LintFinding("selects_nothing", rule)]


@dataclass(frozen=True)
class Search:
    """The questions asked of one set of rules; ``premises`` are the rows of the hard ones."""

    rules: Sequence[LintRule]
    world: World
    premises: Sequence[tuple[LintRule, Row]]
    prover: Prover

    @classmethod
    def of(cls, rules: Sequence[LintRule]) -> Search:
        """Return the search over all kinds of line that some rules tell apart."""
        tests, sizes = _tests(rules)
        world = make_world(_told_apart(make_cells(tests, sizes), tests, sizes), rules)
        hard = [rule for rule in rules if rule.level == "hard"]
        premises = [(rule, row) for rule in hard for row in rows_of(world, rule, "premise") or ()]
        rows = [row for _, row in premises]
        return cls(rules, world, premises, Prover(world, [*rows, balance(world)]))

    def linear(self, rule: LintRule) -> bool:
        """Return whether a rule has rows at all, as a premise or as a claim."""
        if rule not in self.rules:
            return rule.kind == "eligibility"
        return any(rows_of(self.world, rule, role) for role in ("premise", "claim"))

    @property
    def everywhere(self) -> list[int]:
        """The premises that bind every mandate."""
        return [i for i, (rule, _) in enumerate(self.premises) if self._binds(rule, None)]

    def conflicts(self) -> list[LintFinding]:
        """Return a minimal set of rules that no portfolio keeps together, none where there is none."""
        if not any(row.sign < 0 for _, row in self.premises):
            return []  # without a floor nothing at all keeps every rule
        names = dict.fromkeys(n for _, row in self.premises for n in row.symbols if n.split(" of ")[0] in AMOUNTS)
        for name in names:
            proof = self._minimal(self._claim(np.zeros(self.world.rays), {name: Fraction(1)}), self.everywhere)
            if proof is not None and self._used(proof):
                return [self._finding("conflict", self._used(proof)[-1], proof)]
        return []

    def only_cash(self) -> list[LintFinding]:
        """Return the rules that leave nothing but cash, none where something else can be held."""
        money = np.isin(self.world.cells.product, ("cash", *LIABILITY_PRODUCTS))[self.world.cell]
        proof = self._minimal(self._claim(self.world.amounts["market_value"] * ~money, {}), self.everywhere)
        if proof is None or not self._used(proof):
            return []
        return [self._finding("only_cash", self._used(proof)[-1], proof)]

    def _used(self, proof: Proof) -> list[LintRule]:
        return [self.premises[i][0] for i in sorted(proof.multipliers) if i < len(self.premises)]

    def _claim(self, terms: np.ndarray, symbols: dict[str, Fraction]) -> Row:
        return Row("", terms, np.zeros(self.world.rays), Fraction(0), symbols)

    def _binds(self, rule: LintRule, where: LintRule | None) -> bool:
        """Return whether a premise binds wherever a claim does; ``where`` None asks for every mandate."""
        if rule.applies is not None and (where is None or rule.applies != where.applies):
            return False
        return rule.whens is None or (where is not None and rule.whens == where.whens)

    def _minimal(self, claim: Row, using: Sequence[int]) -> Proof | None:
        """Return a proof from a set of premises of which none can be left out."""
        extra = [len(self.premises)]  # the balance of the book
        proof = self.prover.forces(claim, [*using, *extra])
        if proof is None:
            return None
        kept = [i for i in using if i in proof.multipliers]
        for i in list(kept):
            fewer = [k for k in kept if k != i]
            again = self.prover.forces(claim, [*fewer, *extra])
            if again is not None:
                kept, proof = fewer, again
        return proof

    def implied(self, rules: Sequence[LintRule]) -> list[LintFinding]:
        """Return the rules that others keep, and those that nothing can break; two that say the same, once."""
        found: list[LintFinding] = []
        for rule in rules:
            rows = rows_of(self.world, rule, "claim")
            proofs = [self._kept(rule, row) for row in rows or ()]
            if not proofs or any(proof is None for proof in proofs):
                continue
            merged = {i: v for proof in proofs if proof for i, v in proof.multipliers.items()}
            exact = all(proof is not None and proof.exact for proof in proofs)
            code: Code = "implied" if any(i < len(self.premises) for i in merged) else "always_holds"
            found.append(self._finding(code, rule, Proof(merged, exact)))
        return _twins(found)

    def _kept(self, rule: LintRule, row: Row) -> Proof | None:
        """Prove a rule kept: first by rules that always bind, then by those tested at purchase too."""
        others = [i for i, (other, _) in enumerate(self.premises) if other.id != rule.id and self._binds(other, rule)]
        always = [i for i in others if self.premises[i][0].tested == "always"]
        return self._minimal(row, always) or (self._minimal(row, others) if len(others) > len(always) else None)

    def _finding(self, code: Code, rule: LintRule, proof: Proof) -> LintFinding:
        by: dict[str, tuple[LintRule, Fraction]] = {}
        for i, share in sorted(proof.multipliers.items()):
            if i < len(self.premises):
                by.setdefault(self.premises[i][0].id, (self.premises[i][0], share))
        bought = any(other.tested != "always" for other, _ in by.values()) and rule.tested == "always"
        return LintFinding(code, rule, tuple(by.values()), proof.exact, bought and code == "implied")


def _twins(found: list[LintFinding]) -> list[LintFinding]:
    """Say of two rules that each keep the other that they are the same, once."""
    pairs = {(item.rule.id, item.by[0][0].id) for item in found if len(item.by) == 1}
    kept = []
    for item in found:
        if len(item.by) == 1 and (item.by[0][0].id, item.rule.id) in pairs:
            if item.rule.id < item.by[0][0].id:
                kept.append(replace(item, code="same"))
            continue
        kept.append(item)
    return kept
