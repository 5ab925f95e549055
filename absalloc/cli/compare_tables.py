"""A comparison of the sectors as tables for a terminal."""

from __future__ import annotations

from typing import Any

from absalloc.cli.shell import Shell, plain


def show_mandate(shell: Shell, item: dict[str, Any], *, break_even: bool) -> None:
    """Print one mandate: what each sector earns, what it loses and earns at equal loss, its curve, what to know."""
    from rich.text import Text

    from absalloc.cli.tables import said_once, simple_table

    shell.show(Text(f"{plain(item['mandate'])}  {item['as_of']}", style="bold"))
    heads = ["sector", "status", "capacity", "carry_bp", "net_bp", "duration", "left_out_bp"]
    heads += ["break_even_bp"] if break_even else []
    rows = [_earns(shell, row, break_even) for row in item["sectors"]]
    shell.show(simple_table([shell.text(f"head_{k}") for k in heads], rows, (2, 3, 4, 5, 6, 7)))
    heads = ["sector", "driver", "stressed", "stressed_bp", "equal_bp", "equal_sleeve"]
    shell.show("", simple_table([shell.text(f"head_{k}") for k in heads], _losses(shell, item), (2, 3, 4, 5)))
    if item["curves"]:
        heads = ["book", "stressed_bp", "carry_bp", "equal_sleeve", "status"]
        shell.show("", Text(shell.text("title_curve"), style="bold"))
        shell.show(simple_table([shell.text(f"head_{k}") for k in heads], _points(shell, item), (1, 2, 3)))
    if not break_even:
        shell.show("", Text(shell.text("no_break_even"), style="dim"))
    said_once(shell, shell.text("to_know"), item["notes"])
    said_once(shell, shell.text("assumptions"), item["assumptions"])
    shell.show("")


def _bp(value: float | None) -> str:
    from absalloc.report.words import DASH

    return DASH if value is None else f"{value:,.2f}"


def _earns(shell: Shell, row: dict[str, Any], break_even: bool) -> tuple[str, ...]:
    from absalloc.report.words import name, shown, yuan_in_full

    lang = shell.lang
    life = shown(row["duration"], "years", lang)
    return (
        name("sector", row["sector"], lang), shell.text(f"status_{row['status']}"),
        yuan_in_full(row["capacity_yuan"]), _bp(row["carry_bp"]), _bp(row["net_carry_bp"]),
        life if row["duration"] is None else f"{life} {name('match', row['match'], lang)}",
        _bp(row["leave_one_out_bp"]), *((_bp(row["break_even_bp"]),) if break_even else ()),
    )  # fmt: skip


def _losses(shell: Shell, item: dict[str, Any]) -> list[tuple[str, ...]]:
    from absalloc.report.words import name, yuan_in_full

    return [
        (
            name("sector", row["sector"], shell.lang), plain(row["driver_title"]),
            yuan_in_full(row["stressed_loss_yuan"]), _bp(row["stressed_loss_bp"]),
            _bp(row["equal_loss_carry_bp"]),
            yuan_in_full(None if row["equal_loss"] is None else row["equal_loss"]["sleeve_yuan"]),
        )
        for row in item["sectors"]
    ]  # fmt: skip


def _points(shell: Shell, item: dict[str, Any]) -> list[tuple[str, ...]]:
    from absalloc.report.words import name, yuan_in_full

    return [
        (
            name("sector", curve["book"], shell.lang), _bp(point["stressed_loss_bp"]), _bp(point["carry_bp"]),
            yuan_in_full(point["sleeve_yuan"]), shell.text(f"status_{point['status']}"),
        )
        for curve in item["curves"]
        for point in curve["points"]
    ]  # fmt: skip
