"""Questions of a tab that take a while: only the newest of a kind is worked on, and how far it is can be seen."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST = 200
"""Questions remembered; the oldest are forgotten."""


class Superseded(Exception):
    """A newer question of the same kind has come from the same tab: this one is not worked on any more."""


@dataclass
class Far:
    """How far a question is: ``done`` of ``total`` steps, and what is next."""

    number: int
    done: int = 0
    total: int = 0
    what: str = ""


class Runs:
    """The newest question of each tab and kind; safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[tuple[str, str], Far] = OrderedDict()
        self._count = 0

    def start(self, tab: str, kind: str) -> Callable[[int, int, str], None]:
        """Return what is told of each step of a new question; it raises Superseded once a newer one has started."""
        with self._lock:
            self._count += 1
            mine = self._found[tab, kind] = Far(self._count)
            self._found.move_to_end((tab, kind))
            while len(self._found) > MOST:
                self._found.popitem(last=False)

        def step(done: int, total: int, what: str) -> None:
            with self._lock:
                newest = self._found.get((tab, kind))
                if newest is not None and newest.number > mine.number:
                    raise Superseded
                mine.done, mine.total, mine.what = done, total, what

        return step

    def far(self, tab: str, kind: str) -> Far | None:
        """Return how far the newest question of a kind is; None where there is none, or it has not begun."""
        with self._lock:
            found = self._found.get((tab, kind))
            return None if found is None or not found.total else Far(found.number, found.done, found.total, found.what)
