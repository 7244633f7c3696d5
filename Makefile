# `make` alone lists the targets.
PYTHON := $(shell command -v python3.11 || command -v python3)
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: help install install-dev demo test crashes lint bench pictures lock messages
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

install: $(VENV)/runtime.stamp ## Make .venv with what the portal needs to run

install-dev: $(VENV)/dev.stamp ## Make .venv with the tools for tests and checks

demo: install ## Run the portal with a believable clinic in it
	@$(RUN) manage.py demo

test: install-dev ## Run all tests, but for the crashes
	@$(RUN) -m pytest -n 2 --dist loadgroup -q

crashes: install-dev ## Break workers and servers while messages go; mixed requests at the web for a minute
	@$(RUN) -m pytest -m crashes -q

lint: install-dev ## Run the linters and the type checker
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@git ls-files 'templates/*.html' 'templates/**/*.html' | xargs $(VENV)/bin/djade --check --target-version 5.2
	@$(VENV)/bin/mypy

bench: install-dev ## Measure speed, each figure beside its floor
	@$(RUN) -m tests.benchmarks

pictures: install-dev ## Take the README's pictures of a running demo
	@$(RUN) -m tests.pictures

lock: ## Make the lock files anew from pyproject.toml (needs uv)
	uv pip compile --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header -q --upgrade pyproject.toml -o requirements.lock
	uv pip compile --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header -q pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock

messages: install-dev ## Collect the words to translate (needs GNU gettext)
	@$(RUN) manage.py makemessages --locale es --no-obsolete --add-location file --ignore .venv --ignore .local --ignore tests

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none was found."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is older."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing. On Debian: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

# Installed again only when the lock's content changed; its sum is the stamp's content.
$(VENV)/runtime.stamp: requirements.lock | $(VENV)/bin/python
	@test "$$(cat $@ 2>/dev/null)" = "$$(sha256sum < $<)" || $(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	@sha256sum < $< > $@

$(VENV)/dev.stamp: requirements-dev.lock | $(VENV)/bin/python
	@test "$$(cat $@ 2>/dev/null)" = "$$(sha256sum < $<)" || $(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	@sha256sum < $< > $@
