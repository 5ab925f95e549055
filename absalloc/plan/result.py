"""A plan as its readers get it: holdings, trades, findings, carry, proof; JSON and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from absalloc.compliance.check import with_cure_dates
from absalloc.compliance.finding import Finding, shown
from absalloc.compliance.result import finding_json, inactive_json
from absalloc.compliance.weights import weights_held
from absalloc.plan.binding import tight
from absalloc.plan.holdings import Carry, Held, Trade, carry_of, held_lines, trades_between
from absalloc.plan.make import Answer, PlanSettings
from absalloc.plan.note import Note
from absalloc.plan.program import Program
from absalloc.plan.proof import certificate_of
from absalloc.plan.stressed import scenarios_json

SCHEMA = "absalloc.plan/1"


@dataclass(frozen=True)
class Plan:
    """The answer to optimise or rebalance. ``status`` is optimal, infeasible or stopped; only optimal is proven."""

    answer: Answer = field(repr=False)
    notes: tuple[Note, ...] = ()
    settings: PlanSettings = field(default_factory=PlanSettings)
    alone: Answer | None = field(default=None, repr=False)
    """The answer without the scenarios, where any were asked for and there is a plan."""

    @property
    def status(self) -> str:
        """``optimal``: proven within the stated gap and re-checked exactly; ``infeasible``; or ``stopped``."""
        return self.answer.status

    @property
    def proven(self) -> bool:
        """Whether the plan is optimal, proven, and passes the exact check."""
        return self.status == "optimal"

    @cached_property
    def holdings(self) -> tuple[Held, ...]:
        """The lines held after the trades, largest market value first; empty where there is no plan."""
        return held_lines(self.answer.state) if self.answer.faces is not None else ()

    @cached_property
    def trades(self) -> tuple[Trade, ...]:
        """The trades from what was held before; empty where there is no plan."""
        return trades_between(self.answer.state) if self.answer.faces is not None else ()

    @cached_property
    def carry(self) -> Carry:
        """Carry of the plan: rate on the sleeve, yuan a year, on NAV, and its parts."""
        return carry_of(self.answer.state, self.holdings)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The exact verdicts on the plan (of what is held, where there is no plan)."""
        return with_cure_dates(self.answer.findings, [self.answer.state])

    @property
    def program(self) -> Program | None:
        """The mathematical program: ``.to_cvxpy()``, ``.to_pyomo()``, ``.write("model.mps")``."""
        return self.answer.program

    @cached_property
    def binding(self) -> tuple[str, ...]:
        """The rules that stop the plan: those with a row at its bound."""
        answer = self.answer
        if answer.program is None or answer.outcome is None or answer.faces is None:
            return ()
        return tight(answer.program, answer.outcome, lots=True)

    @cached_property
    def certificate(self) -> dict[str, Any] | None:
        """The certificate, None where there is no plan."""
        return certificate_of(self.answer, self.settings)

    @property
    def compliant(self) -> bool | None:
        """True where every hard rule passes, False where one fails, None where that is unknown or there is no plan."""
        if self.answer.faces is None:
            return None
        hard = [item.verdict for item in self.findings if item.level == "hard"]
        return False if "fail" in hard else None if "unknown" in hard else True

    def assumptions(self, lang: str = "en") -> list[str]:
        """Return what was assumed, derived or chosen, in words."""
        return [note.text(lang) for note in (*self.notes, *self.answer.notes)]

    def _scenarios_json(self) -> dict[str, Any] | None:
        answer, caps = self.answer, (self.settings.worst_loss, self.settings.tail)
        if not answer.outlooks and caps == (None, None):
            return None
        return scenarios_json(answer, caps, None if answer.faces is None else self.carry, self.alone)

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return the ``absalloc.plan/1`` document; everything outside ``run`` is the same for the same input."""
        answer = self.answer
        state = answer.state
        outcome = answer.outcome
        done = answer.faces is not None
        return {
            "schema": SCHEMA,
            "status": answer.status,
            "reason": None if answer.reason is None else answer.reason.text(lang),
            "as_of": state.as_of.isoformat(),
            "mandate": state.name,
            "mode": state.mandate.mode,
            "assumptions": self.assumptions(lang),
            "objective": _objective(self) if done else None,
            "holdings": [line.as_json() for line in self.holdings],
            "trades": [trade.as_json() for trade in self.trades],
            "compliant": self.compliant if done else None,
            "findings": [finding_json(item, lang) for item in self.findings],
            "not_applied": [inactive_json(rule, lang) for rule in state.rules.inactive],
            "risk_weights": [line.as_json(lang) for line in weights_held([state])] if done else [],
            "binding": list(self.binding),
            "gave_way": list(answer.gave_way),
            "scenarios": self._scenarios_json(),
            "conflict": [{"rules": list(answer.conflict), "repairs": []}] if answer.status == "infeasible" else [],
            "bound": None if outcome is None or outcome.bound is None else _yuan(-outcome.bound),
            "gap": None if outcome is None or outcome.gap is None else float(f"{outcome.gap:.3g}"),
            "proven": self.proven,
            "inputs": {"universe_sha256": state.universe.sha256, "rulebook_sha256": state.rules.sha256},
            "certificate": self.certificate_sha256,
            "run": {
                "seconds": round(answer.seconds, 3),
                "versions": versions(),
                "solver": None if outcome is None else outcome.solver,
            },
        }

    @property
    def certificate_sha256(self) -> str | None:
        """The hash of the certificate as written."""
        from absalloc.files import sha256
        from absalloc.plan.certificate import certificate_bytes

        return None if self.certificate is None else sha256(certificate_bytes(self.certificate))


def _yuan(million: float) -> float:
    return round(million * 1e6, 2)


def _objective(plan: Plan) -> dict[str, Any]:
    found = plan.carry
    return {
        "kind": plan.answer.state.mandate.objective.kind,
        "carry_rate": shown(found.rate, "ratio"),
        "carry_yuan": shown(found.yuan, "yuan"),
        "on_nav": shown(found.on_nav, "ratio"),
        "parts": {name: shown(value, "yuan") for name, value in found.parts.items()},
    }


def versions() -> Mapping[str, str]:
    """Return the versions of what computed the answer."""
    from importlib.metadata import version

    return {name: version(name) for name in ("absalloc", "highspy", "numpy", "pandas")}
