"""Writing files with the same bytes on every machine: UTF-8, LF, shortest decimals."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

HEADERS = {
    # vocabulary name -> header with its unit
    "attachment": "attachment (%)", "detachment": "detachment (%)", "factor": "factor (%)", "coupon": "coupon (%)",
    "call_share": "call_share (%)", "yield": "yield (%)", "risk_weight": "risk_weight (%)", "haircut": "haircut (%)",
    "issue_size": "issue_size (yuan)", "outstanding": "outstanding (yuan)", "deal_size": "deal_size (yuan)",
    "available_face": "available_face (yuan)", "lot": "lot (yuan)", "min_ticket": "min_ticket (yuan)",
}  # fmt: skip
COLUMNS = (
    "tranche_id", "name", "deal_id", "product", "market", "placement", "asset_type", "originator", "core_debtor",
    "support_party", "support_type", "ultimate_group", "region", "lgfv", "manager", "seniority", "attachment",
    "detachment", "issue_size", "outstanding", "factor", "deal_size", "coupon", "rate_type", "repayment",
    "issue_date", "expected_maturity", "legal_maturity", "next_put", "call_share", "issuer", "rating.ccxi",
    "rating.lianhe", "rating.golden", "rating.pengyuan", "rating.brilliance", "rating.dagong", "rating.cbr",
    "rating_date", "issuer_rating.ccxi", "implied_rating", "quote_price", "quote_basis", "quote_source",
    "quote_side", "available_face", "clean_price", "yield", "yield_source", "yield_basis", "wal",
    "modified_duration", "risk_weight", "stc", "npl", "pledgeable", "haircut", "market_restricted", "lot",
    "min_ticket", "sample_weight",
)  # fmt: skip


def cell(found: Any) -> str:
    """Return one value as text: nothing for unknown, ISO dates, true and false, the shortest decimal."""
    if found is None:
        return ""
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, date):
        return found.isoformat()
    if isinstance(found, float):
        return f"{found:.6f}".rstrip("0").rstrip(".")
    return str(found)


def write_csv(path: Path, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    """Write rows under the headers of ``columns``."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([HEADERS.get(name, name) for name in columns])
        for row in rows:
            writer.writerow([cell(row.get(name)) for name in columns])
