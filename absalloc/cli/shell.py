"""What every command shares: the language, where its words go, and one JSON document on stdout."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from absalloc.messages import render
from absalloc.steps import Step, wanted, write

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH = 150
"""Columns of a table where there is no terminal to ask."""


def write_json(document: Any) -> None:
    """Write one document to stdout."""
    from absalloc.report.files import json_text

    sys.stdout.write(json_text(document))
    sys.stdout.flush()


def plain(text: object) -> str:
    """Return text fit for a terminal: control characters of a file never reach it."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))


@dataclass(frozen=True)
class Shell:
    """How one command speaks. ``quiet`` leaves only the answer; with ``as_json`` people's words go nowhere."""

    as_json: bool = False
    lang: str = "en"
    quiet: bool = False

    def text(self, key: str, **fields: Any) -> str:
        """Return message ``cli.<key>`` in the language asked for."""
        return render(f"cli.{key}", self.lang, **fields)

    def document(self, document: Any) -> None:
        """Print the one JSON document, where it is asked for."""
        if self.as_json:
            write_json(document)

    def answer(self, text: Any) -> None:
        """Print what was asked, also when quiet."""
        if not self.as_json:
            self.console().print(text, soft_wrap=True)

    def show(self, *parts: Any) -> None:
        """Print tables and lines for people: neither when quiet nor with JSON."""
        if not (self.as_json or self.quiet):
            console = self.console()
            for part in parts:
                console.print(part)

    def console(self) -> Console:
        """Return the console on stdout; no markup is read in texts, and piped tables get a width of their own."""
        return _console(sys.stdout)

    @contextmanager
    def step(self, key: str, **fields: Any) -> Iterator[Callable[[int, int, str], None]]:
        """Show on stderr what is being done, while it is done; only to a person at a terminal.

        Yields what to call with (steps done, steps in all, what is next) where that is known.
        """
        if wanted():
            text = self.text(key, **fields)
            write(Step(text))
            yield lambda done, total, what: write(Step(f"{text} {what}".rstrip(), done, total))
            return
        if self.quiet or not sys.stderr.isatty():
            yield lambda done, total, what: None
            return
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (
            SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn()
        )  # fmt: skip
        with Progress(*columns, console=_console(sys.stderr), transient=True) as progress:
            text = self.text(key, **fields)
            task = progress.add_task(text, total=None)
            yield lambda done, total, what: progress.update(
                task, completed=done, total=total, description=f"{text} {done}/{total} {what}".rstrip()
            )

    @contextmanager
    def steps(self, key: str, total: int, **fields: Any) -> Iterator[Callable[[str], None]]:
        """Show a bar on stderr as work of about ``total`` steps is done; yields what to call after each."""
        if wanted():
            text, count = self.text(key, **fields), itertools.count(1)
            write(Step(text, 0, total))
            # The number of steps is a guess: what is beyond it does not say that all is done.
            yield lambda done: write(Step(text, min(next(count), total), total))
            return
        if self.quiet or not sys.stderr.isatty():
            yield lambda done: None
            return
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=_console(sys.stderr), transient=True) as progress:
            task = progress.add_task(self.text(key, **fields), total=total)
            yield lambda done: progress.advance(task)


def _console(stream: Any) -> Console:
    from rich.console import Console

    width = None if stream.isatty() else PIPED_WIDTH
    return Console(file=stream, markup=False, highlight=False, emoji=False, width=width, soft_wrap=False)
