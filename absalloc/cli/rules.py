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
NEW = "absalloc.rules-new/1"


def books_of(names: Sequence[str] | None) -> list[Rulebook]:
    """Return the rulebooks named, all that ship by default. Raises BadInput for an unknown one."""
    from absalloc.rulebook import find_rulebook, shipped_rulebooks

    return [find_rulebook(name) for name in names or shipped_rulebooks()]


def run_list(shell: Shell, names: Sequence[str] | None, day: date | None, *, only_verified: bool = False) -> int:
    """List the rules; with a day, those of a rulebook that has values on it are marked as in force."""
    from rich.text import Text

    from absalloc.cli.tables import said_once, simple_table
    from absalloc.report.rule_text import rule_document
    from absalloc.report.words import article, name
    from absalloc.rulebook.verified import SEEN

    books = books_of(names)
    rules = [(book, rule, rule_document(book, rule, shell.lang)) for book in books for rule in book.book.rules]
    unseen = [document["rule"] for _, rule, document in rules if rule.source.confidence != SEEN]
    if only_verified:
        rules = [item for item in rules if item[1].source.confidence == SEEN]
    for _, rule, document in rules:
        document["in_force"] = None if day is None else in_force(rule, day)
    shell.document(
        {
            "schema": LIST,
            "as_of": None if day is None else day.isoformat(),
            "rulebooks": [{"rulebook": b.id, "file": b.file, "sha256": b.sha256, "rules": len(b.rules)} for b in books],
            "rules": [document for _, _, document in rules],
            "left_out": unseen if only_verified else [],
        }
    )
    rows = [
        (
            Text(d["rule"], style="dim" if d["in_force"] is False or d["status"] == "draft" else ""),
            d["title"], name("level", d["level"], shell.lang), article(d["source"], shell.lang),
            Text(
                name("confidence", d["source"]["confidence"], shell.lang),
                style="" if d["source"]["confidence"] == "text_seen" else "yellow",
            ),
        )
        for _, _, d in rules
    ]  # fmt: skip
    heads = [shell.text(key) for key in ("head_rule", "head_title", "head_level", "head_article", "head_confidence")]
    if not shell.as_json:
        shell.show(simple_table(heads, rows), "")
        said_once(shell, shell.text("rules_left_out"), unseen if only_verified else [])
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
    from absalloc.report.rule_text import cases_of, rule_in_full
    from absalloc.rulebook.active import full_id

    books = books_of(names)
    book_id, _, rule_id = full_id(tuple(books), wanted).partition("/")
    book = next(book for book in books if book.id == book_id)
    document = rule_in_full(book, book.rules[rule_id], shell.lang, cases_of(book))
    shell.document({"schema": SHOW, **document})
    if not shell.as_json:
        show_rule(shell, document)
    return 0


def show_rule(shell: Shell, document: dict[str, Any]) -> None:
    """Print a rule for people: sentence, formula, article and how sure it is, readings, exceptions, cases."""
    from rich.text import Text

    from absalloc.report.rule_text import passive
    from absalloc.report.words import name

    def line(key: str, **fields: Any) -> Text:
        return Text(plain(shell.text(key, **fields)))

    def label(key: str, value: str, style: str = "") -> None:
        shell.show(Text(f"{shell.text(key)}  ", style="bold") + Text(plain(value), style=style))

    shell.show(Text(f"{plain(document['title'])}  ", style="bold") + Text(plain(document["rule"]), style="dim"))
    shell.answer(plain(document["sentence"]))
    found = document["formula"]
    label("show_formula", found["text"] + (f"  ({found['each']})" if found["each"] else ""))
    for key, meaning in document["definitions"].items():
        shell.show(line("show_means", name=key, meaning=meaning))
    _show_source(shell, document["source"])
    words = {key: name(key, document[key], shell.lang) for key in ("level", "tested", "status")}
    shell.show(line("show_kind", **words))
    if document["passive_breach"] is not None:
        shell.show(Text(plain(passive(document["passive_breach"], shell.lang))))
    if document["reads"]:
        label("show_reads", ", ".join(document["reads"]))
    for reading in document["readings"]:
        key = "reading_default" if reading["default"] else "reading"
        shell.show(line(key, switch=reading["switch"], id=reading["id"], title=reading["title"] or ""))
        if reading["sentence"] != document["sentence"]:
            shell.show(Text(f"    {plain(reading['sentence'])}", style="dim"))
    for item in document["exceptions"]:
        said = item["title"] or item["lines"]
        shell.show(line("show_exception", id=item["id"], said=said))
    if document["note"]:
        label("show_note", document["note"])
    _show_rule_cases(shell, document["cases"])
    shell.show(Text(f"{document['file']}:{document['line']}", style="dim"))


def _show_source(shell: Shell, source: dict[str, Any]) -> None:
    from rich.text import Text

    from absalloc.report.words import article, name

    sure = name("confidence", source["confidence"], shell.lang)
    confirmed = "" if source["article_confirmed"] else f", {shell.text('show_article_open')}"
    said = f"{article(source, shell.lang)} ({source['ref']}; "
    style = "" if source["confidence"] == "text_seen" else "bold yellow"
    shell.show(Text(plain(said)) + Text(f"{sure}{confirmed}", style=style) + Text(")"))
    if source["quote"]:
        shell.show(Text(f"  “{plain(source['quote'])}”", style="italic"))


def _show_rule_cases(shell: Shell, cases: Sequence[dict[str, Any]]) -> None:
    from rich.text import Text

    from absalloc.cli.tables import simple_table
    from absalloc.report.words import name

    if not cases:
        shell.show(Text(shell.text("show_no_cases"), style="yellow"))
        return
    rows = [
        (c["id"], c["shows"], name("verdict", c["verdict"], shell.lang), c["value"] or "–", c["limit"] or "–")
        for c in cases
    ]
    heads = [shell.text(f"head_{key}") for key in ("case", "shows", "verdict", "value", "limit")]
    shell.show(Text(shell.text("show_cases", n=len(cases)), style="bold"), simple_table(heads, rows, (3, 4)))


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


def run_new(shell: Shell, name: str, folder: str) -> int:
    """Write a rulebook to start from and say what to do with it."""
    from absalloc.report.files import check_folder
    from absalloc.rulebook.new import new_rulebook

    check_folder(folder)
    paths = [str(path) for path in new_rulebook(name, folder)]
    shell.document({"schema": NEW, "rulebook": name, "files": paths})
    shell.show(*(plain(path) for path in paths))
    shell.answer(plain(shell.text("new_next", command=f"absalloc rules test {paths[0]}")))
    return 0
