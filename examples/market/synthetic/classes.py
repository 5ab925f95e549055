"""The classes of asset: size, tenor, tranching and price of each, as data.

Subordination bands are the published ones of 2024-01 where a class has one (published.yaml), else invented.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AssetClass:
    """How deals of one class look; sizes in 亿元, tenors in years, spreads in bp over the AAA ABS curve."""

    key: str
    product: str
    share: int  # deals in 1,000
    party: str  # whose assets: a field of Cast
    repayment: str
    size: tuple[float, float]
    tenor: tuple[float, float]
    seniors: tuple[int, int]
    sub: tuple[float, float]
    mezz: float = 0.3
    spread: float = 0.0
    rated: float = 0.85
    conduit: str = ""
    conduit_share: float = 0.0
    support: str = "none"
    put: bool = False
    h1: float = 0.27  # share of deals issued January to May 2025
    june: float = 0.15


CLASSES = (
    AssetClass("auto", "credit_abs", 80, "auto", "pass_through",
        (20, 60), (2.2, 4.0), (1, 2), (0.0989, 0.1667), 0.35, -6, 1.0, june=0.18),
    AssetClass("rmbs", "credit_abs", 65, "banks", "pass_through",
        (30, 80), (6.0, 16.0), (1, 2), (0.08, 0.15), 0.3, 0, 1.0, h1=0.0, june=0.0),
    AssetClass("consumer", "credit_abs", 35, "consumer", "pass_through",
        (8, 20), (1.8, 3.2), (1, 1), (0.02, 0.138), 0.4, 8, 1.0, june=0.18),
    AssetClass("micro", "credit_abs", 30, "banks", "pass_through",
        (10, 30), (1.6, 3.2), (1, 1), (0.0029, 0.095), 0.3, 3, 1.0, june=0.18),
    AssetClass("npl", "credit_abs", 65, "banks", "pass_through",
        (1.5, 8), (2.0, 4.8), (1, 1), (0.20, 0.32), 0.0, 18, 1.0, h1=0.4, june=0.18),
    AssetClass("leasing", "enterprise_abs", 105, "leasing", "scheduled",
        (8, 16), (2.8, 6.0), (1, 2), (0.01, 0.1796), 0.2, 4, 0.85, support="shortfall_commitment"),
    AssetClass("receivables", "enterprise_abs", 60, "corporates", "bullet",
        (6, 16), (2.0, 5.0), (1, 1), (0.002, 0.0667), 0.2, 3, 0.7, "trusts", 0.2, "shortfall_commitment"),
    AssetClass("supply_chain", "enterprise_abs", 75, "corporates", "bullet",
        (4, 12), (1.0, 3.0), (1, 1), (0.001, 0.0119), 0.05, 6, 0.65, "factoring", 1.0, "guarantee"),
    AssetClass("factoring", "enterprise_abs", 30, "corporates", "bullet",
        (4, 10), (0.8, 3.0), (1, 1), (0.001, 0.0803), 0.2, 8, 0.7, "factoring", 1.0, "guarantee"),
    AssetClass("small_loans", "enterprise_abs", 70, "lenders", "pass_through",
        (6, 14), (1.4, 2.8), (1, 1), (0.0052, 0.1514), 0.4, 10, 0.85, june=0.14),
    AssetClass("cmbs", "enterprise_abs", 60, "property", "scheduled",
        (12, 35), (12.0, 20.0), (1, 1), (0.0003, 0.0556), 0.3, 14, 0.9, "trusts", 0.5, "shortfall_commitment", True),
    AssetClass("quasi_reit", "enterprise_abs", 40, "property", "bullet",
        (12, 35), (12.0, 24.0), (1, 1), (0.01, 0.3465), 0.2, 20, 0.9, "trusts", 0.3, "liquidity_support", True),
    AssetClass("trust_beneficial_rights", "enterprise_abs", 20, "corporates", "bullet",
        (5, 14), (1.5, 3.0), (1, 1), (0.015, 0.08), 0.3, 9, 0.75, "trusts", 1.0, "guarantee"),
    AssetClass("leasing", "abn", 40, "leasing", "scheduled",
        (7, 15), (2.0, 4.0), (1, 1), (0.01, 0.1796), 0.2, 3, 0.85, support="shortfall_commitment"),
    AssetClass("consumer", "abn", 65, "consumer", "pass_through",
        (6, 15), (1.4, 2.8), (1, 1), (0.02, 0.138), 0.4, 8, 0.85),
    AssetClass("small_loans", "abn", 40, "lenders", "pass_through",
        (6, 14), (1.4, 2.6), (1, 1), (0.0052, 0.1514), 0.35, 10, 0.85),
    AssetClass("receivables", "abn", 70, "corporates", "bullet",
        (6, 18), (1.5, 3.5), (1, 1), (0.002, 0.0667), 0.2, 2, 0.65, "trusts", 0.4, "shortfall_commitment"),
    AssetClass("cmbs", "abn", 50, "property", "scheduled",
        (12, 30), (10.0, 18.0), (1, 1), (0.0003, 0.0556), 0.25, 13, 0.85, "trusts", 0.6, "shortfall_commitment", True),
)  # fmt: skip
LGFV_FEE = AssetClass(
    "fee_rights",
    "enterprise_abs",
    0,
    "lgfvs",
    "bullet",
    (4, 12),
    (8.0, 20.0),
    (5, 10),
    (0.03, 0.06),
    0.0,
    16,
    1.0,
    support="shortfall_commitment",
    put=True,
)
LGFV_DEBT = AssetClass(
    "receivables",
    "enterprise_abs",
    0,
    "lgfvs",
    "scheduled",
    (5, 12),
    (3.0, 14.0),
    (2, 4),
    (0.01, 0.0667),
    0.0,
    12,
    1.0,
    "trusts",
    0.4,
    "guarantee",
)
LGFV_PROPERTY = AssetClass(
    "cmbs",
    "enterprise_abs",
    0,
    "lgfvs",
    "scheduled",
    (4, 8),
    (16.0, 18.0),
    (1, 1),
    (0.01, 0.05),
    0.0,
    14,
    1.0,
    "trusts",
    0.5,
    "shortfall_commitment",
    True,
)
FEE_OTHER = AssetClass(
    "fee_rights",
    "enterprise_abs",
    25,
    "corporates",
    "bullet",
    (4, 10),
    (3.0, 8.0),
    (3, 4),
    (0.03, 0.06),
    0.0,
    12,
    0.9,
    support="shortfall_commitment",
    put=True,
)
