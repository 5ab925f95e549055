"""absalloc: portfolio allocation under regulation for Chinese asset-backed securities.

A rule is a row: written once with its article, and read by checker, solver, explainer, report and test.

>>> import absalloc as aa
>>> universe = aa.load_universe("tranches.csv")      # doctest: +SKIP
>>> mandate = aa.load_mandate("fund.yaml")           # doctest: +SKIP
>>> plan = aa.optimise(universe, mandate)            # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "BadInput": "absalloc.errors",
    "Book": "absalloc.desk",
    "Changes": "absalloc.desk",
    "InternalError": "absalloc.errors",
    "Outcome": "absalloc.solve",
    "Problem": "absalloc.solve",
    "Universe": "absalloc.universe",
    "WhatIf": "absalloc.desk",
    "check": "absalloc.desk",
    "check_many": "absalloc.desk",
    "compare": "absalloc.desk",
    "load_holdings": "absalloc.universe",
    "load_mandate": "absalloc.mandate",
    "load_rulebook": "absalloc.rulebook",
    "load_universe": "absalloc.universe",
    "many_checker": "absalloc.desk",
    "optimise": "absalloc.desk",
    "optimise_jointly": "absalloc.desk.joint",
    "rebalance": "absalloc.desk",
    "solve_problem": "absalloc.solve",
    "stress_test": "absalloc.desk",
}
_MODULES = {"capital": "absalloc.capital", "cashflow": "absalloc.cashflow", "market": "absalloc.study.market"}

__all__ = sorted([*_PUBLIC, *_MODULES, "__version__"])


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562), so that ``import absalloc`` stays light."""
    if name in _PUBLIC:
        value = getattr(import_module(_PUBLIC[name]), name)
    elif name in _MODULES:
        value = import_module(_MODULES[name])
    else:
        raise AttributeError(f"module 'absalloc' has no attribute '{name}'; public names: {', '.join(__all__)}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
