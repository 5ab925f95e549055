"""A slow checker of one book, written from docs/semantics.md and the YAML alone; it imports nothing of the package.

``check`` gives (rule, group, sense) -> what the rule says, every number a fraction. Kinds no shipped rulebook uses
(counts, sums above a threshold) and files of what is held elsewhere are refused rather than guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import product
from math import inf
from typing import Any

from slow_lines import IMPLIED, LONG, ONE_FOR_ALL, RANGES, Reader, Truth, both, money, number, plain, quantity, turned
from slow_ratio import (
    ONE,
    UNKNOWN_GROUP,
    ZERO,
    Amount,
    Held,
    Limit,
    Pair,
    excess,
    judged,
    measured,
    needs,
    part_of,
    total,
)

Key = tuple[str, str | None, str]
AMOUNTS = (
    "nav", "total_assets", "net_capital", "tier1_capital", "audited_total_assets", "wealth_products_nav",
    "nonstandard_balance", "nonstandard_elsewhere", "total_wealth_nav", "prior_quarter_total_assets",
    "collective_trust_balance", "trust_net_assets", "rwa_budget",
)  # fmt: skip


@dataclass(frozen=True)
class SlowBook:
    """What is held: the lines of the universe by code, faces, and the tables the mandate names."""

    mandate: Mapping[str, Any]
    day: date
    lines: Mapping[str, Mapping[str, Any]]
    held: Mapping[str, Fraction]
    before: Mapping[str, Fraction] | None = None
    book_value: Mapping[str, Fraction] = field(default_factory=dict)
    lists: Mapping[str, list[Mapping[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """What a rule says of a group."""

    verdict: str
    value: Fraction | None
    limit: Fraction | None
    headroom: Fraction | None
    cause: str | None = None


def check(rulebook: Mapping[str, Any], book: SlowBook) -> dict[Key, Said]:
    """Return what every rule of a rulebook says of a book."""
    found: dict[Key, Said] = {}
    for rule in rulebook["rules"]:
        for (group, sense), said in _Rule(rulebook, rule, book).findings().items():
            found[f"{rulebook['rulebook']}/{rule['id']}", group, sense] = said
    return found


class _Rule:
    def __init__(self, rulebook: Mapping[str, Any], rule: Mapping[str, Any], book: SlowBook) -> None:
        self.book, self.rulebook = book, rulebook
        self.read = Reader(rulebook, book.mandate, book.day, book.lists)
        self.rule, out = dict(rule), []
        for reading in rule.get("readings", []):
            wanted = book.mandate.get("readings", {}).get(reading["switch"])
            if wanted == reading["id"] or (wanted is None and reading.get("default") == "true"):
                self.rule |= {key: reading[key] for key in ("where", "by", "measure", "of") if key in reading}
                out += [{"not": reading["without"]}] if "without" in reading else []
        if out:
            self.rule["where"] = {"all": [*([self.rule["where"]] if "where" in self.rule else []), *out]}
        self.kind = rule["kind"]
        assert self.kind in ("share", "average", "eligibility", "capital"), self.kind

    # -- does it bind, with which limit ----------------------------------------------------------------------------

    def findings(self) -> dict[tuple[str | None, str], Said]:
        rule, day = self.rule, self.book.day
        mandate = self.book.mandate
        names = (rule["id"], f"{self.rulebook['rulebook']}/{rule['id']}")
        if set(names) & set(mandate.get("off", {})):
            return {}
        if rule.get("status") == "draft" and mandate.get("drafts") != "true":
            return {}
        if day < date.fromisoformat(rule.get("from", "0001-01-01")):
            return {}
        if day > date.fromisoformat(rule.get("to", "9999-12-31")):
            return {}
        applies = self.read.applies(rule.get("applies"))
        if applies is False:
            return {}
        limits = None if applies is None else self._limits(rule)
        if limits is None:  # not known whether, or with which limit, it binds
            return {(None, "max" if "max" in rule or "min" not in rule else "min"): Said("unknown", None, None, None)}
        if not limits and ("max" in rule or "min" in rule):
            return {}
        self.limits = limits
        self.read.limits = {each.sense: (each.value, each.unit) for each in limits}
        return self._said()

    def _limits(self, rule: Mapping[str, Any]) -> list[Limit] | None:
        found = []
        for sense in ("max", "min"):
            written = rule.get(sense)
            if isinstance(written, dict):
                found.append(Limit(sense, quantity(written["absent"])[0], "yuan", table=written))
                continue
            entries = [] if written is None else [{"value": written}] if isinstance(written, str) else written
            live = [each for each in entries if self._in_force(each)]
            holds = [self.read.applies(each.get("when")) for each in live]
            if None in holds:
                return None
            true = [each for each, yes in zip(live, holds, strict=True) if yes]
            if true:
                value, unit = quantity(true[-1]["value"])
                found.append(Limit(sense, value, unit, true[-1].get("strict") == "true"))
        return found

    def _in_force(self, entry: Mapping[str, str]) -> bool:
        start, end = entry.get("from", "0001-01-01"), entry.get("to", "9999-12-31")
        return date.fromisoformat(start) <= self.book.day <= date.fromisoformat(end)

    # -- verdicts ----------------------------------------------------------------------------------------------------

    def _said(self) -> dict[tuple[str | None, str], Said]:
        found = {}
        earlier = None if self.book.before is None else {(g, s): b for g, s, _, b, _ in self._judged(before=True)}
        alternative: str | None = None
        for group, sense, said, breach, members in self._judged():
            verdict = self._tested(said.verdict, members)
            if verdict != "pass" and "unless" in self.rule:
                alternative = alternative or self._unless()
                verdict = "pass" if alternative == "pass" else "unknown" if alternative == "unknown" else verdict
            cause = self._cause(verdict, breach, None if earlier is None else earlier.get((group, sense)))
            found[group, sense] = Said(verdict, said.value, said.limit, said.headroom, cause)
        return found

    def _tested(self, verdict: str, members: list[Held]) -> str:
        when = self.rule.get("tested", "always")
        if verdict == "pass" or when == "always":
            return verdict
        if when == "open_days":
            product = self.book.mandate.get("product", {})
            said = (product.get("operation"), product.get("operation_period"))
            if said[0] == "daily_open" or said[1] == "open":
                return verdict
            return "pass" if "closed" in said else "unknown"
        if self.book.before is None:
            return "unknown"
        bought = [each for each in members if each.bought]
        if not bought:
            return "pass"
        sure = any(each.status is True for each in bought)
        return verdict if verdict == "unknown" or sure else "unknown"

    def _cause(self, verdict: str, breach: Amount, earlier: Amount | None) -> str | None:
        if verdict != "fail":
            return None
        if self.rule.get("tested") == "purchase":
            return "active"
        if self.book.before is None:
            return None
        return "passive" if earlier is not None and earlier > 0 and earlier >= breach else "active"

    def _unless(self) -> str:
        other = {**self.rule["unless"], "id": "unless", "kind": "share"}
        second = _Rule(self.rulebook, other, self.book)
        limits = second._limits(other)
        if not limits:
            return "unknown" if limits is None else "fail"
        second.limits = limits
        verdicts = {said.verdict for _, _, said, _, _ in second._judged()}
        return next(each for each in ("fail", "unknown", "pass") if each in verdicts)

    def _judged(self, *, before: bool = False) -> Iterator[tuple[str | None, str, Said, Amount, list[Held]]]:
        """Yield (group, sense, what the ratio says, the proven breach, the lines in or possible)."""
        lines = [self._line(code, face, before) for code, face in self._faces(before).items() if face]
        if self.kind == "eligibility":
            own = [each for each in lines if each.status is not False]
            yield None, "max", *self._ratio(own, [], None, Limit("max", ZERO, "yuan"))
            return
        counted = [each for each in lines if each.status is not False]
        groups = (
            dict.fromkeys(group for each in counted for group, _ in each.groups) if "by" in self.rule else {None: None}
        )
        if "by" in self.rule and any(limit.sense == "min" for limit in self.limits):
            groups |= dict.fromkeys(self._universe_groups())
        for group in groups:
            parts = [part_of(each, group, self.kind == "average") for each in counted]
            mine = [each for each in parts if each is not None]
            codes = {each.code for each in mine}
            others = [each for each in lines if each.code not in codes]
            for limit in self.limits:
                yield group, limit.sense, *self._ratio(mine, others, group, limit)
        if not groups:
            for limit in self.limits:
                shown = None if limit.table else limit.value
                yield None, limit.sense, Said("pass", None, shown, None), ZERO, []

    def _ratio(
        self, members: list[Held], others: list[Held], group: str | None, limit: Limit
    ) -> tuple[Said, Amount, list[Held]]:
        n0, (d0, d_shown) = self._numerator(group), self._denominator(group)
        low_limit, high_limit = self._limit_of(limit, group)
        ends = [excess(members, others, n0, d0, each) for each in {low_limit, high_limit}]
        least, most = min(each[0] for each in ends), max(each[1] for each in ends)
        if self.kind == "average" and n0[1] == inf:
            least, most = -inf, inf
        verdict = judged(limit, least, most, members, n0, d0)
        breach = least if limit.sense == "max" else -most
        n = total([each.n for each in members] + [Fraction(n0[0])])
        own = [each.d for each in members]
        d = total(own if self.kind == "average" else own + [each.d for each in others] + [d_shown])
        bound = low_limit if low_limit == high_limit else None
        value = n / d if n is not None and d is not None and d > 0 else None
        if self.kind == "eligibility":
            return Said(verdict, n, ZERO, None), breach, members
        room = None if n is None or d is None or bound is None else Fraction(bound) * d - n
        if self.kind == "average":
            room = None if value is None or bound is None else Fraction(bound) - value
        room = room if room is None or limit.sense == "max" else -room
        return Said(verdict, value, None if bound is None else Fraction(bound), room), breach, members

    # -- what stands in no holding -------------------------------------------------------------------------------------

    def _limit_of(self, limit: Limit, group: str | None) -> tuple[Amount, Amount]:
        if limit.table is None:
            return limit.value, limit.value
        rows = self.book.lists.get(limit.table["list"])
        if rows is None:
            return ZERO, inf
        key = limit.table.get("key") or ("key" if "key" in rows[0] else next(iter(rows[0])))
        column = limit.table.get("column", "limit")
        live: dict[str | None, Any] = {
            row[key]: row[column] for row in rows if row[key] and self.read.live(row, limit.table.get("expires"))
        }
        wanted = [*live.values(), limit.value] if group == UNKNOWN_GROUP else [live.get(group, limit.value)]
        if None in wanted:
            return ZERO, inf
        numbers = [each if isinstance(each, Fraction) else money(each) for each in wanted]
        return min(numbers), max(numbers)

    def _numerator(self, group: str | None) -> tuple[Amount, Amount]:
        plus = self.rule.get("plus", [])
        low, high = ZERO, ZERO
        for part in [plus] if isinstance(plus, dict) else plus:
            known = self._amount(part) if "amount" in part else self._total(part["reference"], group)
            low, high = (low, inf) if known is None else (low + known, high + known)
        if self.rule.get("scope", "portfolio") != "portfolio" and not plus:
            said = self.book.mandate.get("elsewhere", {}).get(self.rule["scope"])
            assert said in (None, "none"), said
            high = high if said else inf
        return low, high

    def _denominator(self, group: str | None) -> tuple[tuple[Amount, Amount], Fraction | None]:
        """What is in a denominator beside holdings: its range, and the figure shown for it."""
        if self.kind in ("average", "eligibility"):
            return ((ONE, ONE), ONE) if self.kind == "eligibility" else ((ZERO, ZERO), ZERO)
        if "of" not in self.rule or any(limit.unit == "yuan" for limit in self.limits):
            return (ONE, ONE), ONE
        of = self.rule["of"]
        assert not isinstance(of, list), of
        if isinstance(of, dict) and "measure" in of:
            return (ZERO, ZERO), ZERO
        low, exact = self._of(of, group)
        return (low, low if exact else inf), low if exact or low > 0 else None

    def _of(self, of: Any, group: str | None) -> tuple[Fraction, bool]:
        """Return (what is proven, whether that is all)."""
        if isinstance(of, str) and of in AMOUNTS:
            of = {"amount": of}
        if isinstance(of, dict) and "amount" in of:
            known = self._amount(of)
            return (ZERO, False) if known is None else (known, True)
        if isinstance(of, dict) and "reference" in of:
            known = self._total(of["reference"], group)
            return (self._sum_of("issue_size", group, selected=True), False) if known is None else (known, True)
        if isinstance(of, dict):
            return self._sum_of(of["universe"], group), False
        if group != UNKNOWN_GROUP and (of == "deal_size" or self.rule.get("by") == "tranche_id"):
            values = {line[of] for line in self._of_group(group) if line.get(of) is not None}
            return (number(values.pop()), True) if len(values) == 1 else (ZERO, False)
        return self._sum_of(of, group), False

    def _amount(self, part: Mapping[str, str]) -> Fraction | None:
        written = self.book.mandate.get("amounts", {}).get(part["amount"])
        if written is None:
            return None
        value, of_day = (written["value"], written.get("as_of")) if isinstance(written, dict) else (written, None)
        day = self.book.day
        first = date(day.year, (day.month - 1) // 3 * 3 + 1 if part.get("as_of") == "previous_quarter_end" else 1, 1)
        wanted = str(first - timedelta(days=1))
        return None if "as_of" in part and of_day is not None and of_day != wanted else Fraction(value)

    def _total(self, name: str, group: str | None) -> Fraction | None:
        rows = self.book.lists.get(name) or []
        found = {row["total"] for row in rows if row.get("key", next(iter(row.values()))) == group and row["total"]}
        return money(found.pop()) if found else None

    def _of_group(self, group: str | None) -> Iterable[Mapping[str, Any]]:
        return (line for line in self.book.lines.values() if group in [name for name, _ in self._groups(line)])

    def _sum_of(self, size: str, group: str | None, *, selected: bool = False) -> Fraction:
        found, deals = ZERO, set()
        for line in self._of_group(group) if group != UNKNOWN_GROUP else ():
            if line.get(size) is None or (selected and self.read.counts(self.rule.get("where"), line) is not True):
                continue
            if size == "deal_size":
                if line.get("deal_id") is None or line["deal_id"] in deals:
                    continue
                deals.add(line["deal_id"])
            found += number(line[size]) * dict(self._groups(line))[group]
        return found

    def _universe_groups(self) -> set[str | None]:
        lines = [
            line for line in self.book.lines.values() if self.read.counts(self.rule.get("where"), line) is not False
        ]
        return {group for line in lines for group, _ in self._groups(line) if group != UNKNOWN_GROUP}

    def _groups(self, line: Mapping[str, Any]) -> tuple[tuple[str | None, Fraction], ...]:
        by = self.rule.get("by")
        if by is None:
            return ((None, ONE),)
        if isinstance(by, dict):
            return self._linked(by, line["tranche_id"])
        values = [self.read.value(line, name) for name in ([by] if isinstance(by, str) else by)]
        known = all(value not in (None, "") for value in values)
        return ((" | ".join(plain(value) for value in values) if known else UNKNOWN_GROUP, ONE),)

    def _linked(self, by: Mapping[str, str], code: str) -> tuple[tuple[str | None, Fraction], ...]:
        shares: dict[str, Fraction] = {}
        for row in self.book.lists.get(by["link"]) or []:
            if row["tranche_id"] == code:
                group = row[by["group"]] or UNKNOWN_GROUP
                share = Fraction(row[by["weight"]]) if "weight" in by and row[by["weight"]] else ONE
                shares[group] = shares.get(group, ZERO) + share
        # What the shares leave below the whole has no known group; a line the table does not name has none at all.
        if sum(shares.values(), ZERO) < ONE:
            shares[UNKNOWN_GROUP] = shares.get(UNKNOWN_GROUP, ZERO) + ONE - sum(shares.values(), ZERO)
        return tuple(shares.items())

    # -- one line ------------------------------------------------------------------------------------------------------

    def _faces(self, before: bool) -> Mapping[str, Fraction]:
        return (self.book.before or {}) if before else self.book.held

    def _line(self, code: str, face: Fraction, before: bool) -> Held:
        line = self.book.lines.get(code, {"tranche_id": code})
        status, average = self._status(line), self.kind == "average"
        of = self.rule.get("of")
        part = of if isinstance(of, dict) and "measure" in of and self.kind not in ("average", "eligibility") else None
        inside = False if part is None else self.read.counts(part.get("where"), line)
        base, *attributes = self._measure()
        lower = base if average else part["measure"] if part is not None else "face"
        top = [] if status is False else [*needs(base), *attributes]
        bottom = list(needs(lower)) if inside is not False or average else []
        ranges = {name: self._range(line, code, face, name, before) for name in dict.fromkeys(top + bottom)}

        def pair(at: Mapping[str, Fraction], counted: bool, below: bool) -> Pair:
            n = measured(at, face, [base, *attributes]) if counted else ZERO
            return n, measured(at, face, [lower]) if (counted if average else below) else ZERO

        pairs = {
            pair(dict(zip(ranges, corner, strict=True)), counted, below)
            for corner in product(*ranges.values())
            for counted in ((True, False) if status is None else (status,))
            for below in ((True, False) if inside is None else (inside,))
        }
        n, d = pair({name: ends[0] for name, ends in ranges.items()}, status is True, inside is True)
        open_ = {name for name, ends in ranges.items() if ends[0] != ends[1]}
        unseen_n = status is True and bool(open_ & set(top))
        unseen_d = (status if average else inside) is True and bool(open_ & set(bottom))
        return Held(
            code, status, tuple(pairs), None if unseen_n else n, None if unseen_d else d, self._bought(code),
            self._groups(line),
        )  # fmt: skip

    def _measure(self) -> list[str]:
        written = "market_value" if self.kind == "eligibility" else self.rule.get("measure", "market_value")
        return [written] if isinstance(written, str) else list(written)

    def _status(self, line: Mapping[str, Any]) -> Truth:
        found = self.read.counts(self.rule.get("where"), line)
        if self.kind == "eligibility":
            found = both([found, turned(self.read.holds(self.rule["require"], line))])
        for item in self.rule.get("exceptions", []):
            out = both([self.read.holds(item["where"], line), self.read.applies(item.get("when"))])
            found = both([found, turned(out)])
        return found

    def _bought(self, code: str) -> Fraction | None:
        if self.book.before is None:
            return None
        return max(ZERO, self.book.held.get(code, ZERO) - self.book.before.get(code, ZERO))

    def _range(self, line: Mapping[str, Any], code: str, face: Fraction, name: str, before: bool) -> Pair:
        if name == "book_value":
            return self._book_value(line, code, face, before)
        if name in ("factor", "clean_price", "dirty_price") and line.get("product") in ONE_FOR_ALL:
            return (ONE, ONE) if name == "factor" else (Fraction(100), Fraction(100))
        value = self.read.value(line, name)
        if self.read.is_rating(name) or name == "implied_rating":
            scale = LONG if name != "implied_rating" else IMPLIED
            step = Fraction(scale.index(value) + 1) if value in scale else None
            return (ONE, Fraction(len(scale))) if step is None else (step, step)
        if isinstance(value, bool):
            return Fraction(value), Fraction(value)
        if value is not None:
            return number(value), number(value)
        inputs = self.read.inputs(line, name) if name in self.read.columns else [name]
        ends = [RANGES[each] for each in inputs]
        return Fraction(min(low for low, _ in ends)), Fraction(max(high for _, high in ends))

    def _book_value(self, line: Mapping[str, Any], code: str, face: Fraction, before: bool) -> Pair:
        """The whole position's: as the file of the book as held says; else market value for what was bought."""
        if line.get("product") in ONE_FOR_ALL:
            return face, face
        now = self.book.held.get(code, ZERO)
        if code in self.book.book_value and now:
            return (self.book.book_value[code] * face / now,) * 2
        bought = ZERO if before else min(face, self._bought(code) or ZERO)
        factor, price = (
            self._range(line, code, face, "factor", before),
            self._range(line, code, face, "dirty_price", before),
        )
        low = bought * factor[0] * price[0] / 100
        return low, bought * factor[1] * price[1] / 100 + (face - bought) * factor[1] * 10
