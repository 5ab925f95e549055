# Everything a contributor runs. The environment is made once in .venv and again only when pyproject.toml or lock.txt change.
# Without make (Windows), the commands are in README.md, "Without make".
PYTHON = python3
VENV = .venv
BIN = $(VENV)/bin
JOBS = 2
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c lock.txt
CORE = $(VENV)/.installed-core
DEV = $(VENV)/.installed-dev

.PHONY: help setup demo test lint types docs wheel bench mutation schemas pictures clean

help:
	@echo "make setup | demo | test | lint | types | docs | wheel | bench | mutation | schemas | pictures | clean"

$(CORE): pyproject.toml lock.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	touch $(CORE)

$(DEV): $(CORE)
	$(PIP) -e ".[dev,docs]"
	touch $(DEV)

setup: $(DEV)

demo: $(CORE)
	$(BIN)/absalloc demo --out demo-out

test: $(DEV)
	$(BIN)/python -m pytest -n $(JOBS)

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/deptry .

types: $(DEV)
	$(BIN)/mypy

docs: $(DEV)
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -b html docs docs/_build/html
	@if grep -rlE '<(script|link|img)[^>]*(src|href)="https?://' docs/_build/html --include='*.html'; then \
	  echo "these pages load something from another host"; exit 1; fi

wheel: $(DEV)
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist

bench: $(DEV)
	$(BIN)/python benchmarks/run.py --json out/bench.json

mutation: $(DEV)
	$(BIN)/python benchmarks/mutate_rules.py

schemas: $(DEV)
	$(BIN)/python -m absalloc.rulebook > constraints/schema.json
	$(BIN)/python -m absalloc.rulebook.tax > constraints/tax.schema.json
	$(BIN)/python -m absalloc.universe.recognition_table > constraints/standard-debt.schema.json
	$(BIN)/python -m absalloc.stress > scenarios/schema.json
	$(BIN)/python -m absalloc.report docs/schemas
	$(BIN)/python docs/generate_cli.py

pictures: $(CORE)
	$(BIN)/python docs/pictures.py

clean:
	rm -rf build dist demo-out docs/_build docs/rules .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -not -path "./$(VENV)/*" -prune -exec rm -rf {} +
