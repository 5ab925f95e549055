"""Mistakes in the use of the command line, in the words of this program and in both languages."""

from __future__ import annotations

import re
from typing import Any

from absalloc.errors import BadInput
from absalloc.where import Where

CHOICE = re.compile(r"'(?P<value>[^']*)' is not one of (?P<choices>'.*')")
FORMS = (
    (re.compile(r"greater than or equal to (?P<end>\S+)"), "cli.value_least"),
    (re.compile(r"less than or equal to (?P<end>\S+)"), "cli.value_most"),
    (re.compile(r"valid integer"), "cli.value_integer"),
    (re.compile(r"valid number|valid float"), "cli.value_number"),
)
"""What the library under typer says of a value, and the message that says it here; what is not here is passed on."""


def usage_error(error: Any) -> BadInput:
    """Return a mistake in the use of the command line as an error of ours, with the nearest option or command."""
    kind, said = type(error).__name__, error.format_message().rstrip(".")
    if kind == "NoSuchOption":
        near = list(getattr(error, "possibilities", None) or [])
        return BadInput("cli.no_such_option", value=error.option_name, choices=near or None)
    if kind == "NoSuchCommand" or "No such command" in said:
        from absalloc.cli.app import COMMANDS

        name = getattr(error, "command_name", None) or said.partition("'")[2].partition("'")[0]
        return BadInput("cli.no_such_command", value=name, expected=", ".join(COMMANDS), choices=COMMANDS)
    if kind == "MissingParameter":
        return BadInput("cli.not_given", value=_named(error))
    if kind == "BadParameter":
        return _bad_value(_named(error), said)
    if kind == "BadOptionUsage":
        code = "cli.needs_value" if "requires an argument" in said else "cli.no_value"
        return BadInput(code, value=error.option_name)
    return BadInput("cli.usage", value=None, problem=said)


def _bad_value(name: str, said: str) -> BadInput:
    where = Where(name)
    choice = CHOICE.search(said)
    if choice is not None:
        choices = re.findall(r"'([^']*)'", choice["choices"])
        return BadInput(
            "cli.not_a_choice", where=where, value=choice["value"], expected=" | ".join(choices), choices=choices
        )
    for form, code in FORMS:
        found = form.search(said)
        if found is not None:
            return BadInput(code, where=where, value=None, **found.groupdict())
    return BadInput("cli.usage", value=None, problem=said)


def _named(error: Any) -> str:
    """Return an option as it is written, an argument as the help names it."""
    names = list(getattr(error.param, "opts", None) or [])
    if names and names[0].startswith("-"):
        return str(names[0])
    return str(getattr(error.param, "metavar", None) or error.param.name)
