"""Rebalance: the best carry for a turnover of at most 10 % of net assets, and the least trades that comply.

A limit of purchases, such as the 15 % of liquidity-restricted assets, asks for no sale and stays passed passively;
`cure` asks for it.
"""

from pathlib import Path

import absalloc as aa

RESTRICTED = "public-fund-open/liquidity-restricted-share"
MONEY = ("SYN-REPO-7D", "SYN-REVREPO-7D")
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
    settings = {"carry, turnover at most 10 %": {"max_turnover": "10%"}, "least trades that comply": {"cure": True}}
    for what, how in settings.items():
        plan = aa.rebalance(universe, mandate, HOLDINGS, before=morning, **how)
        print(f"{what}: {plan.status}, compliant {plan.compliant}, {len(plan.trades)} trades")
        if plan.status != "optimal":
            continue
        for what, money in (("securities", False), ("repo and reverse repo", True)):
            moved = sum(float(trade.market_value) for trade in plan.trades if (trade.tranche_id in MONEY) is money)
            print(f"  {what} traded {moved:,.0f} yuan")
        print(f"  cost {sum(float(trade.cost) for trade in plan.trades):,.0f} yuan")
        print(f"  carry afterwards {float(plan.carry.yuan):,.0f} yuan a year")
        for item in plan.findings:
            if item.rule == RESTRICTED and item.value is not None:
                print(f"  liquidity-restricted {float(item.value):.2%} of 15%: {item.verdict}")


if __name__ == "__main__":
    main()
