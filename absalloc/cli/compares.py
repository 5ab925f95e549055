"""``absalloc compare``: the three sectors like for like in each mandate, and the mix."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from absalloc.cli.inputs import Files
from absalloc.cli.shell import Shell, plain
from absalloc.cli.writing import print_pdf, ready
from absalloc.errors import BadInput

PLANS = {"plain": 13, "break_even": 27, "curve": 16}
"""About how many plans one mandate takes, and its break-evens and curves beside."""


@dataclass(frozen=True)
class CompareAsk:
    """What a comparison is asked for, as written on the command line."""

    files: Files
    scenarios: tuple[str, ...] = ()
    overrides: dict[str, str] = field(default_factory=dict)
    severity: float = 1.0
    break_even: bool = False
    curve: bool = False
    solver: str = "highs"
    time_limit: float | None = None
    out: str | None = None
    pdf: bool = False

    @property
    def plans(self) -> int:
        """About how many plans a mandate takes."""
        more = (PLANS[name] for name in ("break_even", "curve") if getattr(self, name))
        return PLANS["plain"] + sum(more)


def run_compare(shell: Shell, ask: CompareAsk, paths: list[str]) -> int:
    """Compare the sectors in each mandate and print them; 0 where every plan it took is proven, else 1."""
    from absalloc.cli.compare_tables import show_mandate
    from absalloc.desk import compare
    from absalloc.desk.studied import Compared
    from absalloc.desk.studies import sector_drivers
    from absalloc.report.answer import compare_answer

    drivers = sector_drivers(ask.scenarios)
    read = _mandates(paths)
    from absalloc.report.compared import COMPARE_FILES

    ready(ask.out, ask.pdf, COMPARE_FILES)
    with shell.steps("step_compare", ask.plans * len(read)) as step:
        parts = tuple(
            part
            for mandate in read
            for part in compare(
                ask.files.load(mandate), mandate, drivers, as_of=ask.files.day, overrides=ask.overrides,
                severity=ask.severity, break_even=ask.break_even, curve=ask.curve, solver=str(ask.solver),
                time_limit=ask.time_limit, step=step,
            ).parts
        )  # fmt: skip
        found = Compared(parts, ask.break_even)
        document = found.to_json(shell.lang)
        if ask.out is not None:
            from absalloc.report.compared import write_compare_folder

            write_compare_folder(document, ask.out, shell.lang)
    print_pdf(shell, ask.out, ask.pdf)
    shell.document(document)
    if not shell.as_json:
        for item in document["mandates"]:
            show_mandate(shell, item, break_even=ask.break_even)
        for item in document["mandates"]:
            shell.answer(plain(compare_answer(item, shell.lang)))
    return 0 if found.answered else 1


def _mandates(paths: list[str]) -> list[Any]:
    """Read the mandates. Raises BadInput for two of one name."""
    from absalloc.mandate import load_mandate

    read = [load_mandate(path) for path in paths]
    names: dict[str, str] = {}
    for one in read:
        if one.name in names:
            place = one.document.where("name")
            raise BadInput(
                "mandate.duplicate_name", where=place, value=one.name, first=names[one.name], second=one.file
            )
        names[one.name] = one.file
    return read
