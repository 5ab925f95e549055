"""What README.md and the tutorial tell people to type works, with the exit codes they state."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "README.md", "docs/tutorial.md", "docs/howto-manager.md", "docs/howto-compliance.md", "docs/howto-script.md",
    "docs/check.md", "docs/own-rules.md", "docs/rule-book.md", "docs/joint.md",
)  # fmt: skip
BLOCK = re.compile(r"(?:<!-- (?P<skip>not run: [^>]+) -->\n)?```(?P<kind>bash|python)\n(?P<text>.*?)```", re.DOTALL)
EXIT = re.compile(r"\s+# exit (\d)$")


def blocks(page: str) -> list[tuple[int, str, str]]:
    """Return line, kind and text of each block of a page that is to be run."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [(text.count("\n", 0, m.start()) + 1, m["kind"], m["text"]) for m in BLOCK.finditer(text) if not m["skip"]]


def commands(text: str) -> list[tuple[str, int]]:
    """Return the commands of a bash block, one a line, with the exit code each states (0 without)."""
    found = []
    for line in text.splitlines():
        stated = EXIT.search(line)
        if line.strip() and not line.startswith("#"):
            found.append((EXIT.sub("", line), int(stated[1]) if stated else 0))
    return found


def run(args: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in ``cwd`` with the environment's programs first on the path."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(args, cwd=cwd, env=env, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.mark.skipif(shutil.which("bash") is None, reason="the blocks are for bash")
@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_runs_with_the_exit_codes_it_states(page: str, tmp_path: Path) -> None:
    market = tmp_path / "market"
    ignored = shutil.ignore_patterns("synthetic", "generate.py", "__pycache__")
    shutil.copytree(ROOT / "examples" / "market", market, ignore=ignored)
    found = blocks(page)
    assert found, f"{page} has no block to run"
    for line, kind, text in found:
        steps = commands(text) if kind == "bash" else [(text, 0)]
        for step, expected in steps:
            args = ["bash", "-c", step] if kind == "bash" else [sys.executable, "-c", step]
            done = run(args, market)
            said = f"{page}, block at line {line}: {step}\nexit {done.returncode}, expected {expected}\n{done.stderr}"
            assert done.returncode == expected, said


def test_a_block_is_skipped_only_with_a_reason_and_exit_codes_are_read() -> None:
    text = "<!-- not run: why -->\n```bash\nfalse\n```\n\n```bash\nfalse   # exit 1\ntrue\n```\n"
    assert [bool(m["skip"]) for m in BLOCK.finditer(text)] == [True, False]
    assert commands("false   # exit 1\n\n# a remark\ntrue\n") == [("false", 1), ("true", 0)]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_relative_link_of_a_page_leads_somewhere(page: str) -> None:
    file = ROOT / page
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", file.read_text(encoding="utf-8"))
    assert links
    missing = [link for link in links if not (file.parent / link).exists()]
    assert not missing


def test_the_page_of_the_command_line_is_what_the_program_says() -> None:
    spec = importlib.util.spec_from_file_location("generate_cli", ROOT / "docs" / "generate_cli.py")
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    page = generator.page()
    assert page == (ROOT / "docs" / "cli.md").read_text(encoding="utf-8"), "write it again: python docs/generate_cli.py"
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert [line for line in rows if line.endswith("|  |") or "None" in line] == []
