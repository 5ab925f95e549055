"""The page in a real browser over the shipped market (1,105 lines): load, slider to drawn chart, memory of the server.

    python benchmarks/bench_page.py [--moves 40] [--questions 500] [--json FILE]

A slider is moved by one key; the time runs from the key to the last of the two charts being drawn with the proven
answer of the linear program. Needs Chromium, like the tests of the page. Memory is read on Linux only.
"""

from __future__ import annotations

import argparse
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from table import Figure, finish

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "web"))
from web_pages import CHROMIUM, FLAGS, free_port

SLIDER = '[id*=\'"knob":"target/duration.max","part":"slider"\'] [role="slider"]'
WATCH = """() => {
  window.drawn = {};
  addEventListener("keydown", () => { window.asked = performance.now(); window.drawn = {}; }, true);
  for (const name of ["wi-sectors", "wi-ladder"])
    document.querySelector(`#${name} .js-plotly-plot`)
      .on("plotly_afterplot", () => { window.drawn[name] = performance.now(); });
}"""
SAID = "document.querySelector('#wi-told').textContent"


def resident(pid: int) -> float | None:
    """Return the megabytes a process holds, None where the system does not say."""
    try:
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    except OSError:
        return None
    return int(found[1]) / 1024 if found else None


def started(port: int) -> tuple[subprocess.Popen[bytes], float]:
    """Return a server and the seconds until it answers."""
    start = time.perf_counter()
    words = [sys.executable, "-P", "-m", "absalloc", "serve", "--port", str(port), "--quiet"]
    server = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            urllib.request.urlopen(f"http://127.0.0.1:{port}/openapi.json").close()
            return server, time.perf_counter() - start
        except OSError:
            if server.poll() is not None:
                raise SystemExit("the server ended") from None
            time.sleep(0.02)


def opened(browser: Any, address: str) -> tuple[Any, float]:
    """Return the page with its first answer and the seconds that took, nothing kept from before."""
    page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    start = time.perf_counter()
    page.goto(address)
    page.wait_for_selector("#wi-tiles .tile", timeout=120_000)
    page.wait_for_selector("#wi-sectors .bars path", timeout=120_000)
    seconds = time.perf_counter() - start
    page.wait_for_selector("#wi-plan .notice", timeout=120_000)  # the plan in whole lots is not to disturb the next
    return page, seconds


def moved(page: Any, place: int) -> float:
    """Press one key on the slider and return the milliseconds until both charts show the new answer."""
    before = page.evaluate(SAID)
    page.keyboard.press("ArrowLeft" if place // 20 % 2 == 0 else "ArrowRight")
    page.wait_for_function(
        f"before => {SAID} !== before && Object.keys(window.drawn).length === 2", arg=before, timeout=60_000
    )
    return float(page.evaluate("Math.max(...Object.values(window.drawn)) - window.asked"))


def figures(moves: int, questions: int) -> Iterator[Figure]:
    """Yield the figures of one server and one browser."""
    port = free_port()
    server, ready = started(port)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            time.sleep(2)
            _, first = opened(browser, f"http://127.0.0.1:{port}/")
            loads = [opened(browser, f"http://127.0.0.1:{port}/") for _ in range(5)]
            yield Figure("start of the server until it answers", ready, "s", None)
            yield Figure("first page of a server two seconds old", first, "s", None)
            yield Figure("page load, until its charts (median of 5)", statistics.median(t for _, t in loads), "s", 3.0)
            page = loads[-1][0]
            page.locator(SLIDER).focus()
            page.evaluate(WATCH)
            times = sorted(moved(page, place) for place in range(moves))
            yield Figure("slider to drawn charts, median", statistics.median(times), "ms", 300.0)
            yield Figure("slider to drawn charts, 95th percentile", times[int(0.95 * (moves - 1))], "ms", None)
            before = resident(server.pid)
            for place in range(questions):
                moved(page, place)
            time.sleep(3)
            after = resident(server.pid)
            if before is not None and after is not None:
                yield Figure(
                    f"memory after {questions} more questions, growth", after - before, "MB", 50.0, f"{after:.0f}"
                )
            browser.close()
    finally:
        server.terminate()
        server.wait(30)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--moves", type=int, default=40)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if CHROMIUM is None:
        print("no Chromium here: nothing is measured")
        return 0
    return finish(list(figures(given.moves, given.questions)), given.json)


if __name__ == "__main__":
    raise SystemExit(main())
