"""``absalloc check``: does this book comply, rule by rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from absalloc.cli.inputs import Files, book_before, other_books
from absalloc.cli.shell import Shell
from absalloc.cli.writing import print_pdf, ready
from absalloc.errors import BadInput
from absalloc.where import Where

if TYPE_CHECKING:
    from absalloc.compliance.result import Findings
    from absalloc.desk.readings import OtherReading
    from absalloc.mandate import LoadedMandate
    from absalloc.universe import Universe

ALL = "all"


@dataclass(frozen=True)
class CheckAsk:
    """What a check is asked for, as written on the command line."""

    files: Files
    overrides: dict[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    before: str | None = None
    earlier: tuple[str | None, str | None] = (None, None)
    trades: str | None = None
    readings: str | None = None
    moves: str | None = None
    only_verified: bool = False
    out: str | None = None
    pdf: bool = False
    scenarios: tuple[str, ...] = ()


def run_check(shell: Shell, ask: CheckAsk, mandate_path: str, holdings: str) -> int:
    """Check a book and print the findings; 0 where it is shown to comply, else 1."""
    from absalloc.mandate import load_mandate
    from absalloc.report.folder import write_check_folder

    if ask.readings not in (None, ALL):
        raise BadInput("cli.readings_form", where=Where("--readings"), value=ask.readings, expected=ALL, choices=[ALL])
    if ask.moves not in (None, ALL):
        raise BadInput("cli.readings_form", where=Where("--moves"), value=ask.moves, expected=ALL, choices=[ALL])
    if ask.moves is not None and ask.before is None and ask.trades is None:
        raise BadInput("cli.needs_option", value="--moves", expected="--before")
    mandate = load_mandate(mandate_path)
    from absalloc.report.folder import CHECK_FILES

    ready(ask.out, ask.pdf, CHECK_FILES)
    with shell.step("step_check"):
        universe = ask.files.load(mandate)
        findings, document = check_document(shell.lang, ask, universe, mandate, holdings)
    if ask.out is not None:
        write_check_folder(findings, document, ask.out, shell.lang, asked=(mandate, universe, holdings))
    print_pdf(shell, ask.out, ask.pdf)
    shell.document(document)
    show_check(shell, document)
    return 0 if findings.compliant else 1


def check_document(
    lang: str, ask: CheckAsk, universe: Universe, mandate: LoadedMandate, holdings: str
) -> tuple[Findings, dict[str, Any]]:
    """Return the findings of a book and the ``absalloc.check/1`` document, with other readings where asked."""
    from absalloc.desk import check

    how: dict[str, Any] = {
        "others": other_books(universe, mandate, ask.others),
        "before": book_before(universe, mandate, ask.before, ask.earlier),
        "trades": ask.trades,
        "moves": ask.moves == ALL,
        "as_of": ask.files.day,
        "overrides": ask.overrides,
        "only_verified": ask.only_verified,
        "scenarios": ask.scenarios,
    }
    findings = check(universe, mandate, holdings, **how)
    document = findings.to_json(lang)
    if ask.readings == ALL:
        from absalloc.desk.readings import other_readings

        document["readings"] = [_reading_json(item) for item in other_readings(findings)]
    return findings, document


def _reading_json(item: OtherReading) -> dict[str, Any]:
    from absalloc.compliance.finding import shown

    differs = []
    for each in item.differs:
        found = each.here or each.there
        assert found is not None
        pair = (each.here, each.there)
        differs.append({
            "book": found.book, "rule": found.rule, "group": found.group,
            "reading": None if each.there is None else each.there.reading,
            **{f"verdict{end}": None if f is None else f.verdict for end, f in zip(("", "_here"), pair, strict=True)},
            **{f"value{end}": None if f is None else shown(f.value, f.unit)
               for end, f in zip(("", "_here"), pair, strict=True)},
        })  # fmt: skip
    (switch, reading), *more = item.readings
    return {
        "switch": switch, "id": reading, "also": [{"switch": s, "id": r} for s, r in more],
        "compliant": item.compliant, "differs": differs,
    }  # fmt: skip


def show_check(shell: Shell, document: dict[str, Any]) -> None:
    """Print the findings for people: the table, what does not pass and why, what did not apply, the answer last."""
    if shell.as_json:
        return
    from rich.text import Text

    from absalloc.cli.tables import failing, rule_table, said_once
    from absalloc.report.answer import check_answer
    from absalloc.report.words import say

    lang = shell.lang
    if not shell.quiet:
        several = len(document["mandates"]) > 1
        shell.show(rule_table(document["findings"], lang, books=several, width=shell.console().width))
        details = failing(document["findings"], lang)
        if details:
            shell.show("", *details)
        show_moves(shell, document["findings"])
        said_once(shell, say("head_to_prove", lang), [item["text"] for item in document["to_prove"]])
        said_once(shell, shell.text("not_applied"), [f"{r['rule']}: {r['reason']}" for r in document["not_applied"]])
        said_once(shell, shell.text("assumptions"), document["assumptions"])
        show_readings(shell, document.get("readings"))
        shell.show("")
    style = {True: "bold green", False: "bold red", None: "bold yellow"}[document["compliant"]]
    shell.answer(Text(check_answer(document, lang), style=style))


def show_moves(shell: Shell, findings: list[dict[str, Any]]) -> None:
    """Print what moved each ratio since the book before, where that is known."""
    from rich.text import Text

    from absalloc.cli.shell import plain
    from absalloc.cli.tables import simple_table
    from absalloc.report.moves import move_rows
    from absalloc.report.words import DASH

    rows = move_rows(findings, shell.lang)
    if not rows:
        return
    heads = [shell.text(f"moves_{key}") for key in ("rule", "then", "now", "parts", "cause")]
    cells = [
        (
            Text(f"{plain(row.rule)}\n{plain(row.group)}"), row.then, row.now,
            Text("\n".join(f"{driver} {part}" for driver, part in row.parts) or DASH),
            Text("\n".join(dict.fromkeys((row.cause, row.cure_by)))),
        )
        for row in rows
    ]  # fmt: skip
    shell.show("", Text(shell.text("moves"), style="bold"), simple_table(heads, cells, right=(1, 2)))


def show_readings(shell: Shell, readings: list[dict[str, Any]] | None) -> None:
    """Print which verdicts hang on how a word is read, and which readings change none."""
    if readings is None:
        return
    from rich.text import Text

    from absalloc.cli.shell import plain
    from absalloc.cli.tables import simple_table
    from absalloc.report.words import DASH, name

    rows: list[list[object]] = []
    same = []
    for item in readings:
        head = " + ".join(f"{each['switch']}={each['id']}" for each in (item, *item["also"]))
        for each in item["differs"]:
            which = Text(f"{plain(each['rule'])}\n{plain(each['group'] or DASH)}")
            rows.append([head, which, *(name("verdict", each[key], shell.lang) for key in ("verdict", "verdict_here"))])
        same += [] if item["differs"] else [head]
    shell.show("", Text(shell.text("readings"), style="bold"))
    if rows:
        heads = [shell.text(f"readings_{key}") for key in ("reading", "rule", "as_read", "here")]
        shell.show(simple_table(heads, rows))
    if same:
        shell.show(Text("  " + shell.text("reading_same", reading=", ".join(same))))
