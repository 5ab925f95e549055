"""``absalloc stress`` with a Monte-Carlo set: the distribution of a book's loss, and its tail."""

from __future__ import annotations

from typing import Any

from absalloc.cli.asked import StressAsk
from absalloc.cli.shell import Shell, plain
from absalloc.errors import BadInput
from absalloc.where import Where


def run_draws(shell: Shell, ask: StressAsk, mandate_path: str, holdings: str) -> int:
    """Put a book through the draws of a set and print its losses; 0, for no rule is tested."""
    from absalloc.desk.drawn import stress_draws
    from absalloc.mandate import load_mandate

    if ask.forward_months is not None:
        raise BadInput("desk.draws_alone", where=Where("--forward"), value=f"--forward {ask.forward_months}")
    mandate = load_mandate(mandate_path)
    with shell.step("step_stress"):
        found = stress_draws(
            ask.files.load(mandate), mandate, holdings, scenario=list(ask.scenarios), as_of=ask.files.day,
            overrides=ask.overrides,
        )  # fmt: skip
        document = found.to_json(shell.lang)
    shell.document(document)
    if not shell.as_json:
        _show(shell, document)
    return 0


def _show(shell: Shell, document: dict[str, Any]) -> None:
    from rich.text import Text

    from absalloc.cli.tables import said_once, simple_table
    from absalloc.report.words import LISTED, shown, yuan_in_full

    book, lang = document["book"], shell.lang
    chosen, loss = book["set"], book["loss"]
    shell.show(Text(f"{plain(chosen['name'])}  {plain(chosen['title'])}", style="bold"))
    title = shell.text("title_losses", months=chosen["horizon_months"])
    rows = [(shown(item["share"], "ratio", lang), yuan_in_full(item["loss"])) for item in loss["quantiles"]]
    rows += [
        (shell.text("draws_mean"), yuan_in_full(loss["mean"])),
        (shell.text("draws_deviation"), yuan_in_full(loss["standard_deviation"])),
    ]
    heads = [shell.text("head_draw_share"), shell.text("head_draw_loss")]
    shell.show("", Text(title, style="bold"), simple_table(heads, rows, (1,)))
    tails = [
        (
            shown(item["level"], "ratio", lang), yuan_in_full(item["var"]), yuan_in_full(item["cvar"]),
            shown(item["cvar_on_nav"], "ratio", lang),
        )
        for item in book["tails"]
    ]  # fmt: skip
    heads = [shell.text(f"head_{name}") for name in ("tail_level", "var", "cvar", "of_nav")]
    shell.show("", simple_table(heads, tails, (0, 1, 2, 3)))
    said_once(shell, shell.text("to_know"), _to_know(shell, book, LISTED[lang]))
    said_once(shell, shell.text("assumptions"), document["assumptions"])
    tail = next(item for item in book["tails"] if item["level"] == 0.95)
    answer = shell.text(
        "draws_answer", book=book["book"], day=book["as_of"], set=chosen["name"], n=chosen["draws"],
        months=chosen["horizon_months"], mean=yuan_in_full(loss["mean"]), cvar=yuan_in_full(tail["cvar"]),
        share=shown(tail["cvar_on_nav"], "ratio", lang),
    )  # fmt: skip
    if book["unknown_lines"]:
        names = LISTED[lang].join(book["unknown_lines"][:5])
        answer = f"{answer} {shell.text('stress_unknown', n=len(book['unknown_lines']), names=names)}"
    shell.answer(Text(plain(answer), style="bold"))


def _to_know(shell: Shell, book: dict[str, Any], comma: str) -> list[str]:
    found = [shell.text("on_lines", text=n["text"], n=n["lines"]) for n in book["notes"]]
    if book["set"]["rates_from_mean"]:
        found.append(shell.text("draws_from_mean"))
    if book["simple_lines"]:
        names = comma.join(book["simple_lines"][:5])
        found.append(shell.text("draws_simple", n=len(book["simple_lines"]), names=names))
    return found
