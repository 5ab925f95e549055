"""The closed vocabulary: columns of the universe, products, institutions, amounts, the rating scale.

Money is yuan; rates, weights and coupons are decimals; times are years or ISO dates; prices are per 100.
"""

from __future__ import annotations

from dataclasses import dataclass

PRODUCTS = (
    "credit_abs", "enterprise_abs", "abn", "insurance_plan", "cash", "deposit", "government",
    "local_government", "central_bank_bill", "policy_bank", "credit_bond", "repo", "reverse_repo", "fund",
)  # fmt: skip
ABS_PRODUCTS = ("credit_abs", "enterprise_abs", "abn", "insurance_plan")
UNIT_PRICE_PRODUCTS = ("cash", "deposit", "repo", "reverse_repo")
"""Products whose face is their market value: price 100, factor 1."""
LIABILITY_PRODUCTS = ("repo",)
"""Positions that are owed: 正回购 borrowing. Money lent on repo is ``reverse_repo``, an asset."""
SECTORS = ("credit", "urban_investment", "enterprise")
INSTITUTIONS = (
    "public_fund_open", "public_fund_interval", "public_fund_closed", "money_market_fund",
    "bank_own_book", "wealth_product", "cash_management", "private_plan", "insurer",
    "insurance_product", "annuity", "trust",
)  # fmt: skip
AMOUNTS = (
    "nav", "total_assets", "net_capital", "tier1_capital", "audited_total_assets",
    "wealth_products_nav", "nonstandard_balance", "nonstandard_elsewhere", "total_wealth_nav",
    "prior_quarter_total_assets", "collective_trust_balance", "trust_net_assets", "rwa_budget",
)  # fmt: skip
MEASURES = ("face", "principal", "market_value", "book_value", "clean_value")
READING_SWITCHES = ("abn", "size", "same_tranche", "same_asset", "originator", "insurance_plan", "vat")
"""Disputed words of the texts; a mandate chooses one reading of each for all rules at once."""
SEVERITIES = ("hard", "soft", "warn")
TEST_TIMES = ("always", "purchase", "open_days")
SCOPES = ("portfolio", "manager_funds", "manager_plans", "products_public", "products_all", "bank", "insurer")

_LONG = (
    "AAA", "AA+", "AA", "AA-", "A+", "A", "A-", "BBB+", "BBB", "BBB-", "BB+", "BB", "BB-",
    "B+", "B", "B-", "CCC", "CC", "C", "D",
)  # fmt: skip
RATING_GRADES: dict[str, int] = {grade: step for step, grade in enumerate(_LONG, start=1)}
"""AAA = 1, one step a grade, D = 20."""
SHORT_GRADES: dict[str, int] = {"A-1+": 1, "A-1": 1, "A-2": 2, "A-3": 3, "B": 4, "C": 5, "D": 6}
IMPLIED_GRADES: dict[str, int] = {
    "AAA+": 1, "AAA": 2, "AAA-": 3, "AA+": 4, "AA": 5, "AA(2)": 6, "AA-": 7, "A+": 8, "A": 9, "A-": 10,
    "BBB+": 11, "BBB": 12, "BB": 13, "B": 14, "CCC": 15, "CC": 16, "C": 17,
}  # fmt: skip
"""中债市场隐含评级, best first; its steps are its own and are not compared with agency grades."""
AGENCIES: dict[str, tuple[str, ...]] = {
    "ccxi": ("中诚信国际", "中诚信", "中诚信证评", "ccxi"),
    "lianhe": ("联合资信", "联合", "联合信用", "lianhe"),
    "dagong": ("大公国际", "大公", "dagong"),
    "golden": ("东方金诚", "金诚", "golden"),
    "pengyuan": ("中证鹏元", "鹏元", "pengyuan"),
    "brilliance": ("上海新世纪", "新世纪", "brilliance"),
    "cbr": ("中债资信", "cbr"),
    "fitch": ("惠誉博华", "fitch"),
    "sp": ("标普信评", "sp"),
    "any": ("债项评级", "评级", "any"),
}
"""Rating agencies: column ``rating.<key>``; ``any`` is a rating whose agency the file does not name."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the universe: its kind, closed values if any, admissible range if a number, and meaning."""

    kind: str  # text enum bool date money rate price years days count rating short_rating implied
    values: tuple[str, ...] = ()
    low: float = 0.0
    high: float = float("inf")
    en: str = ""
    zh: str = ""
    required: bool = False
    derived: bool = False


def _c(kind: str, en: str, zh: str, **more: object) -> Column:
    return Column(kind=kind, en=en, zh=zh, **more)  # type: ignore[arg-type]


COLUMNS: dict[str, Column] = {
    "tranche_id": _c("text", "code of the tranche", "证券代码", required=True),
    "name": _c("text", "short name", "证券简称"),
    "deal_id": _c("text", "deal the tranche belongs to", "项目"),
    "product": _c("enum", "kind of instrument", "产品类型", values=PRODUCTS, required=True),
    "market": _c("enum", "where it trades", "交易市场", values=("interbank", "exchange", "other")),
    "placement": _c("enum", "public or private placement", "发行方式", values=("public", "private")),
    "asset_type": _c("text", "underlying assets", "基础资产类型"),
    "originator": _c("text", "nominal originator", "原始权益人/发起机构"),
    "core_debtor": _c("text", "economic obligor", "核心债务人"),
    "support_party": _c("text", "party that supports the tranche", "增信主体"),
    "support_type": _c(
        "enum", "form of support", "增信方式", values=("guarantee", "shortfall_commitment", "liquidity_support", "none")
    ),
    "ultimate_group": _c("text", "ultimate group of the obligor", "集团"),
    "region": _c("text", "province or city", "地区"),
    "lgfv": _c("bool", "obligor is a local-government financing vehicle on a cited list", "城投主体"),
    "manager": _c("text", "plan manager", "计划管理人"),
    "seniority": _c(
        "enum", "senior, mezzanine or subordinated", "档次", values=("senior", "mezzanine", "subordinated")
    ),
    "attachment": _c("rate", "attachment point", "起赔点", high=1.0),
    "detachment": _c("rate", "detachment point", "止赔点", high=1.0),
    "issue_size": _c("money", "issued amount of the tranche", "发行规模"),
    "outstanding": _c("money", "outstanding principal of the tranche", "当前余额"),
    "factor": _c("rate", "outstanding over issued", "剩余本金比例", high=1.0),
    "deal_size": _c("money", "issued amount of the whole deal", "项目发行总额"),
    "coupon": _c("rate", "coupon rate", "票面利率", high=1.0),
    "rate_type": _c("enum", "fixed or floating", "利率类型", values=("fixed", "floating")),
    "repayment": _c("enum", "form of repayment", "还本方式", values=("pass_through", "scheduled", "bullet")),
    "issue_date": _c("date", "value date of the issue", "起息日"),
    "expected_maturity": _c("date", "expected maturity", "预期到期日"),
    "legal_maturity": _c("date", "legal maturity", "法定到期日"),
    "next_put": _c("date", "next put date", "下一回售日"),
    "next_reset": _c("date", "next rate reset", "下一利率调整日"),
    "call_share": _c("rate", "clean-up call threshold", "清仓回购比例", high=1.0),
    "issuer": _c("text", "issuer of a plain bond or counterparty", "发行人"),
    "rating_date": _c("date", "date of the latest rating report", "评级日期"),
    "implied_rating": _c("implied", "ChinaBond implied rating", "中债隐含评级"),
    "internal_rating": _c("rating", "rating by the institution itself", "内部评级"),
    "quote_price": _c("price", "quoted clean price per 100", "报价净价", high=1000.0),
    "quote_basis": _c("enum", "what the price is per 100 of", "报价基准", values=("remaining", "original")),
    "quote_source": _c("text", "primary, dealer or own", "报价来源"),
    "quote_side": _c("enum", "side of the quote", "报价方向", values=("offer", "bid", "mid")),
    "available_face": _c("money", "face offered", "可买面额"),
    "clean_price": _c("price", "clean price per 100 of remaining face", "净价", high=1000.0),
    "yield": _c("rate", "annual yield", "收益率", low=-0.05, high=2.0),
    "yield_source": _c(
        "enum",
        "where the yield comes from",
        "收益率来源",
        values=("valuation", "trade", "quote", "primary", "model", "coupon"),
    ),
    "yield_basis": _c("enum", "which life the yield is to", "收益率口径", values=("put", "maturity")),
    "wal": _c("years", "weighted average life", "加权剩余期限", high=100.0),
    "modified_duration": _c("years", "modified duration", "修正久期", high=60.0),
    "spread": _c("rate", "spread over the benchmark", "利差", low=-0.1, high=1.0),
    "risk_weight": _c("rate", "capital risk weight", "风险权重", high=12.5),
    "interest_taxed": _c("bool", "interest bears VAT", "利息征收增值税"),
    "stc": _c("bool", "simple, transparent and comparable", "简单透明可比"),
    "npl": _c("bool", "pool of non-performing loans", "不良资产"),
    "npl_qualifying": _c(
        "bool", "pool of non-performing loans bought at a non-refundable discount of 50 % or more", "合格不良资产"
    ),
    "resecuritisation": _c("bool", "pool of securitisation exposures", "再资产证券化"),
    "largest_asset": _c("rate", "share of the pool in its largest underlying asset", "最大单笔基础资产占比", high=1.0),
    "pool_weight": _c(
        "rate", "mean standardised risk weight of the pool, or of its one obligor", "资产池风险权重", high=12.5
    ),
    "pool_delinquent": _c(
        "rate", "delinquent share of the pool's loans whose status is known", "资产池逾期占比", high=1.0
    ),
    "pool_unknown_status": _c(
        "rate", "share of the pool whose delinquency status is not known", "资产池逾期状态不明占比", high=1.0
    ),
    "pledgeable": _c("bool", "accepted in repo", "可质押"),
    "haircut": _c("rate", "haircut in repo", "折扣率", high=1.0),
    "market_restricted": _c("bool", "cannot be sold freely for another reason than its kind", "流通受限"),
    "lot": _c("money", "trading step in yuan of original face", "交易单位"),
    "min_ticket": _c("money", "least trade in yuan of original face", "最低交易额"),
    "sector": _c("enum", "urban investment, credit or enterprise", "板块", values=SECTORS, derived=True),
    "nonstandard": _c("bool", "non-standard debt asset", "非标", derived=True),
    "days_to_maturity": _c("days", "days to expected maturity", "剩余天数", high=36500.0, derived=True),
    "trading_days_to_maturity": _c(
        "days", "exchange days to expected maturity", "剩余交易日", high=26000.0, derived=True
    ),
    "days_to_reset": _c("days", "days to the next rate reset", "距利率调整日天数", high=36500.0, derived=True),
    "remaining_term": _c("years", "years to expected maturity", "剩余期限", high=100.0, derived=True),
    "horizon_rate": _c("rate", "income over the horizon a year", "持有期收益率", low=-1.0, high=2.0, derived=True),
    "principal": _c("money", "outstanding principal held", "剩余本金", derived=True),
    "market_value": _c("money", "market value held", "市值", derived=True),
}
PREFIXED_COLUMNS = {"rating": "rating", "issuer_rating": "rating"}
"""``rating.<agency>`` and ``issuer_rating.<agency>``."""


def column(name: str) -> Column | None:
    """Return the column called ``name``, prefixed ones included, or None."""
    if name in COLUMNS:
        return COLUMNS[name]
    prefix, dot, agency = name.partition(".")
    if dot and prefix in PREFIXED_COLUMNS and agency in AGENCIES:
        return Column(kind=PREFIXED_COLUMNS[prefix], en=f"{prefix} by {agency}", zh=f"{AGENCIES[agency][0]}评级")
    return None


def canonical_rating(text: str) -> str | None:
    """Return the grade of ``AAAsf``, ``AAA(sf)``, ``aa+``; ``""`` for not rated; None for an unknown grade.

    Short-term grades (``A-1``, ``A-1sf``) come back as such; ``CCC+`` and ``CCC-`` as ``CCC``.
    """
    plain = str(text).strip().upper().replace("（", "(").replace("）", ")").replace("＋", "+").replace("－", "-")
    plain = plain.removesuffix("(SF)").removesuffix("SF").removesuffix("STI").removesuffix("SPC").strip()
    if plain in ("", "NR", "N/A", "NONE", "-", "--", "无评级", "未评级"):
        return ""
    plain = {"CCC+": "CCC", "CCC-": "CCC", "A1": "A-1", "A1+": "A-1+"}.get(plain, plain)
    return plain if plain in RATING_GRADES or plain in SHORT_GRADES else None


def canonical_implied(text: str) -> str | None:
    """Return the ChinaBond implied grade (``AA(2)`` among them), ``""`` for none, None for an unknown one."""
    plain = str(text).strip().upper().replace("（", "(").replace("）", ")").replace("＋", "+").replace("－", "-")
    if plain in ("", "NR", "-", "--", "无"):
        return ""
    return plain if plain in IMPLIED_GRADES else None


def rating_grade(text: str) -> int:
    """Return the step of a long-term grade: AAA = 1 … D = 20. Raises KeyError for anything else."""
    return RATING_GRADES[text]
