"""How a command tells another program how far it is: lines on stderr, each a mark and one JSON object.

Asked for by an environment variable, so that nothing of it reaches a person, a log or a script that did not.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass

VARIABLE = "ABSALLOC_STEPS"
_MARK = "\x1e"


@dataclass(frozen=True)
class Step:
    """What is being done; ``done`` of ``total`` steps, None where their number is not known."""

    what: str
    done: int | None = None
    total: int | None = None


def wanted() -> bool:
    """Return whether somebody asked to be told."""
    return bool(os.environ.get(VARIABLE))


def write(step: Step) -> None:
    """Tell a step."""
    print(_MARK + json.dumps(asdict(step), ensure_ascii=False), file=sys.stderr, flush=True)


def read(line: str) -> Step | None:
    """Return the step that a line of stderr tells; None for any other line."""
    if not line.startswith(_MARK):
        return None
    try:
        return Step(**json.loads(line[len(_MARK) :]))
    except (ValueError, TypeError):
        return None
