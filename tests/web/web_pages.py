"""A real server and a real browser. Where no Chromium is, the tests of the page are skipped and say so."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = os.environ.get("ABSALLOC_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WAIT = 60_000
"""Milliseconds."""
SHOTS = Path(os.environ.get("ABSALLOC_SHOTS", "test-artefacts"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(port: int, *own: str) -> Iterator[str]:
    """Run ``absalloc serve`` as a process of its own until the block ends."""
    words = [sys.executable, "-P", "-m", "absalloc", "serve", *own, "--port", str(port), "--quiet"]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/openapi.json", timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, "the server ended"
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:  # it waits for requests that are still being answered
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with serving(free_port()) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here: the tests of the page need a browser (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


class Opened:
    """One tab: the page, what it asked of other hosts, and what it complained about."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.outside: list[str] = []
        self.errors: list[str] = []
        page.on("request", self._asked)
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _asked(self, request: Any) -> None:
        if not re.match(r"http://127\.0\.0\.1:\d+/|data:|blob:", request.url):
            self.outside.append(request.url)

    def go(self, address: str) -> Any:
        self.page.goto(address)
        self.page.wait_for_selector("#wi-tiles .tile", timeout=WAIT)
        return self.page

    def carry(self) -> str:
        return str(self.page.locator("#wi-tiles .tile dd").first.inner_text())

    def knob(self, name: str) -> Any:
        return self.page.locator(f'input[id*=\'"knob":"{name}","part":"number"\']')


@pytest.fixture
def tab(chromium: Any) -> Iterator[Callable[[], Opened]]:
    contexts = []

    def fresh() -> Opened:
        context = chromium.new_context(viewport={"width": 1366, "height": 768}, accept_downloads=True)
        context.route(lambda url: not url.startswith("http://127.0.0.1:"), lambda route: route.abort())
        contexts.append(context)
        return Opened(context.new_page())

    yield fresh
    for context in contexts:
        context.close()


def shot(page: Any, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(SHOTS / f"{name}.png"), full_page=True)


def until(test: Callable[[], bool], seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)
