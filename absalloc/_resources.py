"""The one place that knows where the shipped data folders are: in the wheel, or beside a checkout."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from absalloc.errors import InternalError

_IN_CHECKOUT = {"market": "examples/market"}


def data_root(name: str) -> Traversable:
    """Return the shipped folder ``constraints``, ``scenarios`` or ``market``.

    Raises InternalError, naming both places looked at, where neither holds it.
    """
    inside = files("absalloc").joinpath(name)
    if inside.is_dir():
        return inside
    checkout = Path(__file__).resolve().parent.parent
    beside = checkout / _IN_CHECKOUT.get(name, name)
    # The guard keeps a stranger's site-packages/constraints from being read.
    if (checkout / "pyproject.toml").is_file() and beside.is_dir():
        return beside
    raise InternalError("base.data_missing", value=name, inside=str(inside), beside=str(beside))
