"""Plan several funds of one manager together over a whole market, against each of them by itself, in one process.

    python benchmarks/bench_joint.py [--tranches 9295] [--books 5] [--strategic] [--json FILE]

The funds are the two of the example in turn, with other names and net assets; ``mode: offered`` is the example's
own, ``--strategic`` lets every line outstanding be bought up to its position limits.
Prints seconds, the ratio, the size of the certificate, and what planning apart would have oversold.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_rows import market

KINDS = ("open", "interval")


def funds(folder: Path, count: int, *, strategic: bool) -> list[Any]:
    """Write and read the mandates of ``count`` funds: the example's two in turn, of 3, 4, 5… billion."""
    from absalloc.mandate import load_mandate

    found = []
    for number in range(count):
        text = (folder / f"bond-fund-{KINDS[number % 2]}.yaml").read_text(encoding="utf-8")
        text = text.replace("name: ", f"name: {number + 1}号", 1).replace("5000000000", f"{3 + number}000000000")
        if strategic:
            text = text.replace("mode: offered", "mode: strategic")
        path = folder / f"fund-{number}.yaml"
        path.write_text(text, encoding="utf-8")
        found.append(load_mandate(path))
    return found


def measure(folder: Path, count: int, *, strategic: bool) -> dict[str, Any]:
    """Return the figures."""
    import absalloc as aa
    from absalloc.plan.certificate import certificate_bytes, verify_certificate

    universe = aa.load_universe([folder / "market.csv"])
    mandates = funds(folder, count, strategic=strategic)
    start = time.perf_counter()
    alone = [aa.optimise(universe, mandate) for mandate in mandates]
    apart = time.perf_counter() - start
    start = time.perf_counter()
    plan = aa.optimise_jointly(universe, mandates)
    together = time.perf_counter() - start
    start = time.perf_counter()
    made = plan.certificate
    found: dict[str, Any] = {
        "books": count, "status": plan.status, "alone": [one.status for one in alone], "seconds_alone": apart,
        "seconds": together, "ratio": together / apart, "carry_yuan": float(plan.carry_yuan) if made else None,
        "carry_alone_yuan": float(sum(one.carry.yuan for one in alone)),
        "gap": None if plan.answer.outcome is None else plan.answer.outcome.gap,
    }  # fmt: skip
    if made is not None and plan.program is not None:
        found["certificate_mb"] = len(certificate_bytes(made)) / 1e6
        found["seconds_certificate"] = time.perf_counter() - start
        found["verifies"] = verify_certificate(made).ok
        found["columns"], found["rows"] = plan.program.problem.n, plan.program.problem.m
        found["supply_rows"] = len(plan.program.short)
    return found


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tranches", type=int, default=9295)
    parser.add_argument("--books", type=int, default=5)
    parser.add_argument("--strategic", action="store_true")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        market(folder, given.tranches)
        found = measure(folder, given.books, strategic=given.strategic)
    for key, value in found.items():
        print(f"{key:<22}{value:,.4f}" if isinstance(value, float) else f"{key:<22}{value}")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0 if found["status"] == "optimal" and found.get("verifies") else 1


if __name__ == "__main__":
    raise SystemExit(main())
