"""The naive trap, on the real interbank market of 2020-12-07: what a ranking by coupon buys, what an assumed rating.

Needs the folder of real data, which does not ship: ABSALLOC_SHARED, or ``shared`` beside the checkout.
"""

import os
from pathlib import Path

import absalloc as aa
from absalloc.desk.reported import Plan

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("ABSALLOC_SHARED", HERE.parent.parent / "shared"))
MARKET = SHARED / "data" / "tranches" / "interbank_abs_universe_2020-12-07.csv"
DEVELOPERS = ("阳光城", "佳兆业", "苏宁银河", "中南建设", "荣盛", "雅居乐", "远洋", "奥园")
STRESSED = ("云南城投",)
"""Names a credit desk of that winter would have stopped at; general knowledge, not a column of the file."""


def watched(name: str) -> str:
    """Return why a desk would stop at a line, empty where this list knows nothing of it."""
    if any(short in name for short in DEVELOPERS):
        return "developer"
    return "城投 under stress" if any(short in name for short in STRESSED) else ""


def show(name: str, plan: Plan, top: set[str]) -> None:
    """Print what a plan buys, how much of it is of watched names, and what it assumed."""
    print(f"The plan of {name}: {plan.status}, compliant {plan.compliant}, {len(plan.holdings)} lines")
    for line in plan.holdings[:8]:
        why = watched(line.name or "")
        print(f"  {line.tranche_id}  {float(line.face):>13,.0f}  yield of {line.yield_source}  {line.name}  {why}")
    if plan.holdings:
        stopped = sum(float(line.face) for line in plan.holdings if watched(line.name or ""))
        share = stopped / sum(float(line.face) for line in plan.holdings)
        common = sum(line.tranche_id in top for line in plan.holdings)
        print(f"  {common} of the 15 are in the plan; {share:.0%} of its face is of watched names")
    for text in plan.assumptions():
        print("  -", text)
    print()


def main() -> None:
    if not MARKET.is_file():
        print("The real data folder is not beside this checkout; set ABSALLOC_SHARED to it. Nothing was done.")
        return
    os.environ["ABSALLOC_SHARED"] = str(SHARED.resolve())
    universe = aa.load_universe(MARKET, mapping=HERE / "real" / "interbank-2020-12-07.yaml")
    table = universe.table
    senior = table[(table["seniority"] == "senior") & table["coupon"].notna()]
    top = senior.sort_values(["coupon", "tranche_id"], ascending=[False, True]).head(15)
    print("Every senior line taken as AAA, ranked by coupon:")
    for line in top.itertuples():
        print(f"  {line.coupon:6.2%}  {line.tranche_id}  {line.name}  {watched(line.name)}")
    print(f"  {sum(bool(watched(name)) for name in top['name'])} of 15 are property developers or under stress\n")

    # The yield must be a trade or a model, and the bank's rules hold: but the ratings are assumed here too.
    for name in ("bank-2020-assumed.yaml", "bank-2020.yaml"):
        show(name, aa.optimise(universe, aa.load_mandate(HERE / "real" / name)), set(top["tranche_id"]))
    print("An assumed rating is the trap: limits spread the risk, but cannot see it. By default it is not bought.")


if __name__ == "__main__":
    main()
