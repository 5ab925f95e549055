"""The four shipped books: what each holds, chosen by its own rules; cash closes each to its net asset value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from synthetic.levels import AS_OF
from synthetic.lines import Line

FEN = Decimal("0.01")
Test = Callable[[Line], bool]
_FUND_GRADES = ("AAA", "AA+")


@dataclass
class Book:
    """Positions of one book: yuan of original face by line; money-market lines by market value."""

    nav: int
    amortised: bool = False
    face: dict[str, int] = field(default_factory=dict)
    money: dict[str, Decimal] = field(default_factory=dict)


def dirty(line: Line) -> Decimal:
    """Return clean price plus accrued interest per 100 of remaining principal, to eight decimals."""
    return round(Decimal(repr(line["clean_price"])) + Decimal(f"{line['_accrued']:.8f}"), 8)


def worth(line: Line, face: int) -> Decimal:
    """Return the market value in yuan of ``face``."""
    return face * Decimal(repr(line["factor"])) / 100 * dirty(line) / 100


def _days(line: Line) -> int:
    end: date = line["expected_maturity"]
    return (end - AS_OF).days


def grades(line: Line) -> list[str]:
    """Return the agency grades of a tranche, without their suffix."""
    return [str(v).removesuffix("sf") for k, v in line.items() if k.startswith("rating.") and v]


def sound(line: Line) -> bool:
    """Senior, rated AA+ or better by every agency that rates it, valued, not non-performing, over three months."""
    return bool(
        line.get("seniority") == "senior" and line["clean_price"] is not None and not line["npl"] and _days(line) > 120
        and grades(line) and all(g in _FUND_GRADES for g in grades(line))
        and line["implied_rating"] in ("AAA", "AAA-", "AA+")
        and line["yield"] is not None and line["yield_source"] != "model"
    )  # fmt: skip


class Buyer:
    """Fills books in turn; a tranche is held by one book only, a name at most twice in a book."""

    def __init__(self, lines: list[Line], barred: set[str]) -> None:
        self.lines = {line["tranche_id"]: line for line in lines}
        self._barred = barred
        self._used: set[str] = set()

    def abs_lines(self, book: Book, test: Test, amount: int, *, each: int, share: float) -> None:
        """Buy seniors, best yield first, about ``each`` yuan a line and ``share`` of its issue, up to ``amount``."""
        names: dict[str, int] = {}
        found = [line for line in self.lines.values() if "deal_id" in line and sound(line) and test(line)]
        left = Decimal(amount)
        for line in sorted(found, key=lambda x: (-round(x["yield"], 1), x["tranche_id"])):
            keys = [str(line[k]) for k in ("originator", "ultimate_group", "deal_id")]
            if self._skip(line) or any(names.get(key, 0) >= 2 for key in keys):
                continue
            unit = worth(line, 100_000)
            most = int(share * line["issue_size"]) // 100_000
            face = min(int(min(Decimal(each), left) / unit), most) * 100_000
            if face < 1_000_000:
                continue
            book.face[line["tranche_id"]] = face
            self._used.add(line["tranche_id"])
            left -= worth(line, face)
            for key in keys:
                names[key] = names.get(key, 0) + 1
            if left < 2_000_000:
                return
        raise RuntimeError(f"the market is too small for the book: {left} yuan left")

    def _skip(self, line: Line) -> bool:
        parties = (
            line["originator"],
            line["core_debtor"],
            line["ultimate_group"],
            line["manager"],
            line["support_party"],
        )
        return line["tranche_id"] in self._used or any(p in self._barred for p in parties)

    def plans(self, book: Book, test: Test, *, each: int, count: int) -> None:
        """Buy ``count`` non-standard plans, ``each`` yuan of face."""
        found = [
            x
            for x in self.lines.values()
            if x["product"] == "insurance_plan" and test(x) and x["originator"] not in self._barred
        ]
        for line in found[:count]:
            book.face[line["tranche_id"]] = each

    def bonds(self, book: Book, test: Test, amount: int, *, share: float) -> None:
        """Buy every plain bond that satisfies ``test`` evenly, at most ``share`` of its issue, up to ``amount``."""
        found = [
            x
            for x in self.lines.values()
            if "issue_size" in x and "deal_id" not in x and test(x) and x["issuer"] not in self._barred
        ]
        for line in found:
            face = int(min(amount / len(found), share * line["issue_size"])) // 1_000_000 * 1_000_000
            if face:
                book.face[line["tranche_id"]] = book.face.get(line["tranche_id"], 0) + face

    def close(self, book: Book) -> None:
        """Put what is left of net asset value and borrowing into cash. Raises RuntimeError where nothing is left."""
        held = sum((worth(self.lines[k], f) for k, f in book.face.items()), Decimal(0))
        lent = sum((m for k, m in book.money.items() if k != "SYN-REPO-7D"), Decimal(0))
        book.money["SYN-CASH"] = (Decimal(book.nav) + book.money.get("SYN-REPO-7D", Decimal(0)) - held - lent).quantize(
            FEN
        )
        if book.money["SYN-CASH"] <= 0:
            raise RuntimeError(f"no cash left: {book.money['SYN-CASH']}")

    def rows(self, book: Book) -> list[dict[str, Any]]:
        """Return the holdings file: face of securities, market value of cash, deposits and repo."""
        found: list[dict[str, Any]] = []
        for code in sorted(book.face):
            row: dict[str, Any] = {"tranche_id": code, "name": self.lines[code]["name"], "face": book.face[code]}
            if book.amortised:
                row["book_value"] = self._amortised(self.lines[code], book.face[code])
            found.append(row)
        for code, money in book.money.items():
            found.append(
                {"tranche_id": code, "name": self.lines[code]["name"], "market_value": str(money)}
                | ({"book_value": str(money)} if book.amortised else {})
            )
        return found

    def _amortised(self, line: Line, face: int) -> str:
        """Return an invented amortised cost: three fifths of the way from par to the price, plus accrued."""
        clean = 100 + (Decimal(repr(line["clean_price"])) - 100) * 3 / 5
        accrued = dirty(line) - Decimal(repr(line["clean_price"]))
        return str((face * Decimal(repr(line["factor"])) / 100 * (clean + accrued) / 100).quantize(FEN))


def _is(*products: str, low: int = 0, high: int = 40_000) -> Test:
    return lambda line: line["product"] in products and low < _days(line) <= high


def _good_credit(low: int = 0, high: int = 40_000) -> Test:
    return lambda line: (
        line["product"] == "credit_bond"
        and line["implied_rating"] in ("AAA", "AAA-", "AA+")
        and low < _days(line) <= high
    )


def build(lines: list[Line], barred: set[str]) -> dict[str, Book]:
    """Return the books by file stem, the open fund before and after its redemption among them."""
    buyer = Buyer(lines, barred)
    before = _open_fund(buyer)
    found = {"bond-fund-open-holdings-before": before, "bond-fund-open-holdings": _redeemed(buyer, before)}
    found["bond-fund-interval-holdings"] = _interval_fund(buyer)
    found["wealth-closed-18m-holdings"] = _wealth(buyer)
    found["city-bank-holdings"] = _bank(buyer)
    return found


def _fund_line(line: Line) -> bool:
    return line["product"] != "insurance_plan" and not (line["product"] == "abn" and line["placement"] == "private")


def _open_fund(buyer: Buyer) -> Book:
    book = Book(7_150_000_000)
    buyer.abs_lines(book, lambda x: _fund_line(x) and bool(x["lgfv"]), 30_000_000, each=12_000_000, share=0.06)
    buyer.abs_lines(book, lambda x: _fund_line(x) and not x["lgfv"], 827_000_000, each=44_000_000, share=0.06)
    buyer.bonds(book, _good_credit(), 1_700_000_000, share=0.045)
    buyer.bonds(book, _is("policy_bank"), 2_300_000_000, share=0.05)
    buyer.bonds(book, _is("government", high=360), 500_000_000, share=0.05)
    buyer.bonds(book, _is("government", low=360, high=2600), 1_200_000_000, share=0.05)
    buyer.bonds(book, _is("local_government"), 300_000_000, share=0.05)
    buyer.close(book)
    return book


def _redeemed(buyer: Buyer, before: Book) -> Book:
    """Return the book after investors took 2.15 billion: bonds were sold, the ABS could not be."""
    book = Book(5_000_000_000, face=dict(before.face))
    for code in before.face:
        product = buyer.lines[code]["product"]
        kept = {"policy_bank": 0.35, "government": 0.75, "local_government": 0.3}.get(product, 1.0)
        if product == "government" and _days(buyer.lines[code]) > 360:
            kept = 0.6
        if kept < 1:
            book.face[code] = int(before.face[code] * kept) // 1_000_000 * 1_000_000
    buyer.close(book)
    return book


def _interval_fund(buyer: Buyer) -> Book:
    book = Book(5_000_000_000, amortised=True, money={"SYN-REPO-7D": Decimal(1_800_000_000)})
    buyer.abs_lines(book, lambda x: _fund_line(x) and bool(x["lgfv"]), 60_000_000, each=20_000_000, share=0.08)
    buyer.abs_lines(book, lambda x: _fund_line(x) and not x["lgfv"], 840_000_000, each=60_000_000, share=0.08)
    buyer.bonds(book, _good_credit(), 1_500_000_000, share=0.04)
    buyer.bonds(book, _is("policy_bank"), 2_700_000_000, share=0.05)
    buyer.bonds(book, _is("local_government"), 1_000_000_000, share=0.05)
    buyer.bonds(book, _is("government", low=360, high=2600), 500_000_000, share=0.05)
    buyer.close(book)
    return book


def _wealth(buyer: Buyer) -> Book:
    book = Book(
        3_000_000_000,
        money={
            "SYN-DEP-3M": Decimal(200_000_000),
            "SYN-DEP-1Y": Decimal(200_000_000),
            "SYN-REPO-7D": Decimal(450_000_000),
        },
    )
    last = (date(2026, 12, 31) - AS_OF).days
    buyer.abs_lines(
        book,
        lambda x: x["product"] != "insurance_plan" and _days(x) <= last,
        1_100_000_000,
        each=75_000_000,
        share=0.15,
    )
    buyer.plans(book, lambda x: _days(x) <= last and x["rating.lianhe"] is not None, each=50_000_000, count=3)
    buyer.bonds(book, _good_credit(high=last), 700_000_000, share=0.08)
    buyer.bonds(book, _is("policy_bank", high=last), 600_000_000, share=0.05)
    buyer.bonds(book, _is("government", high=last), 300_000_000, share=0.05)
    buyer.close(book)
    return book


def _triple(line: Line) -> bool:
    """Rated AAA by every agency: a risk weight of at most 20 % whatever the maturity."""
    return all(grade == "AAA" for grade in grades(line))


def _bank(buyer: Buyer) -> Book:
    book = Book(3_000_000_000, amortised=True)
    wanted = ("rmbs", "auto", "micro", "consumer", "leasing")
    buyer.abs_lines(
        book,
        lambda x: x["product"] == "credit_abs" and x["asset_type"] in wanted and _triple(x),
        1_700_000_000,
        each=150_000_000,
        share=0.2,
    )
    buyer.abs_lines(
        book,
        lambda x: x["product"] in ("enterprise_abs", "abn") and not x["lgfv"] and _days(x) < 2000 and _triple(x),
        900_000_000,
        each=90_000_000,
        share=0.15,
    )
    buyer.close(book)
    return book


def trades(lines: list[Line], before: Book, after: Book) -> list[dict[str, Any]]:
    """Return the sales that paid the redemption."""
    table = {line["tranche_id"]: line for line in lines}
    gone = {code: face - after.face.get(code, 0) for code, face in before.face.items()}
    return [
        {"date": AS_OF, "tranche_id": code, "side": "sell", "face": face, "price": table[code]["clean_price"]}
        for code, face in sorted(gone.items())
        if face
    ]
