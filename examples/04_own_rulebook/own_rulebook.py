"""A rulebook of one's own: read it, run its cases, and plan under it beside the law."""

from pathlib import Path

import absalloc as aa
from absalloc.compliance.cases import run_cases

HERE = Path(__file__).resolve().parent
MARKET = HERE.parent / "market"


def main() -> None:
    book = aa.load_rulebook(HERE / "my-limits.yaml")
    report = run_cases(HERE / "my-limits.yaml")
    print(f"{book.id}: rules {', '.join(book.rules)}; {len(report.results)} cases, {len(report.failed)} failed")
    for result in report.failed:
        print(" ", result.text())
    for gap in report.missing:
        print("  no case shows:", gap.text())
    if not report.ok:
        raise SystemExit(1)

    universe = aa.load_universe(MARKET / "market.csv")
    plan = aa.optimise(universe, aa.load_mandate(HERE / "fund.yaml"))
    if plan.status != "optimal":
        raise SystemExit(f"no plan: {plan.status}, {', '.join(plan.answer.conflict)}")
    print(f"under the law and {book.id}: compliant {plan.compliant}, {float(plan.carry.yuan):,.0f} yuan a year")
    for item in plan.findings:
        if item.rule.startswith(f"{book.id}/"):
            value = "" if item.value is None or item.unit != "ratio" else f", {float(item.value):.4%}"
            print(f"  {item.rule}: {item.verdict}{value}")
    print("  binding:", ", ".join(rule for rule in plan.binding if rule.startswith(book.id)) or "none of ours")


if __name__ == "__main__":
    main()
