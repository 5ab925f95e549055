"""What a limit costs: the same plan with the house limit of 1 % a tranche, and with looser ones."""

from pathlib import Path

import absalloc as aa

MARKET = Path(__file__).resolve().parent / "market"
RULE = "house/tranche-of-nav-1pct.limit"


def main() -> None:
    universe = aa.load_universe(MARKET / "market.csv")
    mandate = aa.load_mandate(MARKET / "bond-fund-open.yaml")
    strict = None
    for limit in ("1%", "2%", "5%", "10%"):
        plan = aa.optimise(universe, mandate, overrides={RULE: limit})
        if plan.status != "optimal":
            print(f"{limit:>4}: {plan.status}")
            continue
        yuan = float(plan.carry.yuan)
        strict = yuan if strict is None else strict
        print(f"{limit:>4}: {yuan:>14,.0f} yuan a year, {yuan - strict:>+12,.0f}, {len(plan.holdings):>3} lines")


if __name__ == "__main__":
    main()
