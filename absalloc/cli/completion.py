"""Completions of the shell, asked for by its name: which shell stands above a program cannot always be told."""

from __future__ import annotations

import os
from enum import StrEnum

import typer

from absalloc.errors import BadInput

PROGRAM, VARIABLE = "absalloc", "_ABSALLOC_COMPLETE"


class ShellName(StrEnum):
    """A shell that can be told its completions."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"
    powershell = "powershell"
    pwsh = "pwsh"


def ready_to_complete() -> None:
    """Let the library under typer know the shells, where one of them asks for words."""
    if os.environ.get(VARIABLE):
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()


def show(shell: ShellName | None) -> None:
    """Print the script of a shell, and end."""
    if shell is not None:
        from typer.completion import get_completion_script  # type: ignore[attr-defined]

        typer.echo(get_completion_script(prog_name=PROGRAM, complete_var=VARIABLE, shell=shell.value))
        raise typer.Exit


def install(shell: ShellName | None) -> None:
    """Put the script where a shell finds it, and end. Raises BadInput where that cannot be written."""
    if shell is not None:
        from typer.completion import install as put  # type: ignore[attr-defined]

        try:
            _, path = put(shell=shell.value, prog_name=PROGRAM, complete_var=VARIABLE)
        except OSError as error:
            raise BadInput(
                "cli.completion", value=shell.value, problem=error.strerror or str(error), command="--show-completion"
            ) from None
        typer.echo(str(path))
        raise typer.Exit
