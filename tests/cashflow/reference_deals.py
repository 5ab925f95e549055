"""A slow second opinion in exact fractions: pools cohort by cohort, deals step by step, from the words of the docs.

Nothing here is taken from the package: loans amortise by the annuity formula, a deal pays in the order that
``docs/structures.md`` lists.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

# ruff: noqa: B023  the inner functions are called in the turn of the loop that makes them
F = Fraction


def scheduled_share(kind: str, rate: F, left: int, io_left: int) -> F:
    """The share of a balance due this month with ``left`` payments to go (this one included)."""
    if io_left > 0:
        return F(0)
    if kind == "bullet":
        return F(1) if left == 1 else F(0)
    if kind == "equal" or rate == 0:
        return F(1, left)
    payment = rate / (1 - (1 + rate) ** -left)
    return payment - rate


def pool(
    balance: F, rates: list[F], kind: str, io: int, smm: F, mdr: F, severity: F, lag: int, advance: bool
) -> dict[str, list[F]]:
    """Monthly flows of a pool; every month's defaults are a cohort of their own."""
    term = len(rates)
    names = ("balance", "interest", "scheduled", "prepayment", "default", "recovery", "loss")
    out: dict[str, list[F]] = {name: [] for name in names}
    performing, cohorts = balance, []  # cohort: [months since default, balance at default, balance now]
    for month in range(term):
        due = scheduled_share(kind, rates[month], term - month, io - month)
        opening = performing
        dead = opening * mdr if month < term - lag else F(0)
        scheduled = (opening - dead) * due
        prepaid = min(opening * (1 - due) * smm, opening - dead - scheduled)
        recovery = loss = F(0)
        cohorts.append([0, dead, dead])
        living = []
        for cohort in cohorts:
            if cohort[0] == lag:
                lost = min(cohort[1] * severity, cohort[2])
                loss, recovery = loss + lost, recovery + cohort[2] - lost
                continue
            if advance:
                scheduled += cohort[2] * due
                cohort[2] -= cohort[2] * due
            living.append([cohort[0] + 1, cohort[1], cohort[2]])
        cohorts = living
        performing = opening - dead - (opening - dead) * due - prepaid
        for name, value in zip(
            names, (performing, (opening - dead) * rates[month], scheduled, prepaid, dead, recovery, loss), strict=True
        ):
            out[name].append(value)
    return out


def deal(s: dict[str, Any], flows: dict[str, list[F]], years: F) -> dict[str, Any]:
    """Run deal ``s`` (plain dicts, one month a period) over monthly ``interest principal default loss collateral``."""
    names = [t["name"] for t in s["tranches"]]
    bal = {t["name"]: t["size"] for t in s["tranches"]}
    arrears = dict.fromkeys(names, F(0))
    reserve = s["reserve"]["initial"] if s["reserve"] else F(0)
    account, fee_arrears = F(0), F(0)
    latched: set[str] = set()
    first: dict[str, int] = {}
    periods = len(flows["interest"])
    opening = flows["collateral"][0] + flows["principal"][0] + flows["loss"][0]
    interest_in, principal_in, loss_in, coll = (list(flows[k]) for k in ("interest", "principal", "loss", "collateral"))
    default_in = list(flows["default"])
    bought, called = F(0), False
    spent_of = {x["name"]: F(0) for x in s["support"]}
    lent = dict.fromkeys(spent_of, F(0))
    out: dict[str, Any] = {
        k: [] for k in ("interest", "principal", "balance", "residual", "reserve", "account", "fees")
    }
    out["support"] = {name: [F(0)] * periods for name in spent_of}
    out["spent"] = [F(0)] * periods
    for p in range(periods):
        if called:
            interest_in[p] = principal_in[p] = loss_in[p] = default_in[p] = coll[p] = F(0)
        last = p == periods - 1
        due = {t["name"]: arrears[t["name"]] + bal[t["name"]] * t["rate"] * years for t in s["tranches"]}
        revolving = s["revolving"] is not None and p < s["revolving"]["periods"]
        # clean-up call
        if s["call"] and not revolving and 0 < coll[p] <= s["call"]["share"] * opening:
            have = interest_in[p] + principal_in[p] + account + reserve + coll[p] * s["call"]["price"]
            if have >= sum((bal[n] + due[n] for n in s["call"]["needs"]), F(0)):
                principal_in[p] += coll[p] * s["call"]["price"]
                loss_in[p] += coll[p] * (1 - s["call"]["price"])
                coll[p], called = F(0), True
        pots = {"i": interest_in[p], "p": principal_in[p] + account}
        if s["combined"]:
            pots = {"i": pots["i"] + pots["p"], "p": F(0)}
        principal_cash, account = principal_in[p] + account, F(0)

        def take(amount: F) -> F:
            nonlocal reserve
            got = F(0)
            for pot in ("i", "p") if s["covers"] else ("i",):
                part = min(amount - got, pots[pot])
                pots[pot] -= part
                got += part
            part = min(amount - got, reserve)
            reserve -= part
            return got + part

        def back(tranche: str, amount: F, kinds: tuple[str, ...]) -> F:
            got, failed = F(0), dict.fromkeys(spent_of, F(0))
            for x in s["support"]:
                if tranche not in x["covers"] or x["kind"] not in kinds:
                    continue
                ask = amount - got
                if x["behind"]:
                    ask = min(ask, failed[x["behind"]])
                able = ask * x["recovery"] if x["defaults"] and p + 1 >= x["defaults"] else ask
                pays = min(able, x["limit"] - spent_of[x["name"]] - lent[x["name"]]) if ask > 0 else F(0)
                (lent if x["kind"] == "liquidity" else spent_of)[x["name"]] += pays
                failed[x["name"]] = ask - pays
                out["support"][x["name"]][p] += pays
                got += pays
            return got

        every, principal_kinds = ("guarantee", "shortfall", "liquidity"), ("guarantee", "shortfall")
        collateral_before = opening if p == 0 else coll[p - 1]
        fee_due = fee_arrears + s["fee"] * collateral_before * years
        fee = take(fee_due)
        fee_arrears = fee_due - fee

        # triggers, on the cash after fees and the notes before payment
        def ratio(kind: str, of: list[str]) -> F | None:
            owed = sum(((bal if kind == "oc" else due)[n] for n in of), F(0))
            of_principal = min(principal_cash, pots["i"]) if s["combined"] else pots["p"]
            of_interest = pots["i"] - of_principal if s["combined"] else pots["i"]
            have = coll[p] + of_principal if kind == "oc" else of_interest
            return have / owed if owed else None

        base = opening + bought
        for t in s["triggers"]:
            if t["measure"] in ("oc", "ic"):
                found = ratio(t["measure"], t["of"])
                past = found is not None and found < t["limit"]
            elif t["measure"] == "cumulative_loss":
                past = sum(loss_in[: p + 1]) / base > t["limit"] if base else False
            elif t["measure"] == "cumulative_default":
                past = sum(default_in[: p + 1]) / base > t["limit"] if base else False
            elif t["measure"] == "interest_shortfall":
                past = sum(arrears[n] for n in t["of"]) > t["limit"]
            else:
                past = p + 1 >= t["limit"]
            if past:
                first.setdefault(t["name"], p + 1)
                latched.add(t["name"])
            elif t["cure"]:
                latched.discard(t["name"])
        effects = {t["effect"] for t in s["triggers"] if t["name"] in latched}
        paid_i, before = dict.fromkeys(names, F(0)), dict(bal)
        if "default" in effects:
            pots["i"] += pots["p"] + reserve
            pots["p"], reserve = F(0), F(0)
            for n in names:
                paid_i[n] = take(due[n])
                paid_i[n] += back(n, due[n] - paid_i[n], every)
                got = take(bal[n])
                got += back(n, bal[n] - got, ("guarantee",))
                if last:
                    got += back(n, bal[n] - got, principal_kinds)
                bal[n] -= got
            arrears = {n: due[n] - paid_i[n] for n in names}
            for x in lent:
                part = min(lent[x], pots["i"])
                lent[x] -= part
                pots["i"] -= part
        else:
            if s["pro_rata_interest"]:
                total = sum(due.values(), F(0))
                got = take(total)
                paid_i = {n: due[n] * got / total if total else F(0) for n in names}
            else:
                paid_i = {n: take(due[n]) for n in names}
            for n in names:
                paid_i[n] += back(n, due[n] - paid_i[n], every)
            arrears = {n: due[n] - paid_i[n] for n in names}
            for x in lent:
                part = min(lent[x], pots["i"])
                lent[x] -= part
                pots["i"] -= part
            if s["reserve"]:
                notes = sum(bal.values(), F(0))
                target = s["reserve"]["amount"] + s["reserve"]["share"] * notes if notes else F(0)
                moved = min(target - reserve, pots["i"])
                reserve += moved
                pots["i"] -= moved
            if s["combined"] or s["turbo"] or "accelerate" in effects:
                pots["p"] += pots["i"]
                pots["i"] = F(0)
            if revolving and "accelerate" not in effects:
                cash, pots["p"] = pots["p"], F(0)
                out["spent"][p] = cash
                face = cash / s["revolving"]["price"]
                bought += face
                coll[p] += face
                for k, series in (("interest", interest_in), ("principal", principal_in), ("loss", loss_in),
                                  ("default", default_in), ("collateral", coll)):  # fmt: skip
                    for m, unit in enumerate(s["revolving"]["unit"][k]):
                        if p + 1 + m < periods:
                            series[p + 1 + m] += face * unit
            else:
                all_cover = s["reserve"] and s["reserve"]["covers"] == "all"
                if last and all_cover:
                    part = min(reserve, sum(bal.values(), F(0)))
                    pots["p"], reserve = pots["p"] + part, reserve - part
                steps = s["steps"] if not effects else [{"of": names, "how": "sequential", "to": "zero"}]
                for step in steps:
                    floors = {t["name"]: (t["targets"][min(p, len(t["targets"]) - 1)] if t["targets"] else F(0))
                              for t in s["tranches"]}  # fmt: skip
                    room = {n: max(bal[n] - (floors[n] if step["to"] == "target" else 0), F(0)) for n in step["of"]}
                    if step["how"] == "sequential":
                        for n in step["of"]:
                            part = min(room[n], pots["p"])
                            bal[n], pots["p"] = bal[n] - part, pots["p"] - part
                    else:
                        pot, weight = pots["p"], sum((bal[n] for n in step["of"] if room[n]), F(0))
                        for n in [n for n in step["of"] if room[n]]:
                            part = min(pot * before_of(bal, n) / weight, room[n])
                            bal[n], pots["p"] = bal[n] - part, pots["p"] - part
                for t in s["tranches"]:
                    n = t["name"]
                    floor = t["targets"][min(p, len(t["targets"]) - 1)] if t["targets"] else bal[n]
                    owed = bal[n] if last or (t["maturity"] and p + 1 >= t["maturity"]) else max(bal[n] - floor, F(0))
                    part = min(owed, reserve) if all_cover else F(0)
                    reserve -= part
                    bal[n] -= part + back(n, owed - part, principal_kinds)
        done = last or not any(bal.values())
        if s["hold"] and not done:
            account, pots["p"] = pots["p"], F(0)
        if done:
            pots["p"] += reserve + account
            reserve = account = F(0)
        out["interest"].append([paid_i[n] for n in names])
        out["principal"].append([before[n] - bal[n] for n in names])
        out["balance"].append([bal[n] for n in names])
        out["residual"].append(pots["i"] + pots["p"])
        out["reserve"].append(reserve)
        out["account"].append(account)
        out["fees"].append(fee)
    out["first"] = first
    return out


def before_of(bal: dict[str, F], name: str) -> F:
    """Balance by which a pro-rata step splits; one pass is enough where nobody is capped."""
    return bal[name]
