"""What the scripts of ``explain`` and ``solve`` print and write: one line a figure, with its target."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("absalloc", "highspy", "numpy", "scipy", "cvxpy", "pyomo", "clarabel", "linopy")


@dataclass(frozen=True)
class Figure:
    """One figure against its target; ``note`` says what it is a ratio to, or what was checked."""

    name: str
    value: float
    unit: str
    target: float | None
    note: str = ""

    @property
    def ok(self) -> bool:
        return self.target is None or self.value <= self.target

    def row(self) -> str:
        aim = "" if self.target is None else f"{self.target:g}"
        word = "" if self.target is None else "ok" if self.ok else "MISSED"
        return f"{self.name:<58}{self.value:>10.3f} {self.unit:<6}{aim:>8}  {word:<7}{self.note}"


def medians(calls: dict[str, Callable[[], Any]], repeats: int) -> dict[str, tuple[float, Any]]:
    """Return (median seconds, last result) of calls that take turns, so that load falls on all of them."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    found: dict[str, Any] = {}
    for _ in range(repeats):
        for name, call in calls.items():
            start = time.perf_counter()
            found[name] = call()
            times[name].append(time.perf_counter() - start)
    return {name: (statistics.median(values), found[name]) for name, values in times.items()}


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""

    def known(name: str) -> str | None:
        try:
            return version(name)
        except PackageNotFoundError:
            return None

    return {
        "python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "versions": {name: known(name) for name in PACKAGES},
    }  # fmt: skip


def finish(figures: list[Figure], path: Path | None) -> int:
    """Print the figures, write them where asked, return the exit code."""
    for figure in figures:
        print(figure.row())
    if path is not None:
        document = {"figures": [{**vars(f), "ok": f.ok} for f in figures], "machine": machine()}
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0 if all(f.ok for f in figures) else 1
