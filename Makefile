# Everything happens in .venv; run `make demo` or `make test`, the rest follows.
#   PYTHON=python3.12   which Python makes .venv (default: the first of 3.11, 3.12, 3.10 found)
#   JOBS=2              processes that `make test` uses
#   HLS4ML=hls4ml==1.3  which hls4ml `make test-hls4ml` takes, in pip's words (default: its main branch)
#   PART=3/8            which part of the thorough tests `make test-rest` runs (0/1: all)
#   NIGHTLY=7/50        which part of the nightly tests `make test-rest` runs
#   SEED=5              of what hypothesis draws: a commit fails everywhere or nowhere, the next one draws others

VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2
COMMITS := $(shell git rev-list --count HEAD 2>/dev/null || echo 0)
PART ?= $(COMMITS)/8
NIGHTLY ?= $(COMMITS)/50
SEED ?= $(COMMITS)
TEST_ARGS ?=
HLS4ML ?= git+https://github.com/fastmachinelearning/hls4ml@main

.DEFAULT_GOAL := help
.PHONY: help install demo test test-rest test-all test-hls4ml nightly formal coverage lint format lock clean distclean

help:
	@echo "make install   make .venv with the pinned packages"
	@echo "make demo      real speech through the whole chain; results in demo-out/"
	@echo "make test      a test of every module, a fault of every checker, whole networks; 6 and a half minutes on 2 fast cores"
	@echo "make test-rest a part of the thorough tests that make test leaves out, and of the nightly ones; 6 minutes"
	@echo "make test-all  all tests but the nightly ones; hours"
	@echo "make test-hls4ml  what depends on hls4ml, with its main branch instead of the pinned version"
	@echo "make nightly   1,000 random configurations; hours"
	@echo "make formal    all formal proofs of the Verilog, the slow ones too"
	@echo "make coverage  line and toggle coverage of the Verilog under Verilator"
	@echo "make lint      ruff, mypy, import-linter, Verilator lint"
	@echo "make format    one layout for Python and for hdl/, and its datasheet"
	@echo "make lock      renew the lock files from pyproject.toml"
	@echo "make clean     remove what was built; distclean removes .venv too"

install: $(VENV)/.installed

$(VENV)/.packages: requirements.lock requirements-verilator.lock tools/install.sh tools/system_tools.sh
	@tools/system_tools.sh compiler
	@tools/install.sh $(VENV)
	@tools/system_tools.sh python $(VENV)
	@tools/system_tools.sh icarus $(VENV)
	@touch $@

# The project is installed as a link to this folder: only a change of its metadata needs a new installation.
$(VENV)/.installed: $(VENV)/.packages pyproject.toml
	@echo "Installing lmu_hls as a link to this folder"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: install
	@$(BIN)/lmu-hls demo demo-out --force

# loadfile keeps tests that share a build in one process, worksteal deals out many small ones.
PYTEST = $(BIN)/python -m pytest -q -n $(JOBS) --hypothesis-seed=$(SEED)

test: install
	@$(PYTEST) --dist loadfile -m "not thorough and not slow and not nightly" --durations=10 --durations-min=5 $(TEST_ARGS)

# Each commit takes another part.
test-rest: install
	@$(PYTEST) --dist loadfile -m thorough --part $(PART) --durations=10 --durations-min=5 $(TEST_ARGS)
	@$(PYTEST) --dist worksteal -m nightly --part $(NIGHTLY) $(TEST_ARGS)

test-all: install
	@$(PYTEST) --dist loadfile -m "not nightly" --durations=20 $(TEST_ARGS)

# Beside the pinned version, which stays in .venv.
test-hls4ml: install
	@rm -rf $(VENV)/hls4ml && $(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --target $(VENV)/hls4ml "$(HLS4ML)"
	@PYTHONPATH=$(CURDIR)/$(VENV)/hls4ml $(PYTEST) --dist loadfile -m "not thorough and not slow and not nightly" \
	    tests/test_hls4ml_private.py tests/front tests/hls tests/backend $(TEST_ARGS)

nightly: install
	@$(PYTEST) --dist worksteal -m nightly --maxfail=20 $(TEST_ARGS)

formal: install
	@$(PYTEST) --dist worksteal --durations=0 tests/formal $(TEST_ARGS)

coverage: install
	@$(BIN)/python benchmarks/hdl_coverage.py

lint: install
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "Files are not formatted: run make format" >&2; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python tools/lint_hdl.py

format: install
	@$(BIN)/ruff format .
	@$(BIN)/python tools/format_hdl.py
	@$(BIN)/python tools/datasheet.py
	@$(BIN)/python tools/report_schema.py
	@$(BIN)/python tools/layer_table.py

lock: install
	@tools/lock.sh $(BIN)

clean:
	@rm -rf build dist demo-out sim_build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find lmu_hls sim tests tools -name __pycache__ -prune -exec rm -rf {} +

distclean: clean
	@rm -rf $(VENV) *.egg-info
