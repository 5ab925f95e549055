"""What a book on the page is held to: verdicts, the lines that fail, what may still be bought, and the memo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from absalloc.web.page import books
from absalloc.web.page.desks import mandate_of, universe
from absalloc.web.page.parts import notice

if TYPE_CHECKING:
    from absalloc.compliance.result import Findings

FIELDS = ("tranche_id", "face", "market_value")
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Asked:
    """A book of the page: its mandate's name, its rows, and those of the book before its trades (None: not given)."""

    book: str
    rows: Rows
    before: Rows | None = None

    def findings(self) -> Findings:
        """Return the verdicts. Raises BadInput as ``check`` and ``table_of`` do."""
        from absalloc.desk import check

        earlier = None if self.before is None else books.table_of(self.before)
        return check(universe(), mandate_of(self.book), books.table_of(self.rows), before=earlier)


def checked(asked: Asked, lang: str, room: bool) -> tuple[Any, Any, Any]:
    """Return the rows with their verdicts, the rules and the answer; with ``room`` what may still be bought."""
    from absalloc.report.answer import check_answer
    from absalloc.report.words import article, bound_sign, name, shown

    document = asked.findings().to_json(lang)
    table = [
        {
            "verdict": name("verdict", f["verdict"], lang),
            "title": f["title"],
            "article": article(f["source"], lang),
            "group": f["group"] or "–",
            "value": shown(f["value"], f["unit"], lang, f["limit"]),
            "limit": f"{bound_sign(f)} {shown(f['limit'], f['unit'], lang, f['value'])}",
            "headroom": f["headroom"],
            "reason": f["reason"] or "",
            "order": ("fail", "unknown", "pass").index(f["verdict"]),
        }
        for f in document["findings"]
    ]
    table.sort(key=lambda row: row["order"])
    marked = _marked(asked.rows, document["findings"], lang)
    if room:
        marked = _with_room(asked.book, marked, lang)
    colour = {True: "green", False: "red", None: "yellow"}[document["compliant"]]
    return marked, table, notice(check_answer(document, lang, titled=True), colour)


def names_of(codes: Iterable[str]) -> dict[str, str]:
    """Return code -> name of the lines that the market has and names."""
    index, names = universe().index(), universe().column("name")
    found = {code: names[index[code]] for code in codes if code in index}
    return {code: str(name) for code, name in found.items() if name is not None}


def _marked(rows: Rows, findings: Sequence[Mapping[str, Any]], lang: str) -> list[dict[str, Any]]:
    """Return the rows with the worst verdict that each line has a part in, and the rules it comes from."""
    from absalloc.report.words import name

    worst: dict[str, str] = {}
    rules: dict[str, list[str]] = {}
    for finding in sorted(findings, key=lambda f: f["verdict"] != "fail"):
        if finding["verdict"] == "pass" or finding["level"] == "warn":
            continue
        for line in finding["lines"]:
            worst.setdefault(line["tranche_id"], finding["verdict"])
            rules.setdefault(line["tranche_id"], []).append(finding["title"])
    names = names_of(str(row.get("tranche_id")) for row in rows)
    return [
        {
            **{key: row.get(key) for key in FIELDS},
            "name": names.get(str(row.get("tranche_id"))),
            "place": str(place),
            "level": worst.get(str(row.get("tranche_id")), "pass"),
            "verdict": name("verdict", worst.get(str(row.get("tranche_id")), "pass"), lang),
            "rules": "; ".join(dict.fromkeys(rules.get(str(row.get("tranche_id")), []))),
        }
        for place, row in enumerate(rows)
    ]


def _with_room(book: str, rows: list[dict[str, Any]], lang: str) -> list[dict[str, Any]]:
    """Return the rows with the most face that may be bought on top, nothing else moving, and what stops it."""
    from absalloc.desk import Book, planning
    from absalloc.explain import headroom

    case = planning(Book(universe(), mandate_of(book), books.table_of(rows)))
    known = [row["tranche_id"] for row in rows if row["tranche_id"] in case.state.index]
    found = headroom(case.state, case.settings, known).to_json(lang)
    titles = {rule.id: getattr(rule.title, lang) for rule in case.state.rules.active}
    rooms = {line["tranche_id"]: line for line in found["lines"]}
    return [
        {
            **row,
            "room": rooms[row["tranche_id"]]["face"],
            "stop": titles.get(rooms[row["tranche_id"]]["rule"]) or rooms[row["tranche_id"]]["reason"],
        }
        if row["tranche_id"] in rooms
        else row
        for row in rows
    ]
