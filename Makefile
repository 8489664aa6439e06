# `make sunspots` shows the main job on real data; `make test` runs all checks. Both make the environment in .venv first.

PYTHON ?= python3
VENV ?= .venv
JOBS ?= auto
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PEERS ?= torch jax jax2tf onnxruntime tf2onnx tf214 flower tff

export TF_CPP_MIN_LOG_LEVEL ?= 2
unexport PYTHONDONTWRITEBYTECODE  # `rnndsl check` would compile itself anew each time

.PHONY: help venv test test-slow fuzz accepted lint types check test-peers sunspots federated schemas clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 14

venv: $(STAMP)  ## make the environment

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "rnndsl needs Python 3.11 or later; say which: make PYTHON=python3.12" >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,plot]'
	@touch $@

test: lint types check  ## lint, types and all tests but the slow ones

lint: $(STAMP)  ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)  ## pyright, strict for the package
	$(BIN)/pyright

PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --durations=10

check: $(STAMP)  ## the tests that are not slow, in three runs: a process keeps what TensorFlow and XLA once held
	$(PYTEST) -m "not tf and not slow"
	$(PYTEST) -m "tf and not xla and not slow"
	$(PYTEST) -m "xla and not slow"

test-slow: $(STAMP)  ## the slow tests: every cell in TensorFlow, large samples, the build of a wheel
	$(PYTEST) -m slow

test-peers: $(STAMP)  ## the tests that need another framework, each in an environment of its own (not in CI)
	for peer in $(PEERS); do \
	  test -x $(VENV)/peers/$$peer/bin/python || $(PYTHON) -m venv $(VENV)/peers/$$peer || exit 1; \
	  $(VENV)/peers/$$peer/bin/python -m pip install --quiet --disable-pip-version-check -r tests/peers/$$peer/requirements.txt || exit 1; \
	  for alone in $$(ls tests/peers/$$peer/alone.txt 2> /dev/null); do \
	    $(VENV)/peers/$$peer/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $$alone || exit 1; \
	  done; \
	  RNNDSL=$(abspath $(BIN))/rnndsl $(VENV)/peers/$$peer/bin/python -m pytest tests/peers/$$peer || exit 1; \
	done

SECONDS ?= 300
fuzz: $(STAMP)  ## check mutated specs for SECONDS=300
	$(BIN)/python -m tests.elaborate.mutating $(SECONDS)

SEEDS ?= 0 200
accepted: $(STAMP)  ## compile and run specs that check accepts, of SEEDS="0 200"
	$(BIN)/python -m tests.accepted.holding $(SEEDS)

sunspots: $(STAMP)  ## train and show the forecaster of sunspot numbers
	$(BIN)/rnndsl train specs/sunspots.rnn specs/data/sunspots.csv --columns x=sunspots --columns y=sunspots \
	  --window 24 --horizon 1 --hold-out 50 --epochs 200 -o build/sunspots
	$(BIN)/python docs/examples/sunspots.py build/sunspots

federated: $(STAMP)  ## train over twenty machines whose data and sensors stay with them
	$(BIN)/python docs/examples/federated.py

schemas: $(STAMP)  ## write the published JSON Schemas again
	$(BIN)/python -m rnndsl.cli.schemas docs
	$(BIN)/python -m rnndsl.artefact.manifest > docs/manifest.schema.json

clean:  ## remove what was built; the environment stays
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache
