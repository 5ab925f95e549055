"""Rebalance: trade at most 10 % of net assets; then the least trades that also cure the passive breaches."""

from pathlib import Path

import absalloc as aa

MARKET = Path(__file__).resolve().parent / "market"
HOLDINGS = MARKET / "bond-fund-open-holdings.csv"


def main() -> None:
    universe = aa.load_universe(MARKET / "market.csv")
    mandate = aa.load_mandate(MARKET / "bond-fund-open.yaml")
    morning = aa.Book(
        universe,
        aa.load_mandate(MARKET / "bond-fund-open-before.yaml"),
        MARKET / "bond-fund-open-holdings-before.csv",
    )
    settings = {"carry, turnover at most 10 %": {"max_turnover": "10%"}, "least trades that cure": {"cure": True}}
    for what, how in settings.items():
        plan = aa.rebalance(universe, mandate, HOLDINGS, before=morning, **how)
        print(f"{what}: {plan.status}, compliant {plan.compliant}, {len(plan.trades)} trades")
        if plan.status != "optimal":
            continue
        for side in ("sell", "buy"):
            worth = sum(float(trade.market_value) for trade in plan.trades if trade.side == side)
            print(f"  {side:<4} {worth:>16,.0f} yuan")
        print(f"  cost {sum(float(trade.cost) for trade in plan.trades):>16,.0f} yuan")
        print(f"  carry afterwards {float(plan.carry.yuan):,.0f} yuan a year")


if __name__ == "__main__":
    main()
