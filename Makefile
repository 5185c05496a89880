# Everything a newcomer needs is `make up` and `make test`; `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TESTS := tests/engine/unit tests/shop/unit tests/shop/architecture tests/local/test_local_ports.py tests/local/test_local_process.py
LOCK = $(BIN)/pip-compile --quiet --strip-extras --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
NOT_IN_IMAGES = opensearch-protobufs grpcio# what a package names and never imports
.DEFAULT_GOAL := help
# Services and tests start in half the time from compiled files; where this is set, Python keeps none.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help up down demo test survive compose-test roll lint check api-docs api-page alerts pages manifests format bench lock clean FORCE

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

up: $(VENV)/installed ## start everything, load a sample, show where it is; Ctrl-C stops it
	@$(BIN)/python -m deploy.up up

down: $(VENV)/installed ## stop what `make up` started; with Docker its data stay
	@$(BIN)/python -m deploy.up down

demo: $(VENV)/installed ## both APIs from one process, with no server at all; PORT=9000 is another port
	@$(BIN)/python -m deploy.demo $(if $(PORT),--port $(PORT))

test: $(VENV)/installed ## all tests, on real servers that are started for them
	@$(BIN)/python -m pytest --ignore=tests/shop/survival --numprocesses auto --maxprocesses 3 --dist worksteal
	@$(BIN)/python -m pytest tests/shop/survival

survive: $(VENV)/installed ## break everything on purpose, for an hour or so; `make test` has the short form
	@TWINPATH_SURVIVAL=long $(BIN)/python -m pytest tests/shop/survival

compose-test: $(VENV)/installed ## try the deployment with docker compose, on an engine that answers
	@$(BIN)/python -m pytest $(addprefix tests/shop/compose/,whole_deployment.py encrypted_deployment.py) -q -rP --durations=6

roll: $(VENV)/installed ## replace each replica of a running `docker compose --profile scale` by a new one
	@$(BIN)/python -m deploy.rolling

lint: $(VENV)/installed ## format, lint, types, import rules and declarations
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m twinpath.cli doctor

check: lint ## all of that, and the unit tests, with a fifth of the examples that `make test` tries
	@$(BIN)/python -m pytest $(TESTS) -q --numprocesses auto --maxprocesses 4 --hypothesis-profile few

manifests: $(VENV)/installed $(VENV)-manifests/installed ## render and check the Kubernetes manifests
	@$(BIN)/python -m deploy.manifests $(VENV)-manifests/bin

api-docs: $(VENV)-api/installed ## lint the API documents, and make clients of them that go shopping; needs Node and npm
	@TWINPATH_API_TOOLS=$(VENV)-api $(BIN)/python -m pytest -q $(addprefix tests/shop/pages/,linting.py python_client.py typescript_client.py)

api-page: $(VENV)-api/installed ## sign in on the Swagger page in a browser, and try out every operation; needs chromium too
	@TWINPATH_API_TOOLS=$(VENV)-api $(BIN)/python -m pytest -q $(addprefix tests/shop/pages/,trying_out.py signing_in.py)

alerts: $(VENV)/installed ## test the alert rules with promtool
	@$(BIN)/python -m pytest tests/shop/integration/test_alert_rules.py -q

pages: $(VENV)/installed ## write docs/metrics.md, docs/settings.md, the dashboard and Keycloak's realm anew from the code
	@$(BIN)/python -m deploy.observability
	@$(BIN)/python -m deploy.settings_page
	@$(BIN)/python -m deploy.issuer.keycloak

format: $(VENV)/installed ## put the code into form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/bench-installed ## measure; NAME=append for one figure
	@$(BIN)/python -m bench $(NAME)

load: $(VENV)/bench-installed ## a shop's load on a running `make up`; ARGS="--rate 500 --duration 60", ARGS=--help tells
	@$(BIN)/python -m bench.load $(ARGS)

lock: $(VENV)/installed ## write the locked versions anew from pyproject.toml; UPGRADE=--upgrade takes the newest
	@$(LOCK) $(UPGRADE) --unsafe-package pip $(foreach extra,command projector query cli testing shop-command issuer dev,--extra $(extra)) --output-file requirements.lock pyproject.toml
	@for image in projector query; do $(MAKE) --no-print-directory deploy/locks/$$image.txt EXTRAS="$$image"; done
	@$(MAKE) --no-print-directory deploy/locks/command.txt EXTRAS="command shop-command"
	@$(MAKE) --no-print-directory deploy/locks/tools.txt EXTRAS="command projector query cli shop-command"
	@$(MAKE) --no-print-directory deploy/locks/load.txt EXTRAS="cli load"
	@$(MAKE) --no-print-directory deploy/locks/issuer.txt EXTRAS="issuer"
	@$(LOCK) --allow-unsafe --generate-hashes --no-annotate --only-build-deps --build-deps-for wheel --output-file deploy/locks/build.txt pyproject.toml

deploy/locks/%.txt: FORCE
	@$(LOCK) $(foreach package,$(NOT_IN_IMAGES),--unsafe-package $(package)) --generate-hashes --no-annotate $(foreach extra,$(EXTRAS),--extra $(extra)) --constraint requirements.lock --output-file $@ pyproject.toml
	@sed -i '/^# WARNING/,$$d' $@

MADE = $(VENV) $(VENV)-manifests $(VENV)-api .local .mypy_cache .ruff_cache .pytest_cache .hypothesis $(wildcard *.egg-info)

clean: ## stop and delete all data of `make up`, then remove what make made; it says what
	@if test -x $(BIN)/python; then $(BIN)/python -m deploy.up clean; fi
	@echo "Removing $(wildcard $(MADE))"
	@rm -rf $(MADE)

# uv where it is present, else the standard library's venv and pip; versions are those of requirements.lock.
$(VENV)/installed: requirements.lock pyproject.toml
	@say() { echo "$$1 ..." >&2; }; packages=$$(grep -c == requirements.lock); \
	if command -v uv >/dev/null; then \
	  say "Step 1 of 2: $$packages Python packages into $(VENV), with uv" && \
	  uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python -r requirements.lock && \
	  say "Step 2 of 2: Twinpath itself" && \
	  uv pip install --quiet --python $(BIN)/python --no-deps -e .; \
	else \
	  say "Step 1 of 3: a virtual environment in $(VENV)" && \
	  { $(PYTHON) -m venv $(VENV) 2>/dev/null || \
	    { echo "python3-venv is missing. Install it with: sudo apt-get update && sudo apt-get install -y python3-venv" >&2; exit 1; }; } && \
	  say "Step 2 of 3: $$packages Python packages, once; about a minute" && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock && \
	  say "Step 3 of 3: Twinpath itself" && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .; \
	fi
	@touch $@

$(VENV)/bench-installed: $(VENV)/installed
	@if command -v uv >/dev/null; then uv pip install --quiet --python $(BIN)/python -e .[bench,load]; \
	else $(BIN)/python -m pip install --quiet --disable-pip-version-check -e .[bench,load]; fi
	@touch $@

# openapi-python-client stands apart, as it asks for an older typer than the command line's.
$(VENV)-api/installed: $(VENV)/installed tests/shop/pages/requirements.in tests/shop/pages/typescript/package-lock.json
	@$(PYTHON) -m venv $(VENV)-api
	@$(VENV)-api/bin/python -m pip install --quiet --disable-pip-version-check -r tests/shop/pages/requirements.in
	@if command -v uv >/dev/null; then uv pip install --quiet --python $(BIN)/python -e .[api-docs]; \
	else $(BIN)/python -m pip install --quiet --disable-pip-version-check -e .[api-docs]; fi
	@mkdir -p $(VENV)-api/node && cp tests/shop/pages/typescript/package*.json $(VENV)-api/node
	@npm ci --prefix $(VENV)-api/node --silent --ignore-scripts
	@touch $@

# Apart from the project's own, as checkov asks for a hundred packages in versions of its own.
$(VENV)-manifests/installed: deploy/kubernetes/checks/requirements.txt
	@if command -v uv >/dev/null; then \
	  uv venv --quiet --allow-existing --python $(PYTHON) $(VENV)-manifests && \
	  uv pip install --quiet --python $(VENV)-manifests/bin/python -r $<; \
	else \
	  $(PYTHON) -m venv $(VENV)-manifests && $(VENV)-manifests/bin/python -m pip install --quiet --disable-pip-version-check -r $<; \
	fi
	@touch $@
