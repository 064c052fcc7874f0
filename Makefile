# Everything here needs only make and Python 3.11 or newer. The first run downloads; later runs are offline.
# Paths are relative and tools are started through Python, so that a checkout path may contain spaces.

PYTHON ?= python3
WORKERS ?= 3
ARGS ?=

UV_VERSION := 0.13.8
UV := .venv-tool/bin/uv
PY := .venv/bin/python
SYNCED := .venv/.synced
GENERATOR_SYNCED := tools/generator/.venv/.synced
MANIFESTS := uv.lock pyproject.toml client/pyproject.toml gateway/pyproject.toml
PYTHON_SOURCES := client server gateway migrations tests benchmarks tools

export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
# A virtual environment that the caller happens to have active must not be mistaken for ours.
unexport VIRTUAL_ENV
unexport PYTHONPATH
unexport PYTHONHOME
# Without its caches Python takes seconds to start what is here.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test check bench drill gen fmt clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-6s %s\n", $$1, $$2}' Makefile

run: $(SYNCED) ## Start everything on this machine (ARGS='--grpc-port 0 …' is handed to `carillon up`)
	@$(PY) -m carillon_server up $(ARGS)

test: $(SYNCED) ## Run all tests (ARGS='-k inbox' is handed to pytest, WORKERS=n sets the processes)
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(SYNCED) $(GENERATOR_SYNCED) ## Lint, types, import walls, protos, generated code up to date
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	.venv/bin/lint-imports
	.venv/bin/buf lint
	.venv/bin/buf format --diff --exit-code protos --path protos/carillon
	@# What is committed is what callers may have built on.
	@if [ -e .git ]; then .venv/bin/buf breaking --against '.git#ref=HEAD'; fi
	.venv/bin/buf generate --output .carillon/generated
	diff -r -x __init__.py -x __pycache__ client/carillon/v1 .carillon/generated/client/carillon/v1

bench: $(SYNCED) ## Measure Send and SendBatch against a no-op call and COPY
	@$(PY) -m benchmarks $(ARGS)

drill: $(SYNCED) ## Kill and cut what runs, under load, and look for losses (ARGS='-k p1_ --seed 7' repeats one)
	@$(PY) -m tests.faults $(ARGS)

gen: $(SYNCED) $(GENERATOR_SYNCED) ## Regenerate client/carillon/v1 from protos/
	rm -f client/carillon/v1/*_pb2*
	.venv/bin/buf generate

fmt: $(SYNCED) ## Format Python and protos, apply safe lint fixes
	$(PY) -m ruff check --fix
	$(PY) -m ruff format
	.venv/bin/buf format --write protos --path protos/carillon

clean: ## Remove environments and caches (the data under .carillon/ stays)
	rm -rf .venv .venv-tool tools/generator/.venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(PYTHON_SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

$(SYNCED): $(MANIFESTS) $(UV)
	@echo "Installing packages into .venv"
	@$(UV) sync --frozen --quiet --python .venv-tool/bin/python
	@touch $@

$(GENERATOR_SYNCED): tools/generator/uv.lock tools/generator/pyproject.toml $(UV)
	@echo "Installing the code generator"
	@$(UV) sync --project tools/generator --frozen --quiet --python .venv-tool/bin/python
	@touch $@

$(UV):
	@command -v "$(PYTHON)" >/dev/null || { echo "Python 3.11 or newer is needed, and '$(PYTHON)' was not found: make PYTHON=/path/to/python3"; exit 1; }
	@"$(PYTHON)" -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "Python 3.11 or newer is needed; %s is %d.%d: make PYTHON=/path/to/python3.11" % (sys.executable, v[0], v[1]))'
	@"$(PYTHON)" -m venv .venv-tool || { echo "This Python cannot create environments (on Debian and Ubuntu: apt install python3-venv)."; exit 1; }
	@.venv-tool/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
