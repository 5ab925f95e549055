"""``absalloc rules list, show, test``: the rule book itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from absalloc.cli.shell import Shell, plain

if TYPE_CHECKING:
    from absalloc.rulebook import Rulebook
    from absalloc.rulebook.models import Rule

LIST, SHOW, TEST = "absalloc.rules-list/1", "absalloc.rules-show/1", "absalloc.rules-test/1"


def books_of(names: Sequence[str] | None) -> list[Rulebook]:
    """Return the rulebooks named, all that ship by default. Raises BadInput for an unknown one."""
    from absalloc.rulebook import find_rulebook, shipped_rulebooks

    return [find_rulebook(name) for name in names or shipped_rulebooks()]


def rule_document(book: Rulebook, rule: Rule, lang: str) -> dict[str, Any]:
    """Return one rule as plain data: its sentence, its article, where it is written."""
    from absalloc.rulebook.sentence import sentence

    source = book.book.sources[rule.source.document]
    where = book.where(rule.id)
    return {
        "rule": f"{book.id}/{rule.id}",
        "kind": rule.kind,
        "title": getattr(rule.title, lang),
        "sentence": sentence(rule, lang, book.book),
        "level": rule.level,
        "tested": rule.tested,
        "scope": rule.scope,
        "status": rule.status,
        "source": {
            "document": rule.source.document,
            "title": source.title,
            "number": source.number,
            "article": rule.source.article,
            "ref": rule.source.ref,
            "confidence": rule.source.confidence,
            "article_confirmed": rule.source.article_confirmed,
            "quote": rule.source.quote,
        },
        "readings": [
            {"switch": r.switch, "id": r.id, "default": r.default, "title": getattr(r.title, lang) if r.title else None}
            for r in rule.readings
        ],
        "file": where.file,
        "line": where.line,
    }


def run_list(shell: Shell, names: Sequence[str] | None, day: date | None) -> int:
    """List the rules; with a day, those of a rulebook that has values on it are marked as in force."""
    from rich.text import Text

    from absalloc.cli.tables import simple_table
    from absalloc.report.words import article, name

    books = books_of(names)
    rules = [(book, rule, rule_document(book, rule, shell.lang)) for book in books for rule in book.book.rules]
    for _, rule, document in rules:
        document["in_force"] = None if day is None else in_force(rule, day)
    shell.document(
        {
            "schema": LIST,
            "as_of": None if day is None else day.isoformat(),
            "rulebooks": [{"rulebook": b.id, "file": b.file, "sha256": b.sha256, "rules": len(b.rules)} for b in books],
            "rules": [document for _, _, document in rules],
        }
    )
    rows = [
        (
            Text(d["rule"], style="dim" if d["in_force"] is False or d["status"] == "draft" else ""),
            d["title"], name("level", d["level"], shell.lang), article(d["source"], shell.lang),
            name("confidence", d["source"]["confidence"], shell.lang),
        )
        for _, _, d in rules
    ]  # fmt: skip
    heads = [shell.text(key) for key in ("head_rule", "head_title", "head_level", "head_article", "head_confidence")]
    if not shell.as_json:
        shell.show(simple_table(heads, rows), "")
        shell.answer(shell.text("rules_listed", rules=len(rules), books=len(books)))
    return 0


def in_force(rule: Rule, day: date) -> bool:
    """Return whether a rule, and some value of its limit, holds on a day."""
    if rule.status == "draft" or (rule.from_ and day < rule.from_) or (rule.to and day > rule.to):
        return False
    dated = [item for side in (rule.max, rule.min) if isinstance(side, tuple) for item in side]
    return not dated or any((d.from_ or day) <= day <= (d.to or day) for d in dated)


def run_show(shell: Shell, wanted: str, names: Sequence[str] | None) -> int:
    """Show one rule, named in short where that is clear, else in full."""
    from absalloc.rulebook.active import full_id

    books = books_of(names)
    book_id, _, rule_id = full_id(tuple(books), wanted).partition("/")
    book = next(book for book in books if book.id == book_id)
    document = rule_document(book, book.rules[rule_id], shell.lang)
    shell.document({"schema": SHOW, **document})
    if not shell.as_json:
        _show_rule(shell, document)
    return 0


def _show_rule(shell: Shell, document: dict[str, Any]) -> None:
    from rich.text import Text

    from absalloc.report.words import article, name

    shell.show(Text(f"{plain(document['title'])}  ", style="bold") + Text(plain(document["rule"]), style="dim"))
    shell.answer(plain(document["sentence"]))
    source = document["source"]
    said = f"{article(source, shell.lang)} ({name('confidence', source['confidence'], shell.lang)}, {source['ref']})"
    shell.show(Text(plain(said), style="dim"))
    if source["quote"]:
        shell.show(Text(f"  “{plain(source['quote'])}”", style="italic"))
    for reading in document["readings"]:
        key = "reading_default" if reading["default"] else "reading"
        shell.show(
            Text(shell.text(key, switch=reading["switch"], id=reading["id"], title=plain(reading["title"] or "")))
        )
    shell.show(Text(f"{document['file']}:{document['line']}", style="dim"))


def run_test(shell: Shell, file: str | None) -> int:
    """Run the worked cases of one rulebook or of all that ship; 0 where each comes out as written, else 1."""
    from absalloc.compliance.cases import run_cases
    from absalloc.rulebook import shipped_rulebooks

    with shell.step("step_cases"):
        reports = [run_cases(name) for name in ([file] if file else shipped_rulebooks())]
    ok = all(report.ok for report in reports)
    shell.document(
        {
            "schema": TEST,
            "ok": ok,
            "rulebooks": [
                {
                    "rulebook": report.rulebook,
                    "n_cases": len(report.results),
                    "n_failed": len(report.failed),
                    "cases": [
                        {
                            "id": r.id, "rule": r.rule, "shows": r.shows, "ok": r.ok, "expected": r.expected,
                            "found": r.found, "place": r.place, "text": r.text(shell.lang),
                        }
                        for r in report.results
                    ],
                    "missing": [{"rule": g.rule, "kind": g.kind, "text": g.text(shell.lang)} for g in report.missing],
                }
                for report in reports
            ],
        }
    )  # fmt: skip
    if not shell.as_json:
        _show_cases(shell, reports, ok)
    return 0 if ok else 1


def _show_cases(shell: Shell, reports: Sequence[Any], ok: bool) -> None:
    from rich.text import Text

    for report in reports:
        good = len(report.results) - len(report.failed)
        text = shell.text("cases", book=report.rulebook, good=good, all=len(report.results), gaps=len(report.missing))
        shell.show(Text("✓ " if report.ok else "✗ ", style="green" if report.ok else "bold red") + Text(plain(text)))
        shell.show(*(Text(f"    {plain(result.text(shell.lang))}", style="red") for result in report.failed))
        shell.show(*(Text(f"    {plain(gap.text(shell.lang))}", style="dim") for gap in report.missing))
    shell.answer(shell.text("cases_ok" if ok else "cases_failed"))
