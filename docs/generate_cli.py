"""Write docs/cli.md from the commands themselves, so that it says what ``--help`` says.

python docs/generate_cli.py        (make schemas)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from absalloc.cli.app import app

PAGE = Path(__file__).resolve().parent / "cli.md"
HEAD = """# The command line

Generated from the program by `docs/generate_cli.py`. Every command also has `--help` (`-h`).

Exit codes: 0 fine · 1 answered "no": a hard breach, an unknown on a hard rule, infeasible, stopped, a failed case or
verification · 2 bad input, a form that is reserved, or an output that cannot be written · 3 an error inside the
program · 130 after Ctrl-C · 141 where the reader of a pipe went away. With `--json`, one document on stdout and
everything else on stderr; 2 and 3 print an `absalloc.error/1` document. The schemas are in `docs/schemas`.

`--out` makes its folder or writes over an earlier answer; a folder that holds files of one's own under the same names
is refused. `absalloc --install-completion bash` (`zsh`, `fish`, `powershell`) completes commands and options in the
shell, `--show-completion` prints the script.
"""


def page() -> str:
    """Return the whole page."""
    found = commands("absalloc", typer.main.get_command(app))
    return "\n".join([HEAD, *(line for name, command in found for line in section(name, command))])


def commands(name: str, group: Any) -> Iterator[tuple[str, Any]]:
    """Yield each command below a group with its full name, hidden ones left out."""
    for short, command in group.commands.items():
        if command.hidden:
            continue
        if hasattr(command, "commands"):
            yield from commands(f"{name} {short}", command)
        else:
            yield f"{name} {short}", command


def section(name: str, command: Any) -> list[str]:
    """Return heading, words, example and a table of what the command takes."""
    words, _, example = command.help.partition("Example: ")
    lines = [f"## {name}", "", *(line for part in words.split("\n\n") if part.strip() for line in (part.strip(), ""))]
    lines += ["```text", " ".join(example.split()), "```", ""]
    rows = [row(item) for item in command.params if not item.hidden and item.name != "help"]
    return [*lines, "| | takes | |", "|---|---|---|", *rows, ""] if rows else lines


def row(item: Any) -> str:
    """Return one option or argument as a row of the table."""
    argument = item.param_type_name == "argument"
    names = code(item.metavar) if argument else ", ".join(f"`{name}`" for name in [*item.opts, *item.secondary_opts])
    takes = "" if getattr(item, "is_flag", False) else ", ".join(code(word) for word in taken(item))
    default = item.default if isinstance(item.default, str | int) and takes else None
    words = item.help + (f" Default: `{getattr(default, 'value', default)}`." if default is not None else "")
    return f"| {names} | {takes} | {words} |"


def taken(item: Any) -> list[str]:
    """Return the words an option may be given, or the name of what it takes."""
    kind = item.type_descriptor.annotation
    choices = getattr(kind, "__members__", {})
    return [str(choice.value) for choice in choices.values()] or [item.metavar or kind.__name__]


def code(text: str) -> str:
    """Return a text as code inside a table, where a bar would end the cell."""
    return f"`{text}`".replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
