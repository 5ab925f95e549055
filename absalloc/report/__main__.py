"""``python -m absalloc.report FOLDER`` writes the JSON Schemas of every document."""

import sys
from pathlib import Path

from absalloc.report.documents_more import DOCUMENTS, json_schema
from absalloc.report.files import json_text

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in DOCUMENTS:
        (folder / f"absalloc.{name}-1.json").write_text(json_text(json_schema(name)), encoding="utf-8")
