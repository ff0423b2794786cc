# Two commands do everything: `make site` and `make test`. Both make their own environment.

PYTHON ?= python3
ENGINE ?= mkdocs
VENV := .venv
BIN := $(VENV)/bin
# Material says at each build that MkDocs comes to its end; it says nothing about this site.
export NO_MKDOCS_2_WARNING := 1
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help site test serve verify record lint benchmark lock clean

help: ## Show what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

site: $(READY) ## Verify every snippet, build the site into site/ and check both (ENGINE=mkdocs or zensical)
	@started=$$(date +%s); \
	$(BIN)/linernotes verify && \
	$(BIN)/linernotes extract --check && \
	$(BIN)/linernotes build --engine $(ENGINE) && \
	$(BIN)/linernotes check --site site && \
	$(BIN)/linernotes status && \
	echo "Built site/ in $$(( $$(date +%s) - started )) s. Look at it: $(BIN)/python -m http.server -d site"

test: $(READY) ## Run all tests, and every snippet through pytest
	$(BIN)/ruff check tools tests benchmarks
	$(BIN)/ruff format --check tools tests benchmarks
	$(BIN)/ty check
	$(BIN)/python -m pytest -n auto

serve: $(READY) ## Show the site while you write, verified at each save (ENGINE=mkdocs or zensical)
	$(BIN)/linernotes serve --engine $(ENGINE)

verify: $(READY) ## Verify what has changed
	$(BIN)/linernotes verify

record: $(READY) ## Record what has no cassette yet, against the stand-in
	$(BIN)/linernotes record --simulate --missing

benchmark: $(READY) ## Compare with other tools that run documentation (minutes)
	$(BIN)/python benchmarks/compare.py

lock: $(READY) ## Choose the newest versions that pyproject.toml allows
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.10 --upgrade \
	  --group test --group docs --group build --group benchmark \
	  --no-emit-index-url --no-emit-find-links --no-annotate --generate-hashes \
	  --custom-compile-command "make lock" --output-file requirements.lock

clean: ## Remove what was made: the site, the environment, the caches
	rm -rf $(VENV) site .linernotes .pytest_cache .ruff_cache .hypothesis

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "Python 3.10 or later is needed; name it: make PYTHON=python3.12 …" >&2; exit 2; }
	@echo "Making the environment in $(VENV)/ (about a minute) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)
