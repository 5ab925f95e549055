"""The one place where exceptions become messages and exit codes."""

from __future__ import annotations

import errno
import gc
import io
import os
import sys
from collections.abc import Sequence
from typing import TextIO

from absalloc.cli.shell import write_json
from absalloc.errors import AbsallocError, BadInput, unforeseen
from absalloc.messages import LANGUAGES

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""A disk that takes no more, or is gone."""
INTERRUPTED, PIPE_CLOSED = 130, 141
"""What shells expect of a program ended by Ctrl-C, and by a reader that went away."""
COLLECT = (200_000, 20, 100)
"""Imports and tables make many objects and little garbage: at Python's own thresholds a quarter of a check is spent
looking for it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; ``argv`` is ``sys.argv[1:]`` by default.

    Never raises: bad input is 2 and anything unforeseen 3, worded on stderr, or as ``absalloc.error/1`` on
    stdout with ``--json``. ``ABSALLOC_DEBUG=1`` lets what is unforeseen come through with its traceback.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    _speak_utf8()
    gc.set_threshold(*COLLECT)
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        _say("")
        return INTERRUPTED
    except BrokenPipeError:
        _give_up(sys.stdout)
        return PIPE_CLOSED
    except OSError as error:
        _give_up(sys.stdout)
        _say(BadInput("cli.stdout", value=None, problem=error.strerror or "-").text(language(arguments)))
        return BadInput.exit_code


def _run(arguments: list[str]) -> int:
    import typer

    from absalloc.cli.app import app
    from absalloc.cli.completion import ready_to_complete

    ready_to_complete()
    try:
        return int(typer.main.get_command(app).main(args=arguments, prog_name="absalloc", standalone_mode=False) or 0)
    except AbsallocError as error:
        return _tell(error, arguments)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except SystemExit as left:
        if not left.code:  # the shell has been told its completions
            return 0
        # What the library under typer makes of a reader that went away while a command was writing.
        raise BrokenPipeError from None
    except BrokenPipeError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and (error.errno in FULL or _is_lost(sys.stdout)):
            raise
        if hasattr(error, "format_message"):
            from absalloc.cli.usage import usage_error

            return _tell(usage_error(error), arguments)
        if os.environ.get("ABSALLOC_DEBUG"):
            raise
        return _tell(unforeseen(error), arguments)


def _tell(error: AbsallocError, arguments: list[str]) -> int:
    lang = language(arguments)
    if "--json" in arguments:
        write_json(error.as_json(lang))
    else:
        _say(error.text(lang))
    return error.exit_code


def _say(text: str) -> None:
    """Tell a person something; where nobody can be told, the exit code still can."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        _give_up(sys.stderr)


def _is_lost(stream: TextIO) -> bool:
    """Return whether what was written to a stream cannot get out: a full disk, say."""
    try:
        stream.flush()
    except OSError:
        return True
    return False


def _give_up(stream: TextIO) -> None:
    """Send what is left of a stream nowhere: Python would complain once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def language(arguments: Sequence[str]) -> str:
    """Return the language asked for on a command line that may not be readable otherwise."""
    for place, word in enumerate(arguments):
        after = (
            arguments[place + 1] if word == "--lang" and place + 1 < len(arguments) else word.partition("--lang=")[2]
        )
        if after in LANGUAGES:
            return after
    return "en"


def _speak_utf8() -> None:
    """Write UTF-8 whatever the console's code page is; what cannot be encoded must not end the program.

    A stream that was closed before the program began, as services do, goes nowhere.
    """
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
