"""Sphinx: the pages of this folder, the rulebooks as pages, the API from the docstrings."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from generate_rules import write_pages  # noqa: E402

project = "absalloc"
author = "absalloc developers"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
exclude_patterns = ["_build", "schemas", "**/README.md"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
autodoc_member_order = "bysource"
autodoc_typehints = "none"
write_pages(HERE / "rules")
