"""Optimise a fund: the best ABS portfolio its rules allow, from nothing held."""

from pathlib import Path

import absalloc as aa

MARKET = Path(__file__).resolve().parent / "market"
ABS = ("credit_abs", "enterprise_abs", "abn")


def main() -> None:
    universe = aa.load_universe(MARKET / "market.csv")
    plan = aa.optimise(universe, aa.load_mandate(MARKET / "bond-fund-open.yaml"))
    if plan.status != "optimal":
        raise SystemExit(f"no plan: {plan.status}, {', '.join(plan.answer.conflict)}")
    print(f"{plan.status}, compliant {plan.compliant}: {len(plan.holdings)} lines")
    if plan.carry.on_nav is not None:
        print(f"carry {float(plan.carry.yuan):,.0f} yuan a year, {float(plan.carry.on_nav):.2%} of net assets")
    print("the largest ABS:")
    for line in [line for line in plan.holdings if line.product in ABS][:5]:
        print(f"  {line.tranche_id}  {float(line.face):>14,.0f}  {line.name}")
    print("what stops the plan:", ", ".join(plan.binding))
    print("what was assumed:")
    for text in plan.assumptions():
        print("  -", text)


if __name__ == "__main__":
    main()
