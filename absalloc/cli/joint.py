"""``absalloc optimise MANDATE MANDATE…``: several books at once, a table of them and their sum."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from absalloc.cli.plans import MOST_ROWS, Ask
from absalloc.cli.shell import Shell, plain
from absalloc.cli.writing import print_pdf, ready
from absalloc.errors import BadInput
from absalloc.where import Where

if TYPE_CHECKING:
    from absalloc.desk.joint_plan import JointPlan


def run_joint(shell: Shell, ask: Ask, paths: list[str], holdings: str | None) -> int:
    """Find the best plans of several books together and print them; 0 where they are proven and comply, else 1."""
    from absalloc.desk.joint import distinct, optimise_jointly
    from absalloc.mandate import load_mandate
    from absalloc.report.joint import JOINT_FILES

    _refuse(ask, holdings)
    mandates = distinct([load_mandate(path) for path in paths])
    ready(ask.out, ask.pdf, JOINT_FILES)
    with shell.step("step_solve"):
        universe = ask.files.load(mandates[0])
        plan = optimise_jointly(
            universe, mandates, as_of=ask.files.day, overrides=ask.overrides, only_verified=ask.only_verified,
            solver=str(ask.solver), time_limit=ask.time_limit, alone=ask.alone,
        )  # fmt: skip
        document = plan.to_json(shell.lang)
    if ask.out is not None:
        _write(shell, ask, plan, document, ask.out)
    shell.document(document)
    _show(shell, document)
    return 0 if document["status"] == "optimal" and document["compliant"] else 1


def _refuse(ask: Ask, holdings: str | None) -> None:
    """Raise BadInput for options that are there for one mandate only."""
    given = {
        "--holdings": holdings is not None, "--scenario": bool(ask.scenarios), "--worst-loss": ask.worst_loss,
        "--cvar": ask.cvar, "--full": ask.full,
    }  # fmt: skip
    for option, value in given.items():
        if value:
            raise BadInput("cli.joint_option", where=Where(option), value=option)


def _write(shell: Shell, ask: Ask, plan: JointPlan, document: dict[str, Any], out: str) -> None:
    from absalloc.report.joint import book_folders, write_joint_folder

    with shell.step("step_write"):
        write_joint_folder(plan, document, out, shell.lang)
    for folder in book_folders(document["mandates"]):
        print_pdf(shell, str(Path(out) / folder), ask.pdf)


def _show(shell: Shell, document: dict[str, Any]) -> None:
    """Print the books, what they share and what binds them; the answer last."""
    if shell.as_json:
        return
    from rich.text import Text

    from absalloc.cli.tables import failing, rule_table, said_once
    from absalloc.report.joint import joint_answer

    if not shell.quiet:
        if document["objective"] is not None:
            shell.show("", Text(shell.text("title_books"), style="bold"), _books(shell, document))
            _shared(shell, document["shared"])
        findings = _findings(document)
        shell.show("", rule_table(findings, shell.lang, books=True, width=shell.console().width))
        details = failing(findings, shell.lang)
        if details:
            shell.show("", *details)
        for line in _clash(shell, document["conflict"]):
            shell.show(plain(line))
        _alone(shell, document["alone"])
        said = [f"{book['mandate']}: {text}" for book in document["books"] for text in book["assumptions"]]
        said_once(shell, shell.text("assumptions"), said)
        shell.show("")
    good = document["status"] == "optimal" and document["compliant"]
    style = "bold green" if good else "bold red" if document["objective"] is None else "bold yellow"
    shell.answer(Text(plain(joint_answer(document, shell.lang)), style=style))


def _findings(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the findings of all books, one of several books once."""
    found = {}
    for book in document["books"]:
        for item in book["findings"]:
            found[item["book"], item["rule"], item["group"], item["sense"]] = item
    return list(found.values())


def _books(shell: Shell, document: dict[str, Any]) -> Any:
    from absalloc.cli.tables import simple_table
    from absalloc.report.words import LISTED, shown, yuan_in_full

    lang = shell.lang
    alone = {item["mandate"]: item["carry_yuan"] for item in (document["alone"] or {"books": []})["books"]}
    rows = [
        (
            plain(book["mandate"]), yuan_in_full(book["objective"]["carry_yuan"]),
            shown(book["objective"]["on_nav"], "ratio", lang), yuan_in_full(alone.get(book["mandate"])),
            str(len(book["holdings"])), LISTED[lang].join(book["binding"]) or "–",
        )
        for book in document["books"]
    ]  # fmt: skip
    total = document["objective"]
    whole = None if document["alone"] is None else document["alone"]["carry_yuan"]
    lines = sum(len(book["holdings"]) for book in document["books"])
    rows.append(
        (
            shell.text("row_total"), yuan_in_full(total["carry_yuan"]), shown(total["on_nav"], "ratio", lang),
            yuan_in_full(whole), str(lines), "",
        )
    )  # fmt: skip
    keys = ("book", "carry_yuan", "on_nav", "alone_yuan", "lines", "binding")
    return simple_table([shell.text(f"head_{key}") for key in keys], rows, (1, 2, 3, 4))


def _shared(shell: Shell, shared: list[dict[str, Any]]) -> None:
    """Print the lines of which the books buy all that there is."""
    if not shared:
        return
    from rich.text import Text

    from absalloc.cli.tables import simple_table
    from absalloc.report.words import yuan_in_full

    books = [plain(part["mandate"]) for part in shared[0]["bought"]]
    rows = [
        (item["tranche_id"], yuan_in_full(item["there"]), *(yuan_in_full(part["face"]) for part in item["bought"]))
        for item in shared
    ]
    table = simple_table(
        [shell.text("head_code"), shell.text("head_there"), *books], rows[:MOST_ROWS], tuple(range(1, len(books) + 2))
    )
    shell.show("", Text(shell.text("title_shared", n=len(rows)), style="bold"), table)
    if len(rows) > MOST_ROWS:
        shell.show(Text(shell.text("more_rows", n=len(rows) - MOST_ROWS), style="dim"))


def _clash(shell: Shell, conflict: list[dict[str, Any]]) -> list[str]:
    from absalloc.report.joint import clash_words

    return [] if not conflict else [shell.text("conflict"), *(f"  {w}" for w in clash_words(conflict, shell.lang))]


def _alone(shell: Shell, alone: dict[str, Any] | None) -> None:
    """Print what each book by itself adds up to, and what it breaks."""
    if alone is None:
        return
    from absalloc.report.words import LISTED, yuan_in_full

    total = yuan_in_full(alone["carry_yuan"])
    if alone["possible"]:
        shell.show("", shell.text("alone_possible", yuan=total))
        return
    rules = LISTED[shell.lang].join(f"{item['rule']} ({plain(item['book'])})" for item in alone["breaks"]) or "–"
    shell.show("", shell.text("alone_impossible", yuan=total, rules=rules, n=len(alone["oversold"])))
