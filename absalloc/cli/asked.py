"""What a stress is asked for, whichever way it is answered."""

from __future__ import annotations

from dataclasses import dataclass, field

from absalloc.cli.inputs import Files


@dataclass(frozen=True)
class StressAsk:
    """What a stress is asked for, as written on the command line."""

    files: Files
    scenarios: tuple[str, ...]
    overrides: dict[str, str] = field(default_factory=dict)
    forward_months: int | None = None
    others: tuple[str, ...] = ()
    break_even: bool = False
    out: str | None = None
    pdf: bool = False
