# `make demo` and `make test` set everything up themselves; nothing but Python >= 3.11 and make is needed.
PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.9

.PHONY: setup demo test check lint bench lock clean

setup: .venv/.installed

.venv/.installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --require-hashes --only-binary :all: -r requirements.lock
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

test: setup
	$(BIN)/python -m pytest -n 2 -m "not slow"

check: setup lint
	$(BIN)/python -m pytest -n 2

# A simulated company, imported, learned from and served; SERVE=0 stops before serving.
SERVE ?= 1
DEMO := data/demo
DEMO_DATABASE := sqlite:///$(DEMO)/recsys.db

demo: setup
	$(BIN)/recsys simulate --out $(DEMO)/company --seed 1
	$(BIN)/recsys import $(DEMO)/company --database $(DEMO_DATABASE)
	$(BIN)/recsys train --database $(DEMO_DATABASE) --recipe models/recipes/quick.toml --test-days 7
ifneq ($(SERVE),0)
	RECSYS_DEMO=true RECSYS_CLOCK=dataset $(BIN)/recsys serve --database $(DEMO_DATABASE)
endif

bench: setup
	$(BIN)/python -m benchmarks.simulate
	$(BIN)/python -m benchmarks.lifecycle
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.intake
	$(BIN)/python -m benchmarks.trees
	$(BIN)/python -m benchmarks.growth --events 1000000
	$(BIN)/python -m benchmarks.training
	$(BIN)/python -m benchmarks.nightly
	$(BIN)/python -m benchmarks.newcomers
	$(BIN)/python -m benchmarks.reach
	$(BIN)/python -m benchmarks.formats --million
	$(BIN)/python -m benchmarks.feed
	$(BIN)/python -m benchmarks.slate
	$(BIN)/python -m benchmarks.audience
	$(BIN)/python -m benchmarks.validation
	$(BIN)/python -m benchmarks.gates
	$(BIN)/python -m benchmarks.experiment_power
	$(BIN)/python -m benchmarks.serving
	$(BIN)/python -m benchmarks.experiments
	$(BIN)/python -m benchmarks.ope
	$(BIN)/python -m benchmarks.mail

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Universal: one file for Python 3.11-3.13 on every platform; it names versions and hashes, no index address.
lock:
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" --output-file requirements.lock pyproject.toml

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
