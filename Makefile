# Builds and tests the book. `make help` lists the targets; everything installs into .venv and nowhere else.

TIER ?= teach
PORT ?= 8000
EXTRAS := plots,fast,nets,cluster,book,oracle,test

.DEFAULT_GOAL := help
.PHONY: help book test bench serve lab test-latest clean

help:  ## this list
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):.*## */  \1\t/p' $(MAKEFILE_LIST) | expand -t 16
	@echo "PYTHON=/path/to/python3.11 chooses the interpreter (3.11, 3.12 or 3.13)."

book: .venv/.installed  ## execute the chapters and build the site; TIER=smoke, teach (default) or paper
	@.venv/bin/python -m book.build --tier $(TIER)

test: .venv/.installed  ## run every test: library, oracles, notebooks, site
	@.venv/bin/python -m pytest -n auto --dist loadfile

bench: .venv/.installed  ## time symlib side by side with the alternatives
	@.venv/bin/python -m benchmarks

serve: .venv/.installed  ## show the built site at http://localhost:8000 (PORT=...)
	@test -f _build/html/index.html || { echo "There is no site yet: run 'make book' first."; exit 1; }
	@echo "http://localhost:$(PORT)/ (stop with Ctrl-C)"
	@.venv/bin/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

lab: .venv/.installed  ## open the chapters in JupyterLab
	@.venv/bin/jupyter lab --notebook-dir notebooks

test-latest: .venv-latest/bin/python  ## test symlib with the newest numpy, scipy, jax, torch, dask and matplotlib
	@.venv-latest/bin/python -m pip install --quiet --disable-pip-version-check --upgrade \
	    --upgrade-strategy eager -e '.[plots,nets,cluster]' pytest pytest-xdist hypothesis
	@.venv-latest/bin/python -m pytest -n auto --dist loadfile -rs symlib tests \
	    --ignore tests/book --ignore tests/test_packaging.py --ignore tests/test_style.py

clean:  ## remove the built site, the executed chapters and the caches (the environments stay)
	rm -rf _build .pytest_cache .hypothesis .ruff_cache
	find symlib book tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# jaxlib 0.5.3, which the oracle needs, has wheels for Python 3.11 to 3.13 only. Candidates are run, not only
# looked up: a version manager may answer to the name of a Python that it does not have.
CANDIDATES := $(or $(PYTHON),python3.11 python3.12 python3.13 python3 python)

define make_environment
	@set -e; found=; \
	for candidate in $(CANDIDATES); do \
	    if "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	        >/dev/null 2>&1; then found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "Python 3.11, 3.12 or 3.13 is needed; none of these is one: $(CANDIDATES)."; \
	    echo "Install one, or name it: make book PYTHON=/path/to/python3.11"; exit 1; \
	fi; \
	"$$found" -m venv --clear $(1)
endef

.venv/bin/python:
	$(call make_environment,.venv)

.venv-latest/bin/python:
	$(call make_environment,.venv-latest)

# The stamp is written last, so an installation that was interrupted is taken up again.
.venv/.installed: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing the pinned packages into .venv (about 205 of them; some minutes the first time)"
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@
