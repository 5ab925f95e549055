"""What the tests of the command line share: the shipped market, and a way to run commands in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from absalloc.cli import main

MARKET = Path(__file__).resolve().parent.parent.parent / "examples" / "market"


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="session")
def market() -> Path:
    return MARKET


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Run a command in this process: exit code, stdout, stderr."""

    def call(*words: object) -> Answer:
        capsys.readouterr()
        code = main([str(word) for word in words])
        found = capsys.readouterr()
        return Answer(code, found.out, found.err)

    return call


@pytest.fixture(scope="session")
def plan_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a plan for the shipped bank."""
    folder = tmp_path_factory.mktemp("plan") / "out"
    words = ["optimise", f"{MARKET}/city-bank.yaml", "-u", f"{MARKET}/market.csv", "-o", str(folder), "--quiet"]
    assert main(words) == 0
    return folder


@pytest.fixture(scope="session")
def check_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a check of the shipped open fund after its redemption, in Chinese."""
    folder = tmp_path_factory.mktemp("check") / "out"
    book = [f"{MARKET}/bond-fund-open.yaml", f"{MARKET}/bond-fund-open-holdings.csv"]
    words = ["check", *book, "-u", f"{MARKET}/market.csv", "-o", str(folder), "--quiet", "--lang", "zh"]
    assert main(words) == 1
    return folder
