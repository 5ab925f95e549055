"""``python -m absalloc.stress`` prints the JSON Schema of the scenario format (scenarios/schema.json)."""

from __future__ import annotations

import json
import sys

from absalloc.stress import json_schema

if __name__ == "__main__":
    sys.stdout.write(json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n")
