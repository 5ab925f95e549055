"""The page on the server: what it tells people to type serves and answers, with another port in place of its own."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("uvicorn")

from test_docs_blocks import BLOCK, commands

ROOT = Path(__file__).resolve().parents[2]
MARKET = ROOT / "examples" / "market"
BLOCKS = [(m["text"], m["skip"]) for m in BLOCK.finditer((ROOT / "docs" / "page.md").read_text(encoding="utf-8"))]
SERVE = [line.partition("#")[0].strip() for line, _ in commands(BLOCKS[0][0])]
ADDRESS = "http://127.0.0.1:8050"
ENVIRONMENT = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}


@contextmanager
def served(line: str) -> Iterator[int]:
    """Run a line of the page in the folder of the market, on a port that is free, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    program, *words = shlex.split(line)
    assert program == "absalloc"
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "absalloc", *words, "--port", str(port)], cwd=MARKET, stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/openapi.json", timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, f"{line}: the server ended"
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def test_every_block_of_the_page_is_run() -> None:
    assert [skip for _, skip in BLOCKS if skip] == []
    assert len(BLOCKS) == 3
    assert len(SERVE) == 3
    assert all(ADDRESS in text for text, _ in BLOCKS[1:])


@pytest.mark.skipif(shutil.which("curl") is None or shutil.which("bash") is None, reason="the blocks are for curl")
def test_what_is_asked_over_http_is_answered() -> None:
    with served(SERVE[0]) as port:
        answers = []
        for text, _ in BLOCKS[1:]:
            asked = text.replace(ADDRESS, f"http://127.0.0.1:{port}")
            done = subprocess.run(
                ["bash", "-euc", asked], capture_output=True, text=True, encoding="utf-8", env=ENVIRONMENT, timeout=300
            )
            assert done.returncode == 0, done.stderr
            answers.append(done.stdout)
    checked = json.loads(answers[0])
    assert checked["schema"] == "absalloc.check/1"
    limits = {item["limit"] for item in checked["findings"] if item["rule"] == "house/tranche-of-nav-1pct"}
    assert limits <= {0.02}
    assert "house/tranche-of-nav-1pct" in "".join(checked["assumptions"])
    events = [json.loads(line) for line in re.findall(r"^data: (.*)$", answers[1], re.MULTILINE)]
    assert events
    assert {event["state"] for event in events} <= {"queued", "running"}
    assert json.loads(answers[1][answers[1].rindex("\n{") :])["state"] == "cancelled"


@pytest.mark.parametrize("line", SERVE[1:])
def test_each_way_to_serve_serves(line: str) -> None:
    with served(line) as port, urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
        assert b"absalloc" in answer.read()
