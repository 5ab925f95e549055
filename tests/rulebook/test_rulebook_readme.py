"""The example of constraints/README.md is a rulebook that loads and a case that comes out."""

from __future__ import annotations

import re
from pathlib import Path

from absalloc.compliance.cases import run_cases
from absalloc.rulebook import load_rulebook, shipped_rulebooks

README = Path(__file__).resolve().parents[2] / "constraints" / "README.md"


def test_the_example_works(tmp_path: Path) -> None:
    book, cases = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "my-house.yaml").write_text(book, encoding="utf-8")
    (tmp_path / "my-house.cases.yaml").write_text(cases, encoding="utf-8")
    assert list(load_rulebook(tmp_path / "my-house.yaml").rules) == ["originator-of-nav"]
    report = run_cases(tmp_path / "my-house.yaml")
    assert [result.text() for result in report.failed] == []


def test_it_names_every_shipped_rulebook() -> None:
    text = README.read_text(encoding="utf-8")
    assert [name for name in shipped_rulebooks() if f"`{name}.yaml`" not in text] == []
