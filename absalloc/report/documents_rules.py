"""The shapes of what ``absalloc rules`` answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from absalloc.report.documents import SHA256, FindingSource, Inputs, Level, Shape, Verdict


class RuleSource(Shape):
    """The article a rule is written in."""

    document: str
    title: str
    number: str | None
    article: str
    ref: str
    confidence: Literal["text_seen", "secondary", "unverified"]
    article_confirmed: bool
    quote: str | None


class RuleReading(Shape):
    """A reading of a disputed word, and the rule's sentence under it."""

    switch: str
    id: str
    default: bool
    title: str | None
    sentence: str


class RuleText(Shape):
    """One rule in words."""

    rule: str
    kind: str
    title: str
    sentence: str
    level: Level
    tested: Literal["always", "purchase", "open_days"]
    scope: str
    status: Literal["in_force", "draft"]
    source: RuleSource
    readings: list[RuleReading]
    file: str | None
    line: int | None


class ListedRule(RuleText):
    """One rule of a list; ``in_force`` is null where no day was asked for."""

    in_force: bool | None


class Bound(Shape):
    """One value of a limit, its days and its condition on the mandate."""

    sign: Literal["≤", "<", "≥", ">"]
    value: str
    from_: str | None = Field(alias="from")
    to: str | None
    when: str | None


class RuleFormula(Shape):
    """Numerator over denominator against the bounds, in words; ``each``: one such ratio for each."""

    text: str
    numerator: str
    denominator: str | None
    each: str | None
    bounds: list[Bound]


class CureClock(Shape):
    """What a breach nobody traded into allows."""

    cure: str | None
    clock: Literal["breach", "rating_date", "saleable_from"]
    meanwhile: Literal["no_new", "no_worse"]


class RuleException(Shape):
    """Lines that leave the numerator."""

    id: str
    title: str | None
    lines: str
    when: str | None


class RuleCase(Shape):
    """A worked case: what the rule must say."""

    id: str
    shows: str
    verdict: Literal["pass", "fail", "unknown", "none"]
    value: str | None
    limit: str | None
    group: str | None
    as_of: str | None
    note: str | None


class RulesShow(RuleText):
    """What rules show answers; ``reads``: the keys of the mandate that decide whether it, or a value of it, holds."""

    schema_: Literal["absalloc.rules-show/1"] = Field(alias="schema")
    formula: RuleFormula
    definitions: dict[str, str]
    from_: str | None = Field(alias="from")
    to: str | None
    reads: list[str]
    passive_breach: CureClock | None
    exceptions: list[RuleException]
    note: str | None
    cases: list[RuleCase]


class ListedBook(Shape):
    """One rulebook."""

    rulebook: str
    file: str
    sha256: str = Field(pattern=SHA256)
    rules: int


class RulesList(Shape):
    """What rules list answers."""

    schema_: Literal["absalloc.rules-list/1"] = Field(alias="schema")
    as_of: str | None
    rulebooks: list[ListedBook]
    rules: list[ListedRule]
    left_out: list[str]


class Case(Shape):
    """One worked case."""

    id: str
    rule: str
    shows: str
    ok: bool
    expected: str
    found: str
    place: str
    text: str


class Gap(Shape):
    """Something of a rule that no case shows."""

    rule: str
    kind: str
    text: str


class TestedBook(Shape):
    """The cases of one rulebook."""

    rulebook: str
    n_cases: int
    n_failed: int
    cases: list[Case]
    missing: list[Gap]


class RulesTest(Shape):
    """What rules test answers."""

    schema_: Literal["absalloc.rules-test/1"] = Field(alias="schema")
    ok: bool
    rulebooks: list[TestedBook]


class RuleChange(Shape):
    """One thing that is otherwise from a day on; ``binds``: the mandate is bound by the rule on either day."""

    day: str
    rule: str
    title: str
    what: Literal["begins", "ends", "value", "weights"]
    before: str | None
    after: str | None
    binds: bool | None
    level: Level
    status: Literal["in_force", "draft"]
    source: FindingSource
    text: str


class WeightCounts(Shape):
    """ABS lines of the universe by what becomes of their risk weight; unknown on either day."""

    less: int
    more: int
    same: int
    unknown: int


class CapitalRules(Shape):
    """The capital rules of the two days."""

    before: str
    after: str
    lines: WeightCounts


class MovedWeight(Shape):
    """A line held whose risk weight is another one; what each rests on as the label of ``risk_weight``."""

    tranche_id: str
    name: str | None
    market_value: float | None
    before: float | None
    after: float | None
    basis_before: str
    basis_after: str


class FindingSide(Shape):
    """What a finding says on one day."""

    verdict: Verdict
    value: float | None
    limit: float | None


class MovedFinding(Shape):
    """A finding with another verdict, value or limit; null on a day on which its rule did not speak."""

    rule: str
    title: str
    group: str | None
    sense: Literal["max", "min"]
    strict: bool
    unit: Literal["ratio", "yuan", "years", "days", "count", "grade"]
    level: Level
    flips: bool
    before: FindingSide | None
    after: FindingSide | None


class BothAnswers(Shape):
    """Whether the book complies."""

    before: bool | None
    after: bool | None


class BothCounts(Shape):
    """A number of rules."""

    before: int
    after: int


class MovedVerdicts(Shape):
    """The two checks of what is held, and what moves between them; findings whose verdict flips come first."""

    compliant: BothAnswers
    n_proven: BothCounts
    n_unknown: BothCounts
    moved: list[MovedFinding]


class PlanSide(Shape):
    """The best plan by the rules of one day, from an empty book."""

    status: Literal["optimal", "infeasible", "stopped"]
    reason: str | None
    proven: bool
    carry_yuan: float | None
    on_nav: float | None
    carry_rate: float | None
    parts: dict[str, float | None]
    lines: int | None
    binding: list[str]
    gap: float | None


class CarryChange(Shape):
    """After less before; null where there is no plan on a day."""

    carry_yuan: float | None
    on_nav: float | None
    carry_rate: float | None


class Optimum(Shape):
    """The two best plans."""

    before: PlanSide
    after: PlanSide
    change: CarryChange


class RulesDiff(Shape):
    """What rules diff answers; ``verdicts`` and ``weights`` with holdings, the rest below with a mandate, else null."""

    schema_: Literal["absalloc.rules-diff/1"] = Field(alias="schema")
    from_: str = Field(alias="from")
    to: str
    mandate: str | None
    as_of: str | None
    changes: list[RuleChange]
    capital: CapitalRules | None
    weights: list[MovedWeight] | None
    verdicts: MovedVerdicts | None
    optimum: Optimum | None
    assumptions: list[str]
    inputs: Inputs | None


class LintRule(Shape):
    """A rule that a finding is about or rests on."""

    rule: str
    title: str
    level: Level
    tested: Literal["always", "purchase", "open_days"]
    source: FindingSource
    file: str | None
    line: int | None


class LintPremise(LintRule):
    """A rule that a proof uses, and its multiplier."""

    multiplier: float


class LintItem(Shape):
    """One thing proven; ``wrong``: likely a mistake. ``at_purchase``: it holds of what is bought.

    ``proof``: ``exact`` where the solver's multipliers were confirmed in fractions.
    """

    code: Literal["conflict", "only_cash", "selects_nothing", "bars_all", "implied", "same", "always_holds"]
    wrong: bool
    rule: LintRule
    by: list[LintPremise]
    at_purchase: bool
    proof: Literal["exact", "solver"]
    text: str


class LintedBooks(Shape):
    """One rulebook, or those of a mandate together."""

    mandate: str | None
    rulebooks: list[str]
    as_of: str
    rules: list[str]
    not_examined: list[str]
    kinds_of_line: int
    findings: list[LintItem]


class RulesLint(Shape):
    """What rules lint answers; ``family`` says of which portfolios it is proven."""

    schema_: Literal["absalloc.rules-lint/1"] = Field(alias="schema")
    ok: bool
    family: str
    examined: list[LintedBooks]


class RulesNew(Shape):
    """What rules new wrote: the rulebook, its cases, the schema for an editor."""

    schema_: Literal["absalloc.rules-new/1"] = Field(alias="schema")
    rulebook: str
    files: list[str]
