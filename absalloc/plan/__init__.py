"""Objective, budget, lots; solve, exact re-check, certificate."""
