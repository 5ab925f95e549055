"""Compile the rules of an open fund over a whole market and check a book of 150 names.

    python benchmarks/bench_rows.py [--tranches 9295] [--repeats 7] [--json FILE]

The compile ratio has its denominator in the same process: highspy's default solve of the program of these rows.
Exit code 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from bench_solve import theirs

from absalloc.cli.entry import COLLECT

NAMES, PORTFOLIOS = 150, 10_000
EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "market"


@dataclass(frozen=True)
class Measure:
    """One figure against its target."""

    name: str
    value: float
    unit: str
    target: float

    @property
    def ok(self) -> bool:
        return self.value <= self.target

    def row(self) -> str:
        return f"{self.name:<52}{self.value:>10.3f} {self.unit:<6}{self.target:>8g}  {'ok' if self.ok else 'MISSED'}"


def market(folder: Path, tranches: int) -> None:
    """Write a market with the example fund's mandate and lists beside it."""
    for path in EXAMPLES.iterdir():
        if path.suffix in (".yaml", ".csv"):
            shutil.copy(path, folder)
    command = [sys.executable, str(EXAMPLES / "generate.py"), "--tranches", str(tranches), "--out", str(folder)]
    subprocess.run(command, check=True, capture_output=True)


def some_book(state: Any, seed: int = 1) -> dict[str, Fraction]:
    """Return a book of 150 names in lots."""
    rng = np.random.default_rng(seed)
    size = state.universe.table["issue_size"].to_numpy(dtype=float)
    codes = state.universe.table["tranche_id"].to_numpy(dtype=object)
    pool = np.flatnonzero(size > 2e8)
    chosen = rng.choice(pool, min(NAMES, len(pool)), replace=False)
    return {str(codes[i]): Fraction(int(rng.integers(10, 200)) * 100_000) for i in chosen}


def median(function: Callable[[], Any], repeats: int) -> float:
    """Return the median seconds of a call, the first one not counted."""
    function()
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def all_rows(system: Any) -> tuple[Any, ...]:
    """Return the linear program of all linear rows, what is certain of them, in million yuan: the most face at 3 %."""
    import scipy.sparse

    parts, top = [], []
    for block in system.blocks:
        if block.form != "linear":
            continue
        sign = 1.0 if block.sense == "max" else -1.0
        values = sign * (block.n - block.limit[block.row] * block.d)
        shape = (block.rows, system.positions)
        parts.append(scipy.sparse.coo_matrix((values, (block.row, block.col % system.positions)), shape))
        top.append(-sign * block.constant(block.limit, 1 if sign > 0 else 0) / 1e6)
    whole = scipy.sparse.vstack([*parts, np.ones((1, system.positions))]).tocsr()
    upper = np.append(np.nan_to_num(np.concatenate(top), posinf=np.inf, neginf=0.0), 5000.0)
    # Floors are left to what cash can do; a row that nothing satisfies would end the solve at once.
    upper = np.maximum(upper, 0.0)
    gain = -np.random.default_rng(0).uniform(0.02, 0.05, system.positions)
    size = system.positions
    return gain, whole, np.full(len(upper), -np.inf), upper, np.zeros(size), np.full(size, 500.0)


def measures(folder: Path, repeats: int) -> Iterator[Measure]:
    """Yield the figures."""
    from absalloc.compliance.check import check_books
    from absalloc.compliance.exact import evaluate_exact
    from absalloc.desk import Book, prepare
    from absalloc.mandate import load_mandate
    from absalloc.rows import compile_rows
    from absalloc.rows.verdict import verdicts
    from absalloc.universe import load_universe

    universe = load_universe([folder / "market.csv"])
    mandate = load_mandate(folder / "bond-fund-open.yaml")
    state = prepare(Book(universe, mandate)).state
    system = compile_rows([state])
    arrays = all_rows(system)
    solve = median(lambda: theirs(*arrays), min(repeats, 3))
    compiled = median(lambda: compile_rows([state]), repeats)
    columns = system.positions
    yield Measure(f"compile {system.n_rows} rows over {columns} lines / highspy", compiled / solve, "ratio", 0.5)
    book = replace(state, held=some_book(state))
    held = compile_rows([book])
    x = held.faces((book.held,), (book.kept,))
    yield Measure(f"array verdicts of {NAMES} names", 1e3 * median(lambda: verdicts(held, x), repeats), "ms", 1.0)
    yield Measure(f"exact findings of {NAMES} names", 1e3 * median(lambda: evaluate_exact([book]), repeats), "ms", 50.0)
    yield Measure("check, both readings", 1e3 * median(lambda: check_books([book]), repeats), "ms", 500.0)
    save_holdings(folder, book)


def save_holdings(folder: Path, book: Any) -> None:
    """Write the book as a holdings file for the command line."""
    rows = [f"{name},{int(face)}" for name, face in book.held.items()]
    (folder / "bench-holdings.csv").write_text("tranche_id,face (yuan)\n" + "\n".join(rows) + "\n", encoding="utf-8")


def processes(folder: Path) -> Iterator[Measure]:
    """Yield the figures of whole processes: import, and the command line's check."""
    times = [run([sys.executable, "-c", "import absalloc"]) for _ in range(5)]
    bare = [run([sys.executable, "-c", "pass"]) for _ in range(5)]
    yield Measure("import absalloc", statistics.median(times) - statistics.median(bare), "s", 0.3)
    files = ["bond-fund-open.yaml", "bond-fund-open-holdings.csv", "-u", "market.csv"]
    command = [sys.executable, "-m", "absalloc", "check", *files]
    taken = statistics.median(run(command, EXAMPLES) for _ in range(5))
    yield Measure("absalloc check on the shipped market", taken, "s", 1.5)
    files = ["bond-fund-open.yaml", "bench-holdings.csv", "-u", "market.csv"]
    run([sys.executable, "-m", "absalloc", "check", *files], folder)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    yield Measure("peak memory of absalloc check at market size", peak, "MB", 600.0)


def run(command: list[str], folder: Path | None = None) -> float:
    """Return the seconds a process takes; a check may find breaches (exit code 1)."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    if done.returncode not in (0, 1) or b"Traceback" in done.stderr:
        raise SystemExit(done.stderr.decode()[-2000:])
    return time.perf_counter() - start


def main() -> int:
    """Run and print."""
    gc.set_threshold(*COLLECT)  # as the command line does
    parser = argparse.ArgumentParser()
    parser.add_argument("--tranches", type=int, default=9295)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        market(folder, given.tranches)
        found = []
        for figure in (*measures(folder, given.repeats), *processes(folder)):
            print(figure.row(), flush=True)
            found.append(figure)
    if given.json:
        given.json.write_text(json.dumps([{**vars(f), "ok": f.ok} for f in found], indent=1) + "\n", encoding="utf-8")
    return 0 if all(f.ok for f in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
