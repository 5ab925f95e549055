"""The command line: a shell around the desk, with no finance inside.

Exit codes: 0 fine, 1 answered no, 2 bad input, 3 internal error. With ``--json`` one document goes to stdout and
everything else to stderr. Commands import what they need when they run, so that ``--help`` is quick.
"""

from absalloc.cli.entry import main

__all__ = ["main"]
