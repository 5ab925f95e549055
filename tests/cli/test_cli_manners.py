"""At a terminal: completions of the shell, a bar while one waits, colour; in a pipe nothing but text."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-m", "absalloc"]


@pytest.mark.parametrize(
    ("words", "place", "offered"),
    [
        ("absalloc opt", 1, ["optimise"]),
        ("absalloc explain pri", 2, ["prices"]),
        ("absalloc check --only", 2, ["--only-verified"]),
        ("absalloc nosuch", 1, []),
    ],
)
def test_the_shell_completes_words(words: str, place: int, offered: list[str]) -> None:
    asked = {"_ABSALLOC_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(place)}
    found = subprocess.run(PROGRAM, capture_output=True, text=True, env={**os.environ, **asked}, check=False)
    assert (found.returncode, found.stdout.split(), found.stderr) == (0, offered, "")


def test_the_completion_script_names_the_program() -> None:
    found = subprocess.run([*PROGRAM, "--show-completion", "bash"], capture_output=True, text=True, check=False)
    assert found.returncode == 0
    assert "_ABSALLOC_COMPLETE=complete_bash" in found.stdout


def at_a_terminal(words: list[str], cwd: Path) -> tuple[str, str]:
    """Return what a command writes to stdout, which is a pipe, and to stderr, which is a terminal."""
    pty = pytest.importorskip("pty", reason="no terminals of this kind here")
    above, below = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    process = subprocess.Popen(
        [*PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=below, cwd=cwd, env=environment
    )
    os.close(below)
    assert process.stdout is not None
    said = process.stdout.read().decode()
    process.stdout.close()
    process.wait()
    told = b""
    try:
        while part := os.read(above, 65536):
            told += part
    except OSError:  # the other side is closed: how such a terminal ends
        pass
    os.close(above)
    return said, told.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("words", "waiting"),
    [
        (["optimise", "city-bank.yaml", "-u", "market.csv"], "\x1b["),
        (["stress", "city-bank.yaml", "city-bank-holdings.csv", "-u", "market.csv", "--scenario", "bear-2020"], "━"),
    ],
)
def test_a_bar_is_shown_to_a_person_and_never_in_the_answer(market: Path, words: list[str], waiting: str) -> None:
    said, told = at_a_terminal(words, market)
    assert waiting in told
    assert "\x1b" not in said
    assert said.strip()
    _, quiet = at_a_terminal([*words, "--quiet"], market)
    assert quiet == ""
