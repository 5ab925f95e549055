"""Run every benchmark and print one table; exit code 1 where any target is missed.

python benchmarks/run.py [--quick] [--json FILE]

The JSON holds every figure that a script writes, with versions and the machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from table import machine

HERE = Path(__file__).resolve().parent
QUICK = {
    "bench_solve.py": ["--repeats", "3", "--seeds", "1"], "bench_rows.py": ["--repeats", "3"],
    "bench_whatif.py": ["--changes", "60"], "bench_integer.py": ["--limit", "30"],
    "bench_page.py": ["--questions", "100"],
}  # fmt: skip
WRITES = ("bench_solve.py", "bench_rows.py", "bench_whatif.py", "bench_explain.py", "bench_integer.py", "bench_page.py")
"""Scripts that take --json."""


def main() -> int:
    """Run the scripts ``bench_*.py`` one after the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found: dict[str, object] = {}
    codes: dict[str, tuple[int, float]] = {}
    for path in sorted(HERE.glob("bench_*.py")):
        print(f"\n== {path.name}", flush=True)
        start = time.perf_counter()
        more = [*QUICK.get(path.name, [])] if given.quick else []
        with tempfile.TemporaryDirectory() as folder:
            kept = Path(folder) / "figures.json"
            more += ["--json", str(kept)] if path.name in WRITES else []
            codes[path.name] = subprocess.call([sys.executable, str(path), *more]), time.perf_counter() - start
            found[path.name] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else None
    print(f"\n{'benchmark':<24}{'seconds':>9}  result")
    for name, (code, seconds) in codes.items():
        print(f"{name:<24}{seconds:>9.1f}  {'ok' if code == 0 else 'missed or failed'}")
    if given.json:
        document = {"scripts": found, "seconds": {n: round(s, 1) for n, (_, s) in codes.items()}, "machine": machine()}
        given.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0 if all(code == 0 for code, _ in codes.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
