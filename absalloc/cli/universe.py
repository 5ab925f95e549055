"""``absalloc universe``: is it readable, what is in it, which rows failed, what is missing for which rulebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from absalloc.cli.inputs import Files
from absalloc.cli.shell import Shell

if TYPE_CHECKING:
    from absalloc.rulebook.attributes import Missing

SCHEMA = "absalloc.universe/1"
MOST_FAILURES = 20


def run_universe(shell: Shell, files: Files, rulebooks: Sequence[str] | None) -> int:
    """Describe universe files; rows that failed are listed, and left to ``--strict`` to refuse."""
    from absalloc.rulebook import find_rulebook, shipped_rulebooks
    from absalloc.rulebook.attributes import missing_for
    from absalloc.universe import derive, describe

    books = [find_rulebook(name) for name in rulebooks or shipped_rulebooks()]
    with shell.step("step_read"):
        universe = files.load()
        day = files.day or universe.data_date
        counted = describe(universe if day is None else derive(universe, day))
        lacking = [missing_for(book, counted.coverage) for book in books]
        summary = describe(
            universe if day is None else derive(universe, day), {item.rulebook: item.columns for item in lacking}
        )
    document = {
        "schema": SCHEMA,
        **summary.to_json(shell.lang),
        "undecided": [
            {"rulebook": item.rulebook, "rule": rule, "missing": list(columns)}
            for item in lacking
            for rule, columns in item.rules.items()
        ],
    }
    shell.document(document)
    if not shell.as_json:
        _show(shell, document, lacking)
    return 0


def _show(shell: Shell, document: dict[str, Any], lacking: Sequence[Missing]) -> None:
    from rich.text import Text

    from absalloc.cli.tables import simple_table

    for kind in ("products", "sectors", "markets", "ratings"):
        said = ", ".join(f"{_word(shell, word)} {count:,}" for word, count in list(document[kind].items())[:12])
        shell.show(Text(f"{shell.text(kind)}  ", style="bold") + Text(said))
    rows = document["rows"]
    table = [
        (name, f"{count:,}", f"{count / rows:.0%}", _labels(document, name))
        for name, count in document["coverage"].items()
        if count
    ]
    heads = [shell.text(key) for key in ("head_column", "head_rows", "head_share", "head_from")]
    shell.show("", simple_table(heads, table, (1, 2)))
    shell.show("", Text(shell.text("absent", names=", ".join(document["absent"]) or "–"), style="dim"), "")
    for item in lacking:
        _show_missing(shell, item)
    _show_failures(shell, document)
    dropped = sum(1 for failure in document["failures"] if not failure["kept"])
    key = "universe_ok" if not document["n_failures"] else "universe_failures"
    shell.answer(Text(shell.text(key, rows=f"{rows:,}", n=document["n_failures"], dropped=dropped), style="bold"))


def _word(shell: Shell, word: str) -> str:
    from absalloc.report.words import name

    return (
        shell.text("unknown")
        if word == "unknown"
        else shell.text("no_sector")
        if word == ""
        else name("value", word, shell.lang)
    )


def _labels(document: dict[str, Any], name: str) -> str:
    return ", ".join(
        f"{label} {count:,}" for label, count in document["labels"].get(name, {}).items() if label != "missing"
    )


def _show_missing(shell: Shell, item: Missing) -> None:
    from rich.text import Text

    if not item.columns:
        shell.show(Text("✓ ", style="green") + Text(shell.text("nothing_missing", book=item.rulebook)))
        return
    shell.show(
        Text("? ", style="yellow")
        + Text(shell.text("missing", book=item.rulebook, n=len(item.rules), columns=", ".join(item.columns)))
    )
    for rule, columns in item.rules.items():
        shell.show(Text(f"    {rule}: {', '.join(columns)}", style="dim"))


def _show_failures(shell: Shell, document: dict[str, Any]) -> None:
    from rich.text import Text

    from absalloc.cli.shell import plain

    failures = document["failures"]
    if failures:
        shell.show("")
    for failure in failures[:MOST_FAILURES]:
        shell.show(Text(plain(failure["message"]), style="yellow" if failure["kept"] else "red"))
    if len(failures) > MOST_FAILURES:
        shell.show(Text(shell.text("more_rows", n=len(failures) - MOST_FAILURES), style="dim"))
