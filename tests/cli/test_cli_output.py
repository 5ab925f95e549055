"""Where answers go: full disks, closed streams, folders that hold a person's own files, Ctrl-C half way."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from absalloc.steps import VARIABLE

PROGRAM = [sys.executable, "-m", "absalloc"]
Run = Callable[..., Any]
FULL = Path("/dev/full")
posix = pytest.mark.skipif(os.name != "posix", reason="shells of this kind")


@pytest.fixture
def desk(market: Path, tmp_path: Path) -> Path:
    """A person's folder: market, mandate, and their own holdings and orders, named as a plan names its."""
    for path in (*market.glob("*.yaml"), *market.glob("*.csv")):
        shutil.copy(path, tmp_path)
    shutil.copy(market / "city-bank-holdings.csv", tmp_path / "holdings.csv")
    (tmp_path / "trades.csv").write_text("mine\n", encoding="utf-8")
    return tmp_path


def told(words: list[str], **how: Any) -> tuple[int, str]:
    found = subprocess.run([*PROGRAM, *words], stderr=subprocess.PIPE, text=True, encoding="utf-8", check=False, **how)
    return found.returncode, found.stderr


@pytest.mark.skipif(not FULL.exists(), reason="no device that is full")
@pytest.mark.parametrize("words", [["rules", "list", "--json"], ["rules", "list", "--lang", "zh"], ["--version"]])
def test_a_disk_that_is_full_is_said_in_one_line(words: list[str]) -> None:
    with FULL.open("w") as full:
        code, said = told(words, stdout=full)
    assert code == 2
    assert said.count("\n") == 1
    assert ("结果无法写出" if "zh" in words else "could not be written") in said


@pytest.mark.skipif(not FULL.exists(), reason="no device that is full")
def test_nobody_to_tell_changes_no_exit_code() -> None:
    with FULL.open("w") as full:
        found = subprocess.run([*PROGRAM, "check", "none", "none"], stderr=full, stdout=subprocess.PIPE, check=False)
    assert (found.returncode, found.stdout) == (2, b"")


@posix
@pytest.mark.parametrize(("words", "code"), [("rules show house/tranche-of-nav-1pct", 0), ("rules show nothing", 2)])
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_streams_that_are_closed_change_no_exit_code(words: str, code: int, closed: str) -> None:
    line = f"'{sys.executable}' -m absalloc {words} {closed}"
    found = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert found.returncode == code
    assert "Traceback" not in found.stdout + found.stderr


@pytest.mark.parametrize("more", [[], ["--set", "bank-own-book/rwa-budget.limit=0%"]])
def test_a_folder_with_files_of_ones_own_is_not_written_into(desk: Path, run: Run, more: list[str]) -> None:
    before = {path.name: path.read_bytes() for path in desk.iterdir()}
    words = ["optimise", desk / "city-bank.yaml", "-u", desk / "market.csv", "--holdings", desk / "holdings.csv"]
    found = run(*words, *more, "-o", desk, "--lang", "zh")
    assert found.code == 2
    assert "holdings.csv" in found.err
    assert "丢失" in found.err
    assert {path.name: path.read_bytes() for path in desk.iterdir()} == before


def test_an_answer_takes_the_place_of_an_earlier_one(desk: Path, run: Run) -> None:
    words = ["check", desk / "city-bank.yaml", desk / "holdings.csv", "-u", desk / "market.csv", "-o"]
    own = desk / "答 案"
    assert run(*words, own).code == 0
    first = {path.name: path.read_bytes() for path in own.iterdir()}
    assert run(*words, own).code == 0
    assert {path.name: path.read_bytes() for path in own.iterdir()} == first
    assert run(*words, "").code == 2
    assert sorted(path.name for path in desk.iterdir() if path.suffix == ".html") == []


@posix
def test_files_are_as_private_as_the_person_wants(desk: Path) -> None:
    words = f"rules new mine -o '{desk}/mine'"
    subprocess.run(["sh", "-c", f"umask 077; '{sys.executable}' -m absalloc {words}"], check=True, capture_output=True)
    assert {oct(path.stat().st_mode & 0o777) for path in (desk / "mine").iterdir()} == {"0o600"}
    assert told(["rules", "new", "mine", "-o", "/dev/null/x"])[0] == 2


def test_the_nearest_file_is_named_and_a_folder_is_told_from_a_file(desk: Path, run: Run) -> None:
    near = run("check", desk / "city-bank.yaml", desk / "holding.csv", "-u", desk / "market.csv", "--json").document
    assert (near["code"], near["nearest"]) == ("base.file_missing", str(desk / "holdings.csv"))
    folder = run("market", desk, "--json").document
    assert (folder["code"], folder["nearest"]) == ("base.file_folder", None)


@posix
def test_ctrl_c_leaves_nothing_half_written(desk: Path) -> None:
    words = ["compare", "city-bank.yaml", "-u", "market.csv", "--break-even", "--curve", "--json", "-o", "out"]
    with subprocess.Popen(
        [*PROGRAM, *words], cwd=desk, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, VARIABLE: "1"}
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert all(process.stderr.readline() for _ in range(3)), "it tells its steps: it is in the middle of them"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == b""
    assert process.returncode == 130
    assert not (desk / "out").exists()
