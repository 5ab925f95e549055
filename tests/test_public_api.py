"""The public names: sorted, importable, documented; and an import that stays light."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import absalloc

HEAVY = ("pandas", "scipy", "highspy", "cvxpy", "pyomo")


def test_the_public_names_are_sorted() -> None:
    assert absalloc.__all__ == sorted(set(absalloc.__all__))
    assert dir(absalloc) == absalloc.__all__


@pytest.mark.parametrize("name", [name for name in absalloc.__all__ if name != "__version__"])
def test_a_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(absalloc, name)
    own = vars(value).get("__doc__") if inspect.isclass(value) else value.__doc__
    assert own
    # A dataclass without a docstring gets its signature for one.
    assert not own.startswith(f"{name}(")


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        AttributeError, match=r"no attribute 'optimize'; public names: .*optimise, optimise_jointly, rebalance"
    ):
        _ = absalloc.optimize


def test_the_import_is_light() -> None:
    code = f"import sys, absalloc; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
