"""The shape of the document of several plans made together."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from absalloc.report.documents import SHA256, Inputs, Plan, Run, Shape


class JointObjective(Shape):
    """What all books earn, yuan a year and a share of their net assets; null where one has none."""

    kind: str
    carry_yuan: float
    on_nav: float | None


class JointRule(Shape):
    """A rule and its books, by the names of their mandates; rule null: what there is of each line, for all books."""

    books: list[str]
    rule: str | None


class BoughtBy(Shape):
    """What one book buys of a line, yuan of face."""

    mandate: str
    face: float


class SharedLine(Shape):
    """A line of which the books buy all there is; ``there``: yuan of face for all of them."""

    tranche_id: str
    there: float
    bought: list[BoughtBy]


class AloneBook(Shape):
    """A book planned by itself."""

    mandate: str
    status: Literal["optimal", "infeasible", "stopped"]
    carry_yuan: float | None


class AloneBreaks(Shape):
    """A rule that the plans made alone break together; ``book`` names all it is over."""

    book: str
    rule: str


class Oversold(Shape):
    """A line of which plans made alone buy more than there is; ``over``: by how much, yuan of face."""

    tranche_id: str
    over: float


class Alone(Shape):
    """Each book by itself: the sum, and why it cannot be had at once; carry null where a book has no plan."""

    possible: bool
    carry_yuan: float | None
    books: list[AloneBook]
    breaks: list[AloneBreaks]
    oversold: list[Oversold]


class Plans(Shape):
    """What optimise answers for several mandates: their plans in the order asked, and one proof of the sum."""

    schema_: Literal["absalloc.plans/1"] = Field(alias="schema")
    status: Literal["optimal", "infeasible", "stopped"]
    reason: str | None
    as_of: str
    mandates: list[str]
    mode: Literal["strategic", "offered"]
    objective: JointObjective | None
    compliant: bool | None
    books: list[Plan]
    binding: list[JointRule]
    shared: list[SharedLine]
    conflict: list[JointRule]
    alone: Alone | None
    bound: float | None
    gap: float | None
    proven: bool
    inputs: Inputs
    certificate: str | None = Field(pattern=SHA256)
    run: Run
