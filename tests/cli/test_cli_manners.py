"""At a terminal: completions of the shell, a bar while one waits, colour; in a pipe nothing but text."""

from __future__ import annotations

import os
import shutil
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


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_complete_words_too(shell: str) -> None:
    asked = {"_ABSALLOC_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": "absalloc opt"}
    asked |= {"_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    found = subprocess.run(PROGRAM, capture_output=True, text=True, env={**os.environ, **asked}, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    assert "optimise" in found.stdout


def test_the_script_is_that_of_the_shell_named_whatever_runs_the_program() -> None:
    """In a process of no shell: which one stands above it is not looked for."""
    alone = {"start_new_session": True} if os.name == "posix" else {}
    for shell, word in (("bash", "complete -o default -F"), ("zsh", "compdef"), ("fish", "complete --command")):
        words = [*PROGRAM, "--show-completion", shell]
        found = subprocess.run(words, capture_output=True, text=True, check=False, **alone)
        assert found.returncode == 0, found.stderr
        assert f"_ABSALLOC_COMPLETE=complete_{shell}" in found.stdout
        assert word in found.stdout
    wrong = subprocess.run([*PROGRAM, "--show-completion", "tcsh"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "bash | zsh | fish" in wrong.stderr


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_what_is_installed_completes_in_bash(tmp_path: Path) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    home = {**os.environ, "HOME": str(tmp_path), "PATH": path}
    words = [*PROGRAM, "--install-completion"]
    put = subprocess.run([*words, "bash"], capture_output=True, text=True, env=home, check=False)
    assert (put.returncode, put.stderr) == (0, "")
    asked = "COMP_WORDS=(absalloc explain pri); COMP_CWORD=2; _absalloc_completion absalloc; echo $COMPREPLY"
    bash = ["bash", "-c", f"source ~/.bashrc; {asked}"]
    found = subprocess.run(bash, capture_output=True, text=True, env=home, check=False)
    assert found.stdout.split() == ["prices"], found.stderr
    home["HOME"] = os.devnull
    nowhere = subprocess.run([*words, "zsh"], capture_output=True, text=True, env=home, check=False)
    assert (nowhere.returncode, nowhere.stdout) == (2, "")
    assert "--show-completion zsh prints the script" in nowhere.stderr


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
