"""Draw the picture of the README: a real check of the shipped market, as a terminal shows it.

python docs/pictures.py        (make pictures)
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
COMMAND = ["check", "city-bank.yaml", "city-bank-holdings.csv", "--universe", "market.csv"]


def main() -> None:
    """Run the check and write docs/images/check.svg."""
    environment = {**os.environ, "COLUMNS": "132", "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    done = subprocess.run(
        [sys.executable, "-m", "absalloc", *COMMAND], cwd=ROOT / "examples" / "market", env=environment,
        capture_output=True, text=True, check=True, encoding="utf-8",
    )  # fmt: skip
    console = Console(record=True, width=132, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    console.print(Text(f"$ absalloc {' '.join(COMMAND)}", style="bold"))
    console.print(Text.from_ansi(done.stdout))
    folder = ROOT / "docs" / "images"
    folder.mkdir(exist_ok=True)
    drawn = console.export_svg(title="absalloc", unique_id="check")
    # The stock template loads its font from outside; the reader's own fixed-width font will do.
    drawn = re.sub(r"@font-face\s*\{[^}]*\}\s*", "", drawn)
    (folder / "check.svg").write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()
