"""The page on scenarios says what the program does: its blocks run; the README lists what ships."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import absalloc.stress as st
from absalloc.messages import LANGUAGES, catalogue

ROOT = Path(__file__).resolve().parents[2]


def test_every_block_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    page = ROOT / "docs" / "scenarios.md"
    text = page.read_text(encoding="utf-8")
    monkeypatch.chdir(ROOT)
    blocks = list(re.finditer(r"```python\n(.*?)```", text, re.DOTALL))
    assert len(blocks) == 5
    names: dict[str, object] = {}
    for block in blocks:
        lead = "\n" * text.count("\n", 0, block.start(1))
        exec(compile(lead + block.group(1), str(page), "exec"), names)


def test_the_readme_lists_every_shipped_scenario_with_its_confidence() -> None:
    text = (ROOT / "scenarios" / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)` \|.*\| (\w+) \|$", text, re.MULTILINE))
    single = {name: st.find_scenario(name).sources[0].confidence for name in st.shipped_scenarios()}
    sets = {name: found.sources[0].confidence for name in st.shipped_sets() if (found := st.find_set(name)) is not None}
    assert rows == single | sets


def test_the_format_of_the_readme_loads(tmp_path: Path) -> None:
    text = (ROOT / "scenarios" / "README.md").read_text(encoding="utf-8")
    block, many = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "my-set.yaml").write_text(many, encoding="utf-8")
    drawn = st.find_set(str(tmp_path / "my-set.yaml"))
    assert drawn is not None
    assert drawn.file.draws == 1000
    block = re.sub(r"^  - \{days:.*\n", "", block, flags=re.MULTILINE)  # needs a curve file
    block = block.replace("{…}", "{product: abn}")
    (tmp_path / "my-scenario.yaml").write_text(block, encoding="utf-8")
    found = st.load_scenario(tmp_path / "my-scenario.yaml")
    assert float(found.redemption) == pytest.approx(1 - 0.8 * 0.8)


def test_public_names_are_sorted_and_documented() -> None:
    assert st.__all__ == sorted(st.__all__)
    for name in st.__all__:
        assert getattr(st, name).__doc__, name


def test_every_code_a_line_may_carry_has_words() -> None:
    written = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "absalloc" / "stress").glob("*.py"))
    topics = set(re.findall(r'notes\.add\([^"]*f?"([a-z_]+)', written))
    assert len(topics) > 15
    for lang in LANGUAGES:
        assert {f"line_{topic}" for topic in topics} <= set(catalogue("stress", lang))
