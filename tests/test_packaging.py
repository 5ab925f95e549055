"""The wheel holds what the checkout has, and works from a zip, in another folder, without the checkout on the path."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PLACES = {
    "constraints": "absalloc/constraints",
    "scenarios": "absalloc/scenarios",
    "examples/market": "absalloc/market",
}
SCRIPT = """
import json
import absalloc as aa
from absalloc._resources import data_root
from absalloc.rulebook import find_rulebook
books = sorted(p.name for p in data_root("constraints").iterdir() if p.name.endswith(".yaml"))
market = data_root("market").joinpath("market.csv").read_bytes()
rules = sorted(find_rulebook("public-fund-open").rules)
print(json.dumps({"file": aa.__file__, "books": books, "rules": rules, "market": len(market)}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = out.glob("*.whl")
    return found


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_has_every_data_file_and_no_generator(wheel: Path) -> None:
    inside = names(wheel)
    for folder, place in PLACES.items():
        files = [p for p in (ROOT / folder).rglob("*") if p.is_file() and "__pycache__" not in p.parts]
        data = {f"{place}/{p.relative_to(ROOT / folder).as_posix()}" for p in files if p.suffix != ".py"}
        assert data
        assert {name for name in inside if name.startswith(f"{place}/")} == data
    assert not any("/synthetic/" in name or name.endswith("generate.py") for name in inside)


def test_the_wheel_has_every_module_and_message(wheel: Path) -> None:
    here = {
        p.relative_to(ROOT).as_posix()
        for p in (ROOT / "absalloc").rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }
    assert {n for n in names(wheel) if n.startswith("absalloc/")} - here == {
        n for n in names(wheel) if n.startswith(tuple(f"{place}/" for place in PLACES.values()))
    }
    assert here <= names(wheel)
    assert "absalloc/py.typed" in here


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith("METADATA")]
        text = archive.read(name).decode()
        assert any(n.endswith("licenses/LICENSE") for n in archive.namelist())
    assert re.search(r"^License-Expression: Apache-2.0$", text, re.MULTILINE)
    assert re.search(r"^Requires-Python: >=3.11$", text, re.MULTILINE)


def test_the_wheel_works_as_a_zip_in_another_folder(wheel: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(wheel)}
    command = [sys.executable, "-P", "-c", SCRIPT]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["file"].startswith(str(wheel))
    assert said["books"] == sorted(p.name for p in (ROOT / "constraints").glob("*.yaml"))
    assert "originator-share" in said["rules"]
    assert said["market"] == (ROOT / "examples" / "market" / "market.csv").stat().st_size


def test_the_compiled_engine_runs_from_the_zip(wheel: Path, tmp_path: Path) -> None:
    # A zip has no folder to keep a compiled function beside.
    pytest.importorskip("numba")
    code = (
        "import numpy as np; from absalloc.cashflow import engine as e; o = np.ones(1); m = np.ones((1, 1))\n"
        "d = e.DealBatch(o, 0.12 * o, o, m, 0.12 * m, 0.12 * m); s = np.zeros((1, 1))\n"
        "print(e.run_engine(d, s, s, engine='numba').price.item())"
    )
    environment = {**os.environ, "PYTHONPATH": str(wheel)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(1.0)


def test_no_folder_of_the_package_hides_the_data() -> None:
    assert [name for name in ("constraints", "scenarios", "market") if (ROOT / "absalloc" / name).exists()] == []


def test_the_lock_pins_every_declared_dependency_and_names_no_address() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    lines = (ROOT / "lock.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []
    pinned = {plain(line.split("==")[0]): line.split("==")[1] for line in lines}
    assert len(pinned) == len(lines)
    for text in declared:
        wanted = Requirement(text)
        assert wanted.specifier.contains(pinned[plain(wanted.name)]), text


def plain(name: str) -> str:
    """Return a name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
