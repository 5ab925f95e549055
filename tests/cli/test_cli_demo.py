"""The demo runs every step on the shipped market, and an interrupted one leaves only whole files."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from absalloc.report.documents_more import json_schema

BOOKS = ("bond-fund-open", "bond-fund-interval", "city-bank", "wealth-closed-18m")


def test_the_demo_runs_every_step(run: Callable[..., Any], tmp_path: Path) -> None:
    found = run("demo", "--out", tmp_path / "demo", "--json")
    assert found.code == 0
    document = found.document
    Draft202012Validator(json_schema("demo")).validate(document)
    steps = {(step["book"], step["command"]): step for step in document["steps"]}
    assert sorted(steps) == sorted((b, c) for b in BOOKS for c in ("optimise", "check", "rebalance"))
    for step in steps.values():
        folder = Path(step["folder"])
        assert (folder / "report.html").is_file()
        if step["command"] != "check":
            plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
            assert step["exit_code"] == (0 if plan["status"] == "optimal" and plan["compliant"] else 1)
            assert step["carry_yuan"] == plan["objective"]["carry_yuan"]
    cost = document["house_limit"]
    assert cost["cost_yuan"] > 0
    assert cost["carry_yuan_without"] - cost["carry_yuan"] == pytest.approx(cost["cost_yuan"], abs=0.01)


def test_every_certificate_of_the_demo_would_verify(run: Callable[..., Any], plan_folder: Path) -> None:
    assert run("verify", plan_folder / "certificate.json", "--quiet").code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupted_demo_leaves_only_whole_files(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    process = subprocess.Popen(
        [sys.executable, "-m", "absalloc", "demo", "--out", str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        # A shell that runs this in the background has told it to ignore the signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not list(out.rglob("plan.json")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert b"Traceback" not in said
    assert not list(out.rglob(".*"))
    for path in out.rglob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))
    for path in out.rglob("*.html"):
        assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
