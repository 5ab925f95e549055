"""The one road: a layer imports only lower ones, at any depth; no cycles; no module outside the layers."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "absalloc"
BASE = (
    "terms", "units", "where", "errors", "messages", "files", "yamlhints", "yamlpos", "predicate", "fields",
    "_resources", "steps",
)  # fmt: skip
ORDER: tuple[tuple[str, ...], ...] = (
    BASE,
    ("universe",),
    ("cashflow",),
    ("stress",),
    ("capital",),
    ("mandate",),
    ("rulebook",),
    ("rows",),
    ("compliance", "solve"),  # never each other: a check is an independent witness of a solution
    ("plan",),
    ("explain",),
    ("study",),
    ("report",),
    ("ledger",),
    ("desk",),
    ("web",),
    ("cli",),  # above the page, which ``serve`` starts
    ("__main__",),
)
LAYER = {name: step for step, names in enumerate(ORDER) for name in names}
FREE_OF_ROOT = {"__version__"}
"""What a module may take from the package itself, which otherwise stands above all layers."""


def sources() -> dict[str, str]:
    """Dotted module -> text, of the whole package."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path.read_text(encoding="utf-8")
    return found


def imports(source: str, modules: set[str]) -> list[tuple[int, str]]:
    """Return (line, target) of every import from the package, wherever it stands.

    A target is a module of ``modules``, ``.`` for a relative import, ``?`` for one by name at run time.
    """
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names if alias.name.split(".")[0] == "absalloc"]
        elif isinstance(node, ast.ImportFrom) and node.level:
            found.append((node.lineno, "."))
        elif isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "absalloc":
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in modules:
                    found.append((node.lineno, inner))
                elif not (node.module == "absalloc" and alias.name in FREE_OF_ROOT):
                    found.append((node.lineno, str(node.module)))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            found.append((node.lineno, "?"))
    return found


def top(module: str) -> str:
    """Return the layer name of a module: the part after ``absalloc``; empty for the package itself."""
    return [*module.split("."), ""][1]


def faults(texts: dict[str, str]) -> list[str]:
    """Return every breach of the layer order in a package given as module -> text."""
    found = []
    for module, text in texts.items():
        own = top(module)
        if own == "":
            continue  # the package itself: lazy, by name
        if own not in LAYER:
            found.append(f"{module}: belongs to no layer")
            continue
        for line, target in imports(text, set(texts)):
            other = top(target)
            if target in (".", "?"):
                found.append(f"{module}:{line}: imports are absolute and written out")
            elif other == "" or other not in LAYER:
                found.append(f"{module}:{line}: imports {target}, which is in no layer below")
            elif other != own and (LAYER[other] > LAYER[own] or (LAYER[other] == LAYER[own] and own not in BASE)):
                found.append(f"{module}:{line}: {own} may not import {other}")
    return found


def cycles(texts: dict[str, str]) -> list[str]:
    """Return the modules that reach themselves over imports at any depth."""
    graph = {
        module: {target for _, target in imports(text, set(texts)) if target in texts and target != "absalloc"}
        for module, text in texts.items()
    }

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        stack = list(graph[start])
        while stack:
            module = stack.pop()
            if module not in seen:
                seen.add(module)
                stack += graph[module]
        return seen

    return sorted(module for module in graph if module in reach(module))


def test_every_layer_imports_only_lower_ones() -> None:
    assert faults(sources()) == []


def test_no_module_reaches_itself() -> None:
    assert cycles(sources()) == []


def test_the_package_itself_imports_no_stage() -> None:
    text = (PACKAGE / "__init__.py").read_text(encoding="utf-8")
    assert [target for _, target in imports(text, set(sources())) if target != "?"] == []


def test_the_data_folders_stay_outside_the_package() -> None:
    # Inside a checkout they would shadow the folders of the owner and be packed twice.
    assert sorted(path.name for name in ("constraints*", "scenarios*") for path in PACKAGE.glob(name)) == []


@pytest.mark.parametrize(
    ("module", "text", "words"),
    [
        ("absalloc.rows.build", "import absalloc.plan", "rows may not import plan"),
        ("absalloc.rows.build", "def f():\n    from absalloc.solve.highs import run", "rows may not import solve"),
        (
            "absalloc.rows.build",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from absalloc.desk import Book",
            "rows may not import desk",
        ),
        ("absalloc.compliance.fast", "from absalloc.solve import Outcome", "compliance may not import solve"),
        ("absalloc.solve.highs", "from absalloc import compliance", "solve may not import compliance"),
        ("absalloc.web.app", "from absalloc.cli import main", "web may not import cli"),
        ("absalloc.terms", "from absalloc.universe import load_universe", "terms may not import universe"),
        ("absalloc.rows.build", "from .terms import X", "absolute"),
        ("absalloc.rows.build", "import importlib\nimportlib.import_module('absalloc.desk')", "absolute"),
        ("absalloc.rows.build", "import absalloc", "in no layer below"),
        ("absalloc.helpers", "x = 1", "belongs to no layer"),
    ],
)
def test_a_planted_breach_is_seen(module: str, text: str, words: str) -> None:
    planted = {"absalloc": "", "absalloc.compliance": "", "absalloc.solve": "", module: text}
    [fault] = faults(planted)
    assert words in fault


def test_what_is_allowed_is_no_breach() -> None:
    text = "from absalloc import __version__\nfrom absalloc.terms import X\nfrom absalloc.rows.other import Y"
    assert faults({"absalloc": "", "absalloc.rows.build": text}) == []


def test_a_planted_cycle_is_seen() -> None:
    one, two = "absalloc.rows.one", "absalloc.rows.two"
    texts = {one: "from absalloc.rows.two import f", two: "def g():\n    from absalloc.rows import one"}
    assert cycles(texts) == [one, two]
