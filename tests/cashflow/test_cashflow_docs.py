"""The page on cash flows says what the program does: its blocks run, in order, as one program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import absalloc.cashflow as cf
from absalloc.cashflow.settings import BASE_CPR
from absalloc.messages import LANGUAGES, catalogue

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "cashflows.md"


@pytest.mark.parametrize(("page", "least"), [("cashflows", 10), ("structures", 5), ("calibration", 2)])
def test_every_block_runs(page: str, least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    path = ROOT / "docs" / f"{page}.md"
    text = path.read_text(encoding="utf-8")
    blocks = list(re.finditer(r"```python\n(.*?)```", text, re.DOTALL))
    assert len(blocks) >= least
    names: dict[str, object] = {}
    for block in blocks:  # padded, so that a failure points at its line of the page
        lead = "\n" * text.count("\n", 0, block.start(1))
        exec(compile(lead + block.group(1), str(path), "exec"), names)


def test_the_printed_defaults_are_the_defaults() -> None:
    text, settings = PAGE.read_text(encoding="utf-8"), cf.ValuationSettings()
    assert "bullet 1, scheduled 4, pass-through 12 a year" in text
    assert dict(settings.frequency) == {"bullet": 1, "scheduled": 4, "pass_through": 12}
    assert "RMBS 10 %, auto 9 % CPR" in text
    assert [(speed.name, speed.cpr) for speed in BASE_CPR] == [("rmbs", 0.10), ("auto", 0.09)]
    assert (settings.call_share, settings.primary_days, settings.max_yield) == (0.10, 30, 0.30)


def test_public_names_are_sorted_and_documented() -> None:
    assert cf.__all__ == sorted(cf.__all__)
    for name in cf.__all__:
        assert getattr(cf, name).__doc__, name


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_topic_of_an_assumption_has_words(lang: str) -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in Path(cf.__file__).parent.glob("*.py"))
    topics = set(re.findall(r'notes\.add\([^"]*?f?"([a-z_]+):', source)) | {"model"}
    assert len(topics) > 12
    assert {f"assume_{topic}" for topic in topics} <= set(catalogue("cashflow", lang))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_error_code_has_a_text(lang: str) -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in Path(cf.__file__).parent.glob("*.py"))
    used = set(re.findall(r'"cashflow\.([a-z_]+)"', source))
    assert used
    assert used <= set(catalogue("cashflow", lang))
    assert {key for key in catalogue("cashflow", lang) if not key.startswith("assume_")} <= used
