"""``absalloc rules lint``: what the rules say about each other, proven for any portfolio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from absalloc.cli.inputs import parse_day
from absalloc.cli.shell import Shell, plain
from absalloc.errors import BadInput

LINT = "absalloc.rules-lint/1"


def run_lint(shell: Shell, names: Sequence[str], mandate: str | None, as_of: str | None) -> int:
    """Examine rulebooks one by one, or those of a mandate together; 1 where something is likely wrong, else 0."""
    if mandate is not None and names:
        raise BadInput("cli.mandate_has_books", value="FILE")
    with shell.step("step_lint"):
        parts = [_of_mandate(shell, mandate, as_of)] if mandate is not None else _of_books(shell, names, as_of)
    wrong = sum(item["wrong"] for part in parts for item in part["findings"])
    document = {"schema": LINT, "ok": wrong == 0, "family": shell.text("lint_family"), "examined": parts}
    shell.document(document)
    if not shell.as_json:
        for part in parts:
            _show(shell, part)
        shell.show("", shell.text("lint_family"))
        found = sum(len(part["findings"]) for part in parts)
        shell.answer(shell.text("lint_answer", found=found, wrong=wrong, books=len(parts)))
    return 1 if wrong else 0


def _of_mandate(shell: Shell, path: str, as_of: str | None) -> dict[str, Any]:
    from absalloc.mandate import load_mandate
    from absalloc.rulebook.active import resolve
    from absalloc.study.lint import lint, of_mandate

    mandate = load_mandate(path)
    day = parse_day(as_of) or mandate.as_of
    if day is None:
        raise BadInput("desk.no_date", where=mandate.document.where("as_of"))
    rules = resolve(mandate, day)
    return _part(shell, lint(of_mandate(rules)), day, list(rules.hashes), mandate.name)


def _of_books(shell: Shell, names: Sequence[str], as_of: str | None) -> list[dict[str, Any]]:
    from absalloc.cli.rules import books_of
    from absalloc.study.lint import lint, of_book

    parts = []
    for book in books_of(names):
        # Without a day the last one it was verified for: the answer is the same tomorrow.
        day = parse_day(as_of) or book.book.modelled.verified_until
        parts.append(_part(shell, lint(of_book(book, day)), day, [book.id], None))
    return parts


def _part(shell: Shell, found: Any, day: Any, books: list[str], mandate: str | None) -> dict[str, Any]:
    return {
        "mandate": mandate,
        "rulebooks": books,
        "as_of": day.isoformat(),
        "rules": list(found.examined),
        "not_examined": list(found.skipped),
        "kinds_of_line": found.cells,
        "findings": [item.to_json(shell.lang) for item in found.findings],
    }


def _show(shell: Shell, part: Mapping[str, Any]) -> None:
    from rich.text import Text

    from absalloc.report.words import article_sure

    head = part["mandate"] or ", ".join(part["rulebooks"])
    said = shell.text("lint_head", book=head, day=part["as_of"], rules=len(part["rules"]), n=len(part["findings"]))
    bad = any(item["wrong"] for item in part["findings"])
    shell.show(Text("✗ " if bad else "✓ ", style="bold red" if bad else "green") + Text(plain(said)))
    for item in part["findings"]:
        style = "red" if item["wrong"] else "cyan"
        shell.show(Text(f"  {shell.text('lint_' + item['code'])}: ", style=style) + Text(plain(item["text"])))
        for rule in (item["rule"], *(one for one in item["by"] if one["rule"] != item["rule"]["rule"])):
            where = f"{rule['file']}:{rule['line']}"
            line = f"      {rule['rule']}: {rule['title']}; {article_sure(rule['source'], shell.lang)}; {where}"
            shell.show(Text(plain(line), style="dim"))
        if item["proof"] != "exact":
            shell.show(Text(f"      {shell.text('lint_not_exact')}", style="yellow"))
    if part["not_examined"]:
        shell.show(Text(f"  {shell.text('lint_skipped', names=', '.join(part['not_examined']))}", style="dim"))
