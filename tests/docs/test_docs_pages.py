"""What the pages for Python say runs as it stands there, and no page has a block that nobody runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from test_docs_blocks import PAGES, ROOT, blocks, commands, run

HERE = ("what-if", "models", "compare", "market", "explain")
ELSEWHERE = {
    "docs/cashflows.md": "tests/cashflow/test_cashflow_docs.py",
    "docs/structures.md": "tests/cashflow/test_cashflow_docs.py",
    "docs/calibration.md": "tests/cashflow/test_cashflow_docs.py",
    "docs/scenarios.md": "tests/stress/test_stress_docs.py",
    "docs/page.md": "tests/docs/test_docs_served.py",
}
"""Page -> the test that runs its blocks."""


@pytest.mark.parametrize("page", HERE)
def test_a_page_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ignored = shutil.ignore_patterns("synthetic", "generate.py", "__pycache__")
    shutil.copytree(ROOT / "examples" / "market", tmp_path / "examples" / "market", ignore=ignored)
    monkeypatch.chdir(tmp_path)
    found = blocks(f"docs/{page}.md")
    assert found
    names: dict[str, object] = {}
    for line, kind, text in found:
        if kind == "python":  # padded, so that a failure points at its line of the page
            exec(compile("\n" * line + text, f"{page}.md", "exec"), names)
            continue
        for step, expected in commands(text):
            done = run(["bash", "-c", step], tmp_path)
            assert done.returncode == expected, f"docs/{page}.md, block at line {line}: {step}\n{done.stderr}"


def test_every_block_of_every_page_is_run_by_a_test() -> None:
    pages = ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]
    with_blocks = {page for page in pages if blocks(page)}
    assert with_blocks == {*PAGES, *(f"docs/{page}.md" for page in HERE), *ELSEWHERE}
    for page, test in ELSEWHERE.items():
        assert Path(page).stem in (ROOT / test).read_text(encoding="utf-8")
