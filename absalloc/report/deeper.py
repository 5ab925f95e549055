"""The further parts of a full report as rows: prices of rules, the scenario grid, the three sectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from absalloc.report.words import LISTED, name

MOVES = ("looser", "tighter", "removed")


def price_rows(deeper: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row a limit: what one notch looser, one tighter, and no rule would earn, in bp and yuan a year."""
    rows = []
    for item in deeper["prices"]["prices"] if "prices" in deeper else ():
        row = {key: item[key] for key in ("rule", "title", "unit", "sense", "limit", "value", "notch")}
        for move in MOVES:
            told = item[move] or {}
            row |= {f"{move}_bp": told.get("gain_bp"), f"{move}_yuan": told.get("gain_yuan")}
        rows.append(row)
    return sorted(rows, key=lambda row: -(row["removed_yuan"] or 0.0))


def scenario_rows(deeper: Mapping[str, Any], lang: str) -> list[dict[str, Any]]:
    """Return a row a scenario: the change of value, carry and total return to the horizon, and what no longer holds."""
    rows = []
    for item in deeper.get("scenarios", ()):
        hard = [f for f in item["findings"] if f["level"] == "hard" and f["verdict"] != "pass"]
        rows.append(
            {
                "scenario": item["scenario"]["title"], "months": item["scenario"]["horizon_months"],
                "gain": item["gain"], "carry": item["parts"]["carry"], "total_return": item["total_return"],
                "verdict": {True: "pass", False: "fail", None: "unknown"}[item["compliant"]],
                "rules": LISTED[lang].join(dict.fromkeys(f["title"] for f in hard)),
            }
        )  # fmt: skip
    return rows


def sector_rows(deeper: Mapping[str, Any], lang: str) -> list[dict[str, Any]]:
    """Return a row a sector of the comparison like for like."""
    keys = ("capacity_yuan", "carry_yuan", "carry_bp", "stressed_loss_yuan", "leave_one_out_yuan", "leave_one_out_bp")
    return [
        {
            "sector_name": name("sector", item["sector"], lang),
            **{key: item[key] for key in keys},
            "driver": item["driver"],
            "driver_title": item["driver_title"],
        }
        for item in (deeper.get("sectors") or {}).get("sectors", ())
    ]
