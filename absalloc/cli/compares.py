"""``absalloc compare``: the three sectors like for like in each mandate, and the mix."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from absalloc.cli.inputs import Files
from absalloc.cli.shell import Shell, plain
from absalloc.errors import BadInput


@dataclass(frozen=True)
class CompareAsk:
    """What a comparison is asked for, as written on the command line."""

    files: Files
    scenarios: tuple[str, ...] = ()
    overrides: dict[str, str] = field(default_factory=dict)
    break_even: bool = False
    solver: str = "highs"
    time_limit: float | None = None


def run_compare(shell: Shell, ask: CompareAsk, paths: list[str]) -> int:
    """Compare the sectors in each mandate and print them; 0 where every plan it took is proven, else 1."""
    from absalloc.desk import compare
    from absalloc.desk.studied import Compared
    from absalloc.desk.studies import sector_drivers
    from absalloc.mandate import load_mandate

    drivers = sector_drivers(ask.scenarios)
    read = [load_mandate(path) for path in paths]
    names: dict[str, str] = {}
    for one in read:
        if one.name in names:
            place = one.document.where("name")
            raise BadInput(
                "mandate.duplicate_name", where=place, value=one.name, first=names[one.name], second=one.file
            )
        names[one.name] = one.file
    with shell.step("step_compare"):
        parts = tuple(
            part
            for mandate in read
            for part in compare(
                ask.files.load(mandate), mandate, drivers, as_of=ask.files.day, overrides=ask.overrides,
                break_even=ask.break_even, solver=str(ask.solver), time_limit=ask.time_limit,
            ).parts
        )  # fmt: skip
        found = Compared(parts, ask.break_even)
        document = found.to_json(shell.lang)
    shell.document(document)
    if not shell.as_json:
        for item in document["mandates"]:
            _show(shell, item, break_even=ask.break_even)
        for item in document["mandates"]:
            shell.answer(plain(_answer(shell, item)))
    return 0 if found.answered else 1


def _show(shell: Shell, item: dict[str, Any], *, break_even: bool) -> None:
    from rich.text import Text

    from absalloc.cli.tables import said_once, simple_table
    from absalloc.report.words import DASH, name, shown, yuan_in_full

    lang = shell.lang

    def bp(value: float | None) -> str:
        return DASH if value is None else f"{value:,.2f}"

    rows = []
    for row in item["sectors"]:
        matched = shell.text("matched" if row["duration_matched"] else "not_matched")
        life = shown(row["duration"], "years", lang)
        rows.append(
            (
                name("sector", row["sector"], lang), shell.text(f"status_{row['status']}"),
                yuan_in_full(row["capacity_yuan"]), yuan_in_full(row["carry_yuan"]), bp(row["carry_bp"]),
                life if row["duration"] is None else f"{life} {matched}", plain(row["driver"]),
                yuan_in_full(row["stressed_loss_yuan"]), bp(row["leave_one_out_bp"]),
                *((bp(row["break_even_bp"]),) if break_even else ()),
            )
        )  # fmt: skip
    heads = ["sector", "status", "capacity", "carry_yuan", "carry_bp", "duration", "driver", "stressed", "left_out_bp"]
    heads += ["break_even_bp"] if break_even else []
    shell.show(Text(f"{plain(item['mandate'])}  {item['as_of']}", style="bold"))
    shell.show(simple_table([shell.text(f"head_{k}") for k in heads], rows, (2, 3, 4, 5, 7, 8, 9)))
    if not break_even:
        shell.show(Text(shell.text("no_break_even"), style="dim"))
    said_once(shell, shell.text("to_know"), item["notes"])
    said_once(shell, shell.text("assumptions"), item["assumptions"])
    shell.show("")


def _answer(shell: Shell, item: dict[str, Any]) -> str:
    """Return the free mix in one line."""
    from absalloc.report.words import DASH, LISTED, name, shown, yuan_in_full

    lang, mix = shell.lang, item["mix"]
    shares = [f"{name('sector', s, lang)} {shown(w, 'ratio', lang)}" for s, w in mix["weights"].items()]
    return shell.text(
        "compare_answer", book=item["mandate"], sleeve=yuan_in_full(item["sleeve_yuan"]),
        status=name("status", mix["status"], lang), yuan=yuan_in_full(mix["carry_yuan"]),
        shares=LISTED[lang].join(shares) or DASH,
    )  # fmt: skip
