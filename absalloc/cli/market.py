"""``absalloc market``: what market reviews print of a universe, and whether its ratings tell spreads apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from absalloc.cli.inputs import Files, parse_day
from absalloc.cli.shell import Shell
from absalloc.errors import BadInput

if TYPE_CHECKING:
    from absalloc.study.market import MarketStatistics
    from absalloc.universe import Universe


@dataclass(frozen=True)
class MarketAsk:
    """What is asked of a market; ``opening``: the universe at the start, and its day."""

    files: Files
    curves: str | None = None
    trades: str | None = None
    opening: tuple[str | None, str | None] = (None, None)
    out: str | None = None


def run_market(shell: Shell, ask: MarketAsk) -> int:
    """Print the statistics of a universe, and write them where asked."""
    from absalloc.report.files import check_folder
    from absalloc.report.market import MARKET_FILES, market_json, write_market_folder

    if ask.out is not None:
        check_folder(ask.out, MARKET_FILES)
    with shell.step("step_read"):
        universe, found = _found(ask)
        document = market_json(found, universe.sha256, shell.lang)
        if ask.out is not None:
            write_market_folder(document, ask.out, shell.lang)
    shell.document(document)
    if not shell.as_json:
        _show(shell, document)
        shell.answer(shell.text("market_used", used=document["used"], left_out=document["left_out"]))
    return 0


def _found(ask: MarketAsk) -> tuple[Universe, MarketStatistics]:
    from absalloc.study.market import market_statistics
    from absalloc.universe import derive, load_trades

    path, written = ask.opening
    start = parse_day(written, "--opening-as-of")
    for option, given, needed in (
        ("--trades", ask.trades, ("--opening", path)), ("--opening", path, ("--trades", ask.trades)),
        ("--opening-as-of", written, ("--opening", path)),
    ):  # fmt: skip
        if given is not None and needed[1] is None:
            raise BadInput("cli.needs_option", value=option, expected=needed[0])
    universe = ask.files.load()
    day = ask.files.day or universe.data_date
    if day is not None:
        universe = derive(universe, day)
    opening = None if path is None else Files((path,), ask.files.mapping, written, ask.files.strict).load()
    if opening is not None and start is not None:
        opening = derive(opening, start)
    return universe, market_statistics(
        universe, trades=None if ask.trades is None else load_trades(ask.trades), opening=opening,
        days=None if start is None or day is None else (start, day), curves=_curves(ask, day),
    )  # fmt: skip


def _curves(ask: MarketAsk, day: date | None) -> Any:
    """Return (curves, day), None where none are asked for. Raises BadInput where their day is not known."""
    from absalloc.cashflow import load_curves

    if ask.curves is None:
        return None
    if day is None:
        raise BadInput("cli.needs_option", value="--curves", expected="--as-of")
    return load_curves(ask.curves, as_of=day), day


def _show(shell: Shell, document: dict[str, Any]) -> None:
    from rich.text import Text

    from absalloc.cli.tables import said_once, simple_table
    from absalloc.report.market import TABLES, header, printed

    for key, columns in TABLES.items():
        rows = document[key]
        if not rows:
            continue
        shell.show(Text(shell.text(f"title_market_{key}"), style="bold"))
        cells = [[printed(row[c.key], c, shell.lang) for c in columns] for row in rows[:MOST_ROWS]]
        right = [place for place, column in enumerate(columns) if column.unit != "text"]
        shell.show(simple_table([header(c, shell.lang) for c in columns], cells, right))
        if len(rows) > MOST_ROWS:
            shell.show(Text(shell.text("more_in_json", n=len(rows) - MOST_ROWS), style="dim"))
        shell.show("")
    said_once(shell, shell.text("to_know"), document["notes"])
    shell.show("")


MOST_ROWS = 40
"""Rows of a table on a terminal; JSON and files have them all."""
