"""Run every benchmark and print one table; exit code 1 where any target is missed.

python benchmarks/run.py [--quick]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
QUICK = {"bench_solve.py": ["--repeats", "3", "--seeds", "1"], "bench_rows.py": ["--repeats", "3"]}


def main() -> int:
    """Run the scripts ``bench_*.py`` one after the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    given = parser.parse_args()
    codes: dict[str, tuple[int, float]] = {}
    for path in sorted(HERE.glob("bench_*.py")):
        print(f"\n== {path.name}", flush=True)
        start = time.perf_counter()
        more = QUICK.get(path.name, []) if given.quick else []
        codes[path.name] = subprocess.call([sys.executable, str(path), *more]), time.perf_counter() - start
    print(f"\n{'benchmark':<24}{'seconds':>9}  result")
    for name, (code, seconds) in codes.items():
        print(f"{name:<24}{seconds:>9.1f}  {'ok' if code == 0 else 'missed or failed'}")
    return 0 if all(code == 0 for code, _ in codes.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
