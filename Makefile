# Everything a fresh machine needs is Python 3.11+, git and make.  PYTHON names another interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOWEST := .venv-lowest
# The tests start many interpreters: each would compile the whole program again.
unexport PYTHONDONTWRITEBYTECODE
DEMO := $(BIN)/vpce-demo

# Each file of tests runs in one process: the demos in it share a sandbox.
AT_ONCE := --numprocesses 3 --dist loadfile --no-loadscope-reorder
# What make test leaves to a run of its own.
EXTENDED := -m 'extended and not ordinary and not slow'

# With the lowest versions: all but the pages, which are written with the newest; or the tests that use each package most.
TESTS := --ignore tests/docs
SAMPLE := tests/core/test_environment.py tests/core/test_spoilt_answers.py tests/core/test_state.py \
	tests/sandbox/test_handshake.py tests/network/test_ssh.py tests/hostile/test_settings.py tests/lessons/test_pages.py \
	tests/report/test_page.py tests/cli/test_query.py

.PHONY: demo test test-extended test-all package lowest lowest-sample torture hostile check bench bench-full bench-customers pictures reference clean

demo: $(VENV)/.installed          ## the whole demo in the sandbox: up, test, status, down; leaves nothing running
	@$(DEMO) --sandbox up --skip-test && $(DEMO) --sandbox test && $(DEMO) --sandbox status && $(DEMO) --sandbox down; \
	code=$$?; $(DEMO) sandbox stop; exit $$code

test: check                       ## ruff, mypy strict and the tests
	@$(BIN)/python -m pytest $(AT_ONCE)

test-extended: $(VENV)/.installed-for-development  ## what make test leaves out since it costs most: CI runs both
	@$(BIN)/python -m pytest $(AT_ONCE) $(EXTENDED)

test-all: check                   ## both, with what takes minutes, and property tests with new examples each time
	@$(BIN)/python -m pytest $(AT_ONCE) -m '' --hypothesis-profile search

package: $(VENV)/.installed-for-development  ## build sdist and wheel, install the wheel in environments of its own, run the demo there
	@$(BIN)/python -m pytest -m slow tests/packaging

lowest: $(VENV)/.installed-for-development  ## the tests with the lowest versions that pyproject.toml allows, in a directory of their own
	@rm -rf $(LOWEST)
	@$(BIN)/uv venv --quiet --python $(PYTHON) $(LOWEST)
	@$(BIN)/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct --editable '.[sandbox,dev]'
	@$(LOWEST)/bin/python -m pytest $(AT_ONCE) -m 'not slow' $(TESTS)

lowest-sample: TESTS := $(SAMPLE)
lowest-sample: lowest             ## the same with a sample of the tests: about a minute

torture: $(VENV)/.installed-for-development  ## kill, refuse and mislead it at every call, write docs/reliability.md; the least policy without each action: an hour and a half
	@$(BIN)/python -m tests.torture.memory
	@$(BIN)/python -m tests.torture
	@$(BIN)/python -m pytest -m slow tests/cli/test_least_policy*.py

hostile: $(VENV)/.installed-for-development  ## build a directory of hostile things, and run every command through it: minutes
	@$(BIN)/python -m tools.hostile

bench: $(VENV)/.installed         ## measure against other tools and write docs/performance.md: minutes
	@$(BIN)/python -m bench && $(BIN)/python -m bench.customers && $(BIN)/python -m bench.sandbox && \
		$(BIN)/python -m bench --page

bench-full: $(VENV)/.installed    ## the same once at AWS's own pace: half an hour
	@$(BIN)/python -m bench --full

bench-customers: $(VENV)/.installed   ## up and down of 1, 5, 20 and 50 customers, for docs/customers.md: minutes
	@$(BIN)/python -m bench.customers && $(BIN)/python -m bench --page

pictures: $(VENV)/.installed-for-development   ## make the pictures under docs/images, out of a demo in the sandbox
	@$(BIN)/python -m tools.pictures

reference: $(VENV)/.installed     ## write docs/commands.md and docs/output.schema.json from the program
	@$(BIN)/python -m tools.reference

check: $(VENV)/.installed-for-development
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy

clean:                            ## remove what the two above have made
	@if [ -x $(DEMO) ]; then $(DEMO) sandbox stop; fi
	rm -rf $(VENV) $(LOWEST) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "vpce-demo needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
		echo "On Debian and Ubuntu the venv module is a package of its own: apt install python3-venv" >&2; exit 1; }

$(VENV)/.installed: $(BIN)/pip pyproject.toml
	@echo "Installing into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[sandbox]'
	@touch $@

$(VENV)/.installed-for-development: $(VENV)/.installed
	@echo "Installing the tools for development ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[sandbox,dev]'
	@touch $@
