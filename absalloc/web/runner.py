"""Runs one request: the command line in the request's own folder, as a process that can be ended."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from absalloc.errors import BadInput, InternalError, unforeseen
from absalloc.files import WITHIN
from absalloc.steps import VARIABLE, Step, read
from absalloc.web.commands import Asked
from absalloc.web.folder import request_folder
from absalloc.web.settings import Settings

STATUS = {0: 200, 1: 200, 2: 400, 3: 500}
"""HTTP status by exit code: an answer of "no" is an answer."""
KEPT_VARIABLES = (
    "PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "HOME", "USERPROFILE", "LANG", "PYTHONPATH", "NUMBA_CACHE_DIR",
)  # fmt: skip
KEPT_STARTS = ("OPENBLAS_", "MKL_", "OMP_", "BLIS_", "VECLIB_")
"""How linear algebra is computed: another way has another last digit, and the command line beside has the first."""
TOLD = 200
"""Characters of what a broken process wrote that are passed on."""


class Busy(Exception):
    """More is asked at once than the server takes."""


class TooLong(Exception):
    """A request took longer than it may."""


@dataclass(frozen=True)
class Answer:
    """One JSON document, and the exit code the command line gives with it."""

    document: dict[str, Any]
    code: int

    @property
    def status(self) -> int:
        """The HTTP status of the answer."""
        return STATUS.get(self.code, 500)


def told(error: BadInput | InternalError, lang: str = "en") -> Answer:
    """Return an error as an answer."""
    return Answer(error.as_json(lang), error.exit_code)


@dataclass
class Runner:
    """Runs requests, a few at a time; the others wait, and beyond those it says it is busy."""

    settings: Settings
    _slots: asyncio.Semaphore = field(init=False)
    _job_slots: asyncio.Semaphore = field(init=False)
    _asked: int = 0

    def __post_init__(self) -> None:
        """Make as many slots as may run at once."""
        self._slots = asyncio.Semaphore(self.settings.running)
        # Jobs leave a slot to those who wait for their answer, where there is more than one.
        self._job_slots = asyncio.Semaphore(max(1, self.settings.running - 1))

    async def run(self, command: str, asked: Asked, seconds: float) -> Answer:
        """Return the answer to ``asked``.

        Raises Busy where too many wait, TooLong after ``seconds`` (waiting included); a caller that is cancelled
        ends the process.
        """
        if self._asked >= self.settings.running + self.settings.waiting:
            raise Busy
        self._asked += 1
        try:
            async with asyncio.timeout(seconds), self._slots:
                return await self._run(command, asked)
        except TimeoutError:
            raise TooLong from None
        finally:
            self._asked -= 1

    async def job(self, command: str, asked: Asked, told_of: Callable[[Step | None], None]) -> Answer:
        """Return the answer to ``asked`` as a job, which waits for its turn.

        ``told_of`` hears when it starts (None) and each of its steps.
        Raises TooLong after ``job_seconds`` of work; cancelled, it ends the process.
        """
        async with self._job_slots, self._slots:
            told_of(None)
            try:
                async with asyncio.timeout(self.settings.job_seconds):
                    return await self._run(command, asked, told_of)
            except TimeoutError:
                raise TooLong from None

    async def _run(self, command: str, asked: Asked, told_of: Callable[[Step | None], None] | None = None) -> Answer:
        try:
            words = [command, *map(_sayable, asked.words())]
            with request_folder(asked.files) as folder:
                return await _process(words, folder, asked.lang, told_of)
        except BadInput as error:
            return told(error, asked.lang)
        except OSError as error:  # no room for the folder of the request, no process more
            return told(unforeseen(error), asked.lang)


def _sayable(word: str) -> str:
    """Return a word as it is. Raises BadInput for what no process can be told: half characters, and NUL."""
    if "\0" in word or any("\ud800" <= letter <= "\udfff" for letter in word):
        raise BadInput("web.form", value=ascii(word)[:120], problem="NUL or half a character")
    return word


async def _process(words: list[str], folder: Path, lang: str, told_of: Callable[[Step | None], None] | None) -> Answer:
    environment = _environment(folder) | ({} if told_of is None else {VARIABLE: "1"})
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "absalloc", *words, cwd=folder, env=environment,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        out, said = await asyncio.gather(process.stdout.read(), _heard(process.stderr, told_of))
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        document = json.loads(out)
    except ValueError:
        problem = said.strip()[-TOLD:] or "-"
        return told(InternalError("base.internal", kind=f"exit {process.returncode}", problem=problem), lang)
    return Answer(document, int(process.returncode or 0))


async def _heard(stream: asyncio.StreamReader, told_of: Callable[[Step | None], None] | None) -> str:
    """Read what a process says to the end, pass on its steps, and return the rest of it."""
    rest, left = "", ""
    while chunk := await stream.read(65_536):
        *lines, left = (left + chunk.decode("utf-8", "replace")).split("\n")
        for line in lines:
            step = read(line)
            if step is not None and told_of is not None:
                told_of(step)
            elif step is None:
                rest = f"{rest}{line}\n"[-10 * TOLD :]
    return rest + left


def _environment(folder: Path) -> dict[str, str]:
    """Return the environment of a request: no secrets of the server, and no files but its own."""
    found = {
        name: value for name, value in os.environ.items() if name in KEPT_VARIABLES or name.startswith(KEPT_STARTS)
    }
    return {**found, WITHIN: str(folder), "PYTHONUTF8": "1"}


def now() -> float:
    """Return seconds of a clock that only goes forward."""
    return time.monotonic()
