"""The program as a process: exit codes, what goes to stdout, the same bytes twice, any console."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HELD = "bond-fund-open-holdings.csv"


def absalloc(*words: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "absalloc", *(str(word) for word in words)]
    return subprocess.run(command, capture_output=True, env={**os.environ, **environment}, check=False)


def check_words(market: Path, *more: object) -> list[object]:
    return ["check", market / "bond-fund-open.yaml", market / HELD, "-u", market / "market.csv", *more]


def test_version_and_help_are_on_stdout() -> None:
    found = absalloc("--version")
    assert (found.returncode, found.stderr) == (0, b"")
    assert found.stdout.strip() == b"0.1.0"
    bare = absalloc()
    assert bare.returncode == 0
    assert b"absalloc demo" in bare.stdout


def test_an_unknown_hard_rule_exits_one_and_stdout_is_one_document(market: Path) -> None:
    found = absalloc(*check_words(market, "--json"))
    assert found.returncode == 1
    assert found.stderr == b""
    document = json.loads(found.stdout)
    assert document["schema"] == "absalloc.check/1"
    assert document["compliant"] is None


def test_the_book_before_shows_that_nobody_bought(market: Path) -> None:
    before = ["--before", market / "bond-fund-open-holdings-before.csv", "--before-mandate"]
    found = absalloc(*check_words(market, *before, market / "bond-fund-open-before.yaml", "--json"))
    assert found.returncode == 0
    assert json.loads(found.stdout)["compliant"] is True


def test_bad_input_exits_two_on_stderr_or_as_a_document(market: Path, tmp_path: Path) -> None:
    words = ["check", tmp_path / "none.yaml", market / HELD, "-u", market / "market.csv"]
    plain = absalloc(*words)
    assert (plain.returncode, plain.stdout) == (2, b"")
    assert b"There is no file" in plain.stderr
    assert plain.stderr.count(b"\n") == 1
    document = absalloc(*words, "--json")
    assert (document.returncode, document.stderr) == (2, b"")
    assert json.loads(document.stdout)["schema"] == "absalloc.error/1"


def test_the_unforeseen_exits_three_in_one_line_and_with_a_traceback_when_asked() -> None:
    planted = "import absalloc.cli.checks as c, sys; c.run_check = lambda *a: 1 // 0;"
    code = f"{planted} from absalloc.cli import main; sys.exit(main(sys.argv[1:]))"
    words = [sys.executable, "-c", code, "check", "a", "b", "--json"]
    clean = {key: value for key, value in os.environ.items() if key != "ABSALLOC_DEBUG"}
    found = subprocess.run(words, capture_output=True, env=clean, check=False)
    assert found.returncode == 3
    assert json.loads(found.stdout)["code"] == "base.internal"
    assert b"Traceback" not in found.stderr
    loud = subprocess.run(words, capture_output=True, env={**clean, "ABSALLOC_DEBUG": "1"}, check=False)
    assert b"Traceback" in loud.stderr


@pytest.mark.parametrize("encoding", ["gb18030", "ascii"])
def test_any_console_gets_utf8(market: Path, encoding: str) -> None:
    words = check_words(market, "--lang", "zh", "--quiet")
    found = absalloc(*words, PYTHONIOENCODING=encoding, LC_ALL="C", PYTHONUTF8="0")
    assert "尚不能证明合规" in found.stdout.decode("utf-8")


def test_no_colour_where_nobody_looks(market: Path) -> None:
    found = absalloc(*check_words(market), TERM="xterm-256color")
    assert b"\x1b" not in found.stdout


def without_run(data: bytes) -> Any:
    document = json.loads(data)
    document.pop("run", None)
    return json.dumps(document, ensure_ascii=False)


def test_the_same_input_gives_the_same_bytes(market: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        words = ["optimise", market / "city-bank.yaml", "-u", market / "market.csv", "--quiet", "-o", tmp_path / name]
        assert absalloc(*words, PYTHONHASHSEED="1" if name == "one" else "2").returncode == 0
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert sorted(one) == sorted(two)
    assert len(one) == 8
    for name, data in one.items():
        if name == "plan.json":
            assert without_run(data) == without_run(two[name])
        else:
            assert data == two[name], name
    checks = [absalloc(*check_words(market, "--json"), PYTHONHASHSEED=seed).stdout for seed in ("1", "2")]
    assert checks[0] == checks[1]


def test_a_reader_that_goes_away_is_no_error(market: Path) -> None:
    command = [sys.executable, "-m", "absalloc", "rules", "list", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 141


def test_a_check_imports_no_solver_and_no_charts(market: Path) -> None:
    heavy = ["cvxpy", "pyomo", "highspy", "matplotlib", "plotly", "jinja2", "scipy.stats"]
    code = (
        "import sys; from absalloc.cli import main; main(sys.argv[1:]);"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    words = [str(word) for word in check_words(market, "--json")]
    found = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, check=False)
    assert found.stderr.strip() == b"[]"
