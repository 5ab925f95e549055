"""Speeds calibrated from real static pools: the tables of ``calibration.md`` and its picture.

``python docs/calibrate_pools.py SHARED [PICTURE.svg]`` prints the tables; SHARED is the folder with ``data``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

import absalloc.cashflow as cf

BUCKETS = ["dpd1_30_wan", "dpd31_60_wan", "dpd61_90_wan", "dpd91_120_wan", "dpd120plus_wan"]
ROLLS = ("1–30 to 31–60", "31–60 to 61–90", "61–90 to 91–120", "91–120 to over 120")
SEASONED = 16
"""Months from which a vintage has seen nearly all its defaults."""


def vintages(shared: Path) -> list[cf.PoolReport]:
    """Return the card-instalment vintages; the first, of five loans, is left out."""
    table = pd.read_csv(shared / "data" / "pools" / "cmb_card_instalment_static_pool_2013_2017.csv")
    return [
        cf.PoolReport(
            str(name), float(rows["orig_balance_wan"].iloc[0]), rows["current_wan"].to_numpy(float),
            rows[BUCKETS].to_numpy(float), rows["prepaid_wan_as_reported"].to_numpy(float),
            rows["cum_principal_repaid_wan"].to_numpy(float),
        )
        for name, rows in table.groupby("vintage")
        if rows["orig_balance_wan"].iloc[0] > 1000
    ]  # fmt: skip


def speed_table(found: cf.Calibration) -> str:
    """Return speeds by quarter of age."""
    lines = ["| months of age | vintages | CPR | CDR | cumulative default |", "|---|---|---|---|---|"]
    for start in range(0, 24, 3):
        span = slice(start, start + 3)
        cpr, cdr = (1 - float(np.prod(1 - rates[span])) ** 4 for rates in (found.smm, found.mdr))
        lines.append(
            f"| {start + 1}–{start + 3} | {found.support[span].min()} | {cpr:.2%} | {cdr:.2%} | "
            f"{found.cumulative_default[start + 2]:.2%} |"
        )
    return "\n".join(lines)


def fit_table(found: cf.Calibration, reports: list[cf.PoolReport]) -> str:
    """Return observed and fitted cumulative default by vintage."""
    lines = ["| vintage | months | observed | from the other vintages | error |", "|---|---|---|---|---|"]
    for report in reports:
        seen, made = found.fit[report.name]
        lines.append(f"| {report.name} | {report.current.size} | {seen:.2%} | {made:.2%} | {made - seen:+.2%} |")
    return "\n".join(lines)


def roll_table(reports: list[cf.PoolReport]) -> str:
    """Return roll rates of all vintages together, weighed by balance, and the arrears they come from."""
    moved = sum(np.nansum(report.arrears[1:, 1:4], axis=0) for report in reports)
    stood = sum(np.nansum(report.arrears[:-1, 0:3], axis=0) for report in reports)
    new = sum(float(report.defaulted[1:].sum()) for report in reports)
    ripe = sum(float(report.arrears[:-1, 3].sum()) for report in reports)
    rates = [*(np.asarray(moved) / np.asarray(stood)).tolist(), new / ripe]
    lines = ["| days overdue | found one bucket further a month later |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {rate:.1%} |" for name, rate in zip(ROLLS, rates, strict=True))])


def index_table(shared: Path) -> str:
    """Return the range of quarter-end CPR that the rating agency's indices print, beside the base speed used here."""
    table = pd.read_csv(shared / "data" / "pools" / "fitch_bohua_indices.csv").dropna(subset=["cpr_quarter_end_pct"])
    base = {default.name: default.cpr for default in cf.ValuationSettings().cpr}
    lines = ["| asset | quarters printed | CPR lowest | mean | highest | base speed |", "|---|---|---|---|---|---|"]
    for name, rows in table.groupby("asset"):
        cpr = rows["cpr_quarter_end_pct"] / 100
        used = f"{base[name]:.0%}" if name in base else "0"
        lines.append(f"| {name} | {len(cpr)} | {cpr.min():.1%} | {cpr.mean():.1%} | {cpr.max():.1%} | {used} |")
    return "\n".join(lines)


def summary(found: cf.Calibration, reports: list[cf.PoolReport]) -> str:
    """Return the fit in a sentence; seasoned vintages apart, since age alone explains most of R²."""
    old = [found.fit[report.name] for report in reports if report.current.size >= SEASONED]
    gap = np.array([made - seen for seen, made in old])
    return (
        f"CPR {found.cpr:.2%} and CDR {found.cdr:.2%} over all months; out of sample rmse {found.rmse:.2%} of the "
        f"initial balance and R² {found.r2:.2f} over {len(reports)} vintages, rmse "
        f"{np.sqrt((gap**2).mean()):.2%} over the {len(old)} that are {SEASONED} months old or more."
    )


def tables(shared: Path) -> dict[str, str]:
    """Return every table of the page by name."""
    reports = vintages(shared)
    found = cf.calibrate(reports)
    return {
        "summary": summary(found, reports), "speeds": speed_table(found), "fit": fit_table(found, reports),
        "roll": roll_table(reports), "indices": index_table(shared),
    }  # fmt: skip


def picture(shared: Path) -> str:
    """Return the cumulative default of every vintage by age, thin, and the calibrated curve, thick, as SVG."""
    reports = vintages(shared)
    found = cf.calibrate(reports)
    top, months = 0.012, 30

    def line(values: np.ndarray, style: str) -> str:
        points = " ".join(
            f"{60 + 18 * (n + 1):.0f},{280 - 250 * value / top:.1f}" for n, value in enumerate(values[:months])
        )
        return f'<polyline points="60,280 {points}" fill="none" {style}/>'

    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 320" font-family="sans-serif" font-size="12">',
             '<rect width="640" height="320" fill="white"/>']  # fmt: skip
    for step in range(5):
        y = 280 - 250 * step / 4
        parts.append(f'<line x1="60" x2="610" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="52" y="{y + 4:.1f}" text-anchor="end">{top * step / 4:.1%}</text>')
    parts += [f'<text x="{60 + 18 * m}" y="298" text-anchor="middle">{m}</text>' for m in range(0, months + 1, 6)]
    parts.append('<text x="335" y="315" text-anchor="middle">months since origination</text>')
    parts += [line(cf.performance(report).cumulative_default, 'stroke="#999"') for report in reports]
    parts.append(line(found.cumulative_default, 'stroke="#c00" stroke-width="3"'))
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for title, text in tables(folder).items():
        print(f"{title}\n\n{text}\n")
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(picture(folder), encoding="utf-8", newline="\n")
