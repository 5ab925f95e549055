"""Risk weights by regime: the table of 2012, SEC-ERBA and SEC-SA of 2023, and the stage ``weigh``.

::

    import absalloc as aa

    aa.capital.sec_erba("AAA", senior=True, maturity=3)                        # 0.175, that is 17.5 %
    aa.capital.sec_sa(ka=aa.capital.ka(0.08, 0.0), attach=0.2, detach=1.0)     # 0.2789
"""

from __future__ import annotations

from absalloc.capital.formulas import ka, risk_weight_2012, sec_erba, sec_sa, tranche_maturity
from absalloc.capital.pools import CapitalChoices
from absalloc.capital.weigh import weigh

__all__ = ["CapitalChoices", "ka", "risk_weight_2012", "sec_erba", "sec_sa", "tranche_maturity", "weigh"]
