"""Run every benchmark and print one table of all figures; exit code 1 where any target is missed.

python benchmarks/run.py [--quick] [--only NAME …] [--json FILE]

The JSON holds every figure that a script writes, with versions, the machine and its load at the start and at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from table import Figure, machine

HERE = Path(__file__).resolve().parent
QUICK = {
    "bench_solve.py": ["--repeats", "3", "--seeds", "1"], "bench_rows.py": ["--repeats", "3"],
    "bench_whatif.py": ["--changes", "60"], "bench_integer.py": ["--limit", "30"], "bench_peers.py": ["--repeats", "1"],
    "bench_engine.py": ["--repeats", "1"], "bench_page.py": ["--questions", "100"],
}  # fmt: skip
LARGE = ["--tranches", "100000", "--repeats", "1", "--seeds", "1"]
"""Beside the market's size, where not quick: the size at which the ratio of bench_solve.py has its second target."""


def planned(quick: bool, only: list[str]) -> Iterator[tuple[str, Path, list[str]]]:
    """Yield (label, script, arguments) of what is to run."""
    for path in sorted(HERE.glob("bench_*.py")):
        if only and path.stem.removeprefix("bench_") not in only:
            continue
        yield path.stem, path, QUICK.get(path.name, []) if quick else []
        if path.name == "bench_solve.py" and not quick:
            yield "bench_solve, 100,000", path, LARGE


def ran(path: Path, arguments: list[str]) -> tuple[int, float, Any]:
    """Return (exit code, seconds, what the script wrote; None where it writes nothing)."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "figures.json"
        more = ["--json", str(kept)] if '"--json"' in path.read_text(encoding="utf-8") else []
        code = subprocess.call([sys.executable, str(path), *arguments, *more])
        written = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else None
    return code, time.perf_counter() - start, written


def rows(written: Any) -> Iterator[Figure]:
    """Yield the figures of a script, whichever form it writes."""
    if isinstance(written, dict) and "figures" in written:
        written = written["figures"]
    if isinstance(written, list):
        for item in written:
            yield Figure(item["name"], item["value"], item["unit"], item["target"], item.get("note", ""))
    elif isinstance(written, dict) and isinstance(written.get("ratio"), float) and "target" in written:
        yield Figure("absalloc / highspy", written["ratio"], "x", written["target"])
    elif isinstance(written, dict) and "instances" in written:
        for item in written["instances"]:
            word = "reached" if item.get("reached") else "missed"
            yield Figure(f"absalloc / highspy, {item.get('tails', '')}", item["ratio"], "x", None, word)
    elif isinstance(written, dict):
        for name, value in written.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield Figure(name, float(value), "", None)


def main() -> int:
    """Run the scripts ``bench_*.py`` one after the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="bench_NAME.py alone")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    begun, results = machine(), {}
    for label, path, arguments in planned(given.quick, given.only):
        print(f"\n== {label}", flush=True)
        results[label] = ran(path, arguments)
    print(f"\n{'=' * 24} all figures")
    for label, (code, seconds, written) in results.items():
        print(f"{label}: {seconds:.1f} s, {'reached' if code == 0 else 'missed or failed'}")
        for figure in rows(written):
            print(f"  {figure.row()}")
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    if given.json:
        found = {n: {"code": c, "seconds": round(s, 1), "written": w} for n, (c, s, w) in results.items()}
        document = {"quick": given.quick, "scripts": found, "machine": begun, "load_at_end": load}
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0 if results and all(code == 0 for code, _, _ in results.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
