"""What a plan says of the run it is of, and its files: those that the command line writes for the same question."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import absalloc as aa
from absalloc.cli.entry import main
from absalloc.report.folder import plan_files
from absalloc.web.page.desks import mandate_of, universe

MARKET = Path(__file__).resolve().parents[2] / "examples" / "market"
BOOK = "wealth-closed-18m"


@pytest.fixture(scope="module")
def desk() -> aa.WhatIf:
    return aa.WhatIf(universe(), mandate_of(BOOK))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_files_are_those_of_the_command_line(
    desk: aa.WhatIf, lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(MARKET)
    rule = "wealth-closed/security-share"
    words = ["optimise", f"{BOOK}.yaml", "-u", "market.csv", "--set", f"{rule}.limit=5%", "-o", str(tmp_path), "-q"]
    assert main([*words, "--lang", lang]) == 0
    plan = desk.plan(aa.Changes(limits={f"{rule}.max": "5%"}), time_limit=20)
    made = {name: _bytes(content) for name, content in plan_files(plan, plan.to_json(lang), lang).items()}
    there = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made.keys() == there.keys()
    assert [name for name in made if made[name] != there[name]] == ["plan.json"]
    ours, theirs = (json.loads(found["plan.json"]) for found in (made, there))
    assert ours.pop("run").keys() == theirs.pop("run").keys()
    assert ours == theirs


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def test_everything_that_a_run_changed_is_said_in_its_plan(desk: aa.WhatIf) -> None:
    held = [name for name in desk.ask().holdings if name.endswith(".IB")]
    changes = aa.Changes(
        limits={"security-share": "5%"}, off=["leverage"], supply={held[0]: 0, held[1]: 2_000_000},
        yields={held[2]: "2.5%"}, prices={held[3]: 99.5}, nav=2_500_000_000,
        mandate={"trading.cost_bp": "4"},
    )  # fmt: skip
    for lang, words in (("en", ("Left out", "Not to be bought")), ("zh", ("不适用", "不得买入"))):
        said: list[str] = desk.plan(changes).to_json(lang)["assumptions"]
        mine: tuple[Any, ...] = (
            ("wealth-closed/security-share", "5%", "10%"), (words[0], "wealth-closed/leverage"), (words[1], held[0]),
            (held[1], "2,000,000.00"), (held[2], "2.5%"), (held[3], "99.5"), ("2,500,000,000.00",),
            ("trading.cost_bp", "4"),
        )  # fmt: skip
        for parts in mine:
            assert any(all(part in text for part in parts) for text in said[: len(mine)]), (lang, parts, said)
    assert not any("run" in text for text in desk.plan().to_json()["assumptions"])


def test_no_file_tells_where_the_server_keeps_its_files(desk: aa.WhatIf) -> None:
    plan = desk.plan()
    folder = str(MARKET).encode()
    for name, content in plan_files(plan, plan.to_json(), "en").items():
        assert folder not in _bytes(content), name
