"""House rules that no linter holds: sizes, names of tests, and nothing of the workshop in the product."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "absalloc"
MOST_LINES, MOST_BODY = 400, 50
# Written in pieces, so that this file does not break its own rule.
HOSTS = [
    "py" + "pi.org", "python" + "hosted.org", "pypi." + "tuna", "npm" + "js.", "ana" + "conda.org",
    "crates" + ".io", "proxy." + "golang", "aliyun" + ".com", "arti" + "factory",
]  # fmt: skip
FOLDERS = re.compile(r"(?<![\w./-])/(?:" + "|".join(["work", "tmp", "home", "root", "Users"]) + r")/\w")


def tracked() -> list[Path]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run([git, "-C", str(ROOT), "ls-files", "-z"], check=True, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return 0 if not body else int(body[-1].end_lineno or 0) - body[0].lineno + 1


def long_functions(source: str) -> list[str]:
    nodes = [n for n in ast.walk(ast.parse(source)) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return [f"{node.lineno} {node.name}: {body_lines(node)}" for node in nodes if body_lines(node) > MOST_BODY]


def leaks(text: str) -> list[str]:
    """Return the registry hosts and machine paths that a text names."""
    return [host for host in HOSTS if host in text] + [found.group() for found in FOLDERS.finditer(text)]


def test_files_are_short() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert len(lengths) > 10
    assert {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > MOST_LINES} == {}


def test_functions_are_short() -> None:
    found = {
        str(path.relative_to(ROOT)): long_functions(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")
    }
    assert {path: names for path, names in found.items() if names} == {}


def test_tracked_files_name_no_registry_and_no_machine() -> None:
    found = {}
    for path in tracked():
        raw = path.read_bytes()
        if b"\0" not in raw:
            found[str(path.relative_to(ROOT))] = leaks(raw.decode("utf-8", errors="replace"))
    assert {path: names for path, names in found.items() if names} == {}


def test_files_of_tests_have_names_of_their_own() -> None:
    # Test folders are no packages, so two modules of one name would hide each other.
    counts = Counter(path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py")
    assert [name for name, count in counts.items() if count > 1] == []
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_planted_faults_are_seen() -> None:
    lines = "\n".join(["    x = 1"] * (MOST_BODY + 1))
    assert long_functions(f"def f():\n{lines}") == [f"1 f: {MOST_BODY + 1}"]
    assert long_functions(f'def f():\n    """A\n    docstring.\n    """\n{lines[:-10]}') == []
    assert leaks("see https://" + HOSTS[0] + "/simple") == [HOSTS[0]]
    assert leaks("open('/" + "tmp/x')")
    assert leaks("a/" + "tmp/x and /usr/" + "home/x") == []
