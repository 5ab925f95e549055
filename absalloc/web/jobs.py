"""Long questions: each a job with an id, whose state can be watched and which can be ended."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from absalloc.steps import Step
from absalloc.web.commands import Asked
from absalloc.web.runner import Answer, Busy, Runner, TooLong, now

State = Literal["queued", "running", "done", "cancelled", "too_long"]
ENDED = ("done", "cancelled", "too_long")
BEAT = 0.5
"""Seconds between two words of a job that is watched."""


@dataclass
class Job:
    """One question asked; ``answer`` once it is done, ``step`` what it is at while it runs."""

    id: str
    command: str
    started: float
    state: State = "queued"
    ended: float | None = None
    step: Step | None = None
    answer: Answer | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return the ``absalloc.job/1`` document; ``result`` and ``exit_code`` are null until it is done."""
        return {
            "schema": "absalloc.job/1",
            "id": self.id,
            "command": self.command,
            "state": self.state,
            "seconds": round((self.ended or now()) - self.started, 1),
            "progress": None if self.step is None else asdict(self.step),
            "exit_code": None if self.answer is None else self.answer.code,
            "result": None if self.answer is None else self.answer.document,
        }


class Jobs:
    """The jobs of one server; ids cannot be guessed, and what has ended is forgotten after a while."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.found: dict[str, Job] = {}

    def start(self, command: str, asked: Asked) -> Job:
        """Start a job. Raises Busy where as many as are kept still run."""
        self._forget(room=1)
        if len(self.found) >= self.runner.settings.kept:
            raise Busy
        job = Job(secrets.token_urlsafe(16), command, now())
        self.found[job.id] = job
        job.task = asyncio.create_task(self._run(job, asked))
        return job

    def get(self, name: str) -> Job | None:
        """Return a job, None where there is none of that id, or no longer."""
        self._forget()
        return self.found.get(name)

    async def cancel(self, job: Job) -> None:
        """End a job and its process; one that has ended stays as it is."""
        if job.task is not None and job.state not in ENDED:
            job.task.cancel()
            await asyncio.gather(job.task, return_exceptions=True)
            if job.state not in ENDED:  # ended before it began
                job.state, job.ended = "cancelled", now()

    async def watch(self, job: Job) -> AsyncIterator[dict[str, Any]]:
        """Yield the state of a job again and again, the last time with its result."""
        while job.state not in ENDED:
            yield {**job.as_json(), "result": None}
            if job.task is not None:
                await asyncio.wait([job.task], timeout=BEAT)
        yield job.as_json()

    async def close(self) -> None:
        """End every job."""
        for job in list(self.found.values()):
            await self.cancel(job)

    async def _run(self, job: Job, asked: Asked) -> None:
        def heard(step: Step | None) -> None:
            job.state, job.step = "running", step

        try:
            job.answer = await self.runner.job(job.command, asked, heard)
            job.state = "done"
        except TooLong:
            job.state = "too_long"
        except asyncio.CancelledError:
            job.state = "cancelled"
        finally:
            job.ended, job.step = now(), None

    def _forget(self, room: int = 0) -> None:
        """Forget jobs that ended long ago, and the oldest that ended where there is no room for as many more."""
        settings = self.runner.settings
        ended = sorted((j for j in self.found.values() if j.ended is not None), key=lambda j: j.ended or 0.0)
        spare = len(self.found) - settings.kept + room
        for place, job in enumerate(ended):
            if place < spare or now() - (job.ended or 0.0) > settings.kept_seconds:
                del self.found[job.id]
