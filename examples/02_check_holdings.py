"""Check holdings after a redemption: a limit passed passively, and the same limit after a purchase."""

from pathlib import Path

import pandas as pd

import absalloc as aa
from absalloc.compliance.result import Findings

MARKET = Path(__file__).resolve().parent / "market"
BOUGHT = "SYN100015.SH"


def show(what: str, found: Findings) -> None:
    """Print the verdict, and every rule that failed, is not decided, or passes only because its breach is passive."""
    print(f"{what}: compliant {found.compliant}; {found.n_proven} rules proven, {found.n_unknown} not decided")
    for item in found.findings:
        over = item.sense == "max" and None not in (item.value, item.limit) and item.value > item.limit
        if item.verdict != "pass" or over:
            # An unknown number stays a question mark; it is never printed as zero.
            value = "?" if item.value is None else f"{float(item.value):.2%}"
            limit = "?" if item.limit is None else f"{float(item.limit):.2%}"
            print(f"  {item.rule}: {value} against {limit}: {item.verdict}, cause {item.cause}, cure by {item.cure_by}")
            print(f"    {item.document} {item.source.article}; {', '.join(r.code for r in item.reasons)}")


def main() -> None:
    universe = aa.load_universe(MARKET / "market.csv")
    mandate = aa.load_mandate(MARKET / "bond-fund-open.yaml")
    # The fund of that morning: its own net assets, so a mandate of its own.
    morning = aa.Book(
        universe,
        aa.load_mandate(MARKET / "bond-fund-open-before.yaml"),
        MARKET / "bond-fund-open-holdings-before.csv",
    )
    holdings = MARKET / "bond-fund-open-holdings.csv"
    show("nothing known of before", aa.check(universe, mandate, holdings))
    show("with the book of that morning", aa.check(universe, mandate, holdings, before=morning))
    # A hundred million more of an illiquid line it holds: no longer only the redemption's doing.
    table = pd.read_csv(holdings)
    bought = table.assign(face=table["face"].where(table["tranche_id"] != BOUGHT, table["face"] + 100_000_000))
    show(f"after buying 100 million of {BOUGHT}", aa.check(universe, mandate, bought, before=morning))


if __name__ == "__main__":
    main()
