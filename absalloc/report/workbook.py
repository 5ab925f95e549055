"""The answer as an Excel workbook: numbers with their units, native charts, filters; nothing in it is a formula."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from absalloc.report.asked import Readings, in_words, reading_words
from absalloc.report.charts import COLOURS
from absalloc.report.deeper import price_rows, scenario_rows, sector_rows
from absalloc.report.files import SOURCE
from absalloc.report.model import ladder_bars, sector_bars, weighed
from absalloc.report.view import BookView
from absalloc.report.words import DASH, LISTED, headroom_unit, name, quotient, say

FORMATS = {
    "yuan": "#,##0.00",
    "ratio": "0.0000%",
    "years": "0.00",
    "days": "#,##0",
    "count": "#,##0",
    "grade": "0.00",
    "date": "yyyy-mm-dd",
}
"""Number format by unit; a unit that is not here is text."""
WIDEST, SAMPLE = 60, 200
MIXED = (
    ("yuan", "#,##0.00", "said_yuan"), ("years", "0.00", "said_years"), ("days", "#,##0", "said_days"),
    *((f"part_{unit}", "#,##0.00", f"part_{unit}") for unit in ("years", "days", "grade")),
)  # fmt: skip
"""Units that stand beside others in one column, where the number itself must say which: unit, format, words."""
VERDICT_COLOURS = {"fail": "#f4c7c3", "unknown": "#fce8b2"}


@dataclass(frozen=True)
class Column:
    """One column: the key in the row, its unit (``text`` where it is none), and the closed word its values belong to.

    ``unit_key`` names the key of the row that holds the unit, where it differs by row.
    """

    key: str
    unit: str = "text"
    words: str | None = None
    unit_key: str | None = None


HOLDINGS = (
    Column("tranche_id"), Column("name"), Column("product", words="product"), Column("sector", words="sector"),
    Column("rating"), Column("face", "yuan"), Column("principal", "yuan"), Column("market_value", "yuan"),
    Column("weight", "ratio"), Column("carry_rate", "ratio"), Column("yield_source", words="yield_source"),
    Column("wal", "years"), Column("modified_duration", "years"),
)  # fmt: skip
TRADES = (
    Column("date", "date"), Column("tranche_id"), Column("name"), Column("side", words="side"), Column("face", "yuan"),
    Column("market_value", "yuan"), Column("cost", "yuan"),
)  # fmt: skip
FINDINGS = (
    Column("verdict", words="verdict"), Column("book"), Column("rule"), Column("title"), Column("group"),
    Column("reading"), Column("scenario"), Column("date", "date"), Column("numerator", unit_key="part_unit"),
    Column("denominator", unit_key="whole_unit"), Column("value", unit_key="unit"), Column("sense", words="sense"),
    Column("limit", unit_key="unit"),
    Column("unit", words="unit"), Column("headroom", unit_key="headroom_unit"), Column("level", words="level"),
    Column("cause", words="cause"), Column("cure_by", "date"), Column("source.title"), Column("source.article"),
    Column("source.ref"), Column("source.confidence", words="confidence"), Column("reason"),
)  # fmt: skip
LINES = (
    Column("verdict", words="verdict"), Column("book"), Column("rule"), Column("group"), Column("tranche_id"),
    Column("contribution", unit_key="part_unit"),
)  # fmt: skip
PRICES = (
    Column("rule"), Column("title"), Column("sense", words="sense"), Column("limit", unit_key="unit"),
    Column("value", unit_key="unit"), Column("notch", unit_key="unit"),
    Column("looser_bp", "years"), Column("looser_yuan", "yuan"), Column("tighter_bp", "years"),
    Column("tighter_yuan", "yuan"), Column("removed_bp", "years"), Column("removed_yuan", "yuan"),
)  # fmt: skip
SCENARIOS = (
    Column("verdict", words="verdict"), Column("scenario"), Column("months", "count"), Column("gain", "yuan"),
    Column("carry", "yuan"), Column("total_return", "yuan"), Column("rules"),
)  # fmt: skip
SECTORS = (
    Column("sector_name"), Column("capacity_yuan", "yuan"), Column("carry_yuan", "yuan"), Column("carry_bp", "years"),
    Column("stressed_loss_yuan", "yuan"), Column("leave_one_out_yuan", "yuan"), Column("leave_one_out_bp", "years"),
    Column("driver_title"),
)  # fmt: skip
PAYMENTS = (Column("period"), Column("interest", "yuan"), Column("repaid", "yuan"))
DISCLOSED = (
    Column("rank", "count"), Column("top_ten"), Column("tranche_id"), Column("name"), Column("market_value", "yuan"),
    Column("weight", "ratio"),
)  # fmt: skip


def workbook(
    document: Mapping[str, Any],
    view: BookView | None,
    lang: str,
    answer: str,
    deeper: Mapping[str, Any] | None = None,
) -> bytes:
    """Return the workbook of a plan or check document; the same input gives the same bytes.

    ``view`` is the book beside the verdicts (None: none was kept), ``answer`` the answer in one line.
    """
    import xlsxwriter

    stream = io.BytesIO()
    with xlsxwriter.Workbook(
        stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        day = datetime.combine(date.fromisoformat(document["as_of"]), datetime.min.time())
        book.set_properties({"created": day, "title": answer[:200]})
        sheets = Sheets(book, lang)
        sheets.summary(document, answer)
        lines = document["holdings"] if "holdings" in document else list(view.lines) if view else []
        if lines:
            sheets.table("holdings", HOLDINGS, lines)
        if document.get("trades"):
            sheets.table(
                "trades", TRADES, [{"date": document["as_of"], "name": None, **trade} for trade in document["trades"]]
            )
        sheets.table("findings", FINDINGS, [flat(item, in_words(view, lang), lang) for item in document["findings"]])
        sheets.table("lines", LINES, _counted(document["findings"]))
        if lines:
            sheets.book_charts(lines)
        if view is not None and view.payments:
            sheets.payments(view)
        if view is not None and view.disclosed:
            sheets.table("abs_held", DISCLOSED, view.disclosed)
        for key, columns, rows in (
            ("prices", PRICES, price_rows(deeper or {})),
            ("scenarios", SCENARIOS, scenario_rows(deeper or {}, lang)),
            ("sectors", SECTORS, sector_rows(deeper or {}, lang)),
        ):
            if rows:
                sheets.table(key, columns, rows)
    return stream.getvalue()


def flat(item: Mapping[str, Any], readings: Readings | None = None, lang: str = "en") -> dict[str, Any]:
    """Return a finding as a row of its sheet, its readings in words and the unit of each of its numbers."""
    source = {f"source.{key}": item["source"][key] for key in SOURCE}
    unit = item["unit"]
    return {
        **item, **source, "reading": LISTED[lang].join(reading_words(item, readings or {}, lang)) or None,
        "part_unit": _part_unit(item),
        "whole_unit": "yuan" if quotient(item) else "count", "headroom_unit": headroom_unit(unit),
    }  # fmt: skip


def _part_unit(item: Mapping[str, Any]) -> str:
    """Return the unit of a finding's numerator: an average adds up yuan times its unit."""
    unit = item["unit"]
    return "yuan" if unit == "ratio" else unit if unit in ("yuan", "count") else f"part_{unit}"


def _counted(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {**{key: item[key] for key in ("verdict", "book", "rule", "group")}, "part_unit": _part_unit(item), **line}
        for item in findings
        for line in item["lines"]
    ]


class Sheets:
    """Writes the sheets of one workbook, in one language."""

    def __init__(self, book: Any, lang: str) -> None:
        self.book, self.lang = book, lang
        self.head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.bold = book.add_format({"bold": True})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.numbers = {unit: book.add_format({"num_format": code}) for unit, code in FORMATS.items()}
        self.mixed = self.numbers | {
            unit: book.add_format({"num_format": f'{code}"{say(said_, lang, value="")}"'})
            for unit, code, said_ in MIXED
        }
        self.tints = {verdict: book.add_format({"bg_color": tint}) for verdict, tint in VERDICT_COLOURS.items()}

    def summary(self, document: Mapping[str, Any], answer: str) -> None:
        """Write the first sheet: the answer, what it earns, what was assumed, what it was made from."""
        sheet = self.book.add_worksheet(say("sheet_summary", self.lang))
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 1, 90)
        rows: list[tuple[str, Any, str]] = [
            (say("asked_day", self.lang), document["as_of"], "text"),
            (say("sheet_answer", self.lang), answer, "text"),
        ]
        objective = document.get("objective")
        if objective:
            rows += [
                (say("tile_carry", self.lang), objective["carry_yuan"], "yuan"),
                (say("tile_rate", self.lang), objective["carry_rate"], "ratio"),
                (say("tile_nav", self.lang), objective["on_nav"], "ratio"),
                *((name("part", key, self.lang), value, "yuan") for key, value in objective["parts"].items()),
            ]
        rows += [(say("head_assumed", self.lang), text, "text") for text in document["assumptions"]]
        rows += [(say(f"made_{key}", self.lang), value, "text") for key, value in document["inputs"].items()]
        for row, (label, value, unit) in enumerate(rows):
            sheet.write_string(row, 0, label, self.bold)
            self.write(sheet, (row, 1), value, unit, self.wrapped if unit == "text" else None)

    def table(self, key: str, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> Any:
        """Write a sheet of one table, its header frozen and filtered; return the sheet."""
        sheet = self.book.add_worksheet(say(f"sheet_{key}", self.lang))
        for place, column in enumerate(columns):
            sheet.write_string(0, place, self.title(column), self.head)
            sheet.set_column(place, place, self.width(column, rows))
        for number, row in enumerate(rows, start=1):
            for place, column in enumerate(columns):
                unit = row[column.unit_key] if column.unit_key else column.unit
                value = row[column.key]
                if column.words and value is not None:
                    value = name(column.words, value, self.lang)
                self.write(sheet, (number, place), value, unit, self.mixed.get(unit) if column.unit_key else None)
            tint = self.tints.get(row.get("verdict", ""))
            if tint is not None:
                sheet.write_string(number, 0, name("verdict", row["verdict"], self.lang), tint)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)
        return sheet

    def title(self, column: Column) -> str:
        """Return the header of a column, with its unit."""
        return say(f"xlsx_{column.key.replace('.', '_')}", self.lang)

    def width(self, column: Column, rows: Sequence[Mapping[str, Any]]) -> float:
        """Return a width that the first rows fit into; a Chinese character takes two."""
        texts = [self.title(column), *(_text(row[column.key], column.unit) for row in rows[:SAMPLE])]
        return float(min(WIDEST, 2 + max(sum(2 if ord(c) > 0x2E7F else 1 for c in text) for text in texts)))

    def write(self, sheet: Any, place: tuple[int, int], value: Any, unit: str, style: Any = None) -> None:
        """Write one value: a number in the format of its unit, a date as a date, everything else as text."""
        if value is None:
            sheet.write_blank(*place, None, style)
        elif unit == "date":
            sheet.write_datetime(*place, datetime.fromisoformat(value), self.numbers["date"])
        elif isinstance(value, int | float) and not isinstance(value, bool):
            sheet.write_number(*place, value, style or self.numbers.get(unit))
        else:
            text = say("yes" if value else "no", self.lang) if isinstance(value, bool) else str(value)
            sheet.write_string(*place, text, style)

    def book_charts(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Write the book by sector and by life, each with a chart of it."""
        key, unit = ("weight", "ratio") if weighed(lines) else ("market_value", "yuan")
        sheet = self.book.add_worksheet(say("sheet_book", self.lang))
        sheet.set_column(0, 1, 24)
        title, row = say("sheet_book", self.lang), 0
        for head, bars in (
            (say("chart_sectors", self.lang), sector_bars(lines, self.lang)),
            (say("chart_ladder", self.lang), ladder_bars(lines, self.lang)),
        ):
            sheet.write_string(row, 0, head, self.head)
            sheet.write_string(row, 1, say(f"xlsx_{key}", self.lang), self.head)
            for place, bar in enumerate(bars, start=row + 1):
                sheet.write_string(place, 0, bar.label)
                self.write(sheet, (place, 1), bar.value, unit)
            if bars:
                span = [title, row + 1, 0, row + len(bars), 0]
                series = {"name": [title, row, 1], "categories": span, "values": [*span[:2], 1, span[3], 1]}
                chart = self.chart({"type": "bar"}, head, ("", say(f"xlsx_{key}", self.lang)))
                chart.add_series({**series, "fill": {"color": COLOURS["sleeve"]}, "data_labels": {"value": True}})
                chart.set_x_axis({"reverse": True})
                chart.set_legend({"none": True})
                sheet.insert_chart(row, 3, chart)
            row += max(len(bars) + 3, 21)

    def payments(self, view: BookView) -> None:
        """Write what the book pays by period, with a chart of it."""
        rows = [{"period": p.period, "interest": p.interest, "repaid": p.principal} for p in view.payments]
        sheet = self.table("payments", PAYMENTS, rows)
        title = say("sheet_payments", self.lang)
        axes = (say("axis_period", self.lang), say("axis_cash", self.lang, unit=say("unit_yuan", self.lang)))
        chart = self.chart({"type": "column", "subtype": "stacked"}, say("chart_payments", self.lang), axes)
        for place, colour in ((2, COLOURS["sleeve"]), (1, COLOURS["added"])):
            chart.add_series(
                {
                    "name": [title, 0, place],
                    "categories": [title, 1, 0, len(rows), 0],
                    "values": [title, 1, place, len(rows), place],
                    "fill": {"color": colour},
                }
            )
        sheet.insert_chart(1, len(PAYMENTS) + 1, chart)

    def chart(self, kind: Mapping[str, str], title: str, axes: tuple[str, str]) -> Any:
        """Return a native chart with its title and the names of its axes."""
        chart = self.book.add_chart(dict(kind))
        chart.set_title({"name": title, "name_font": {"size": 12}})
        chart.set_x_axis({"name": axes[0]})
        chart.set_y_axis({"name": axes[1]})
        chart.set_size({"width": 760, "height": 380})
        return chart


def _text(value: Any, unit: str) -> str:
    if value is None:
        return DASH
    return f"{value:,.2f}" if unit == "yuan" else str(value)
