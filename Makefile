# Builds and tests the book. `make help` lists the targets; everything installs into .venv and nowhere else.
# The targets run `python -m book COMMAND`, which works without make too.

TIER ?= teach
PORT ?= 8000
EXTRAS := plots,fast,nets,cluster,data,diagnose,book,teach,oracle,test

.DEFAULT_GOAL := help
.PHONY: help book teach claims test bench serve lab new exam test-latest clean

help:  ## this list
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):.*## */  \1\t/p' $(MAKEFILE_LIST) | expand -t 16
	@echo "ARGS='...' goes to what teach, claims, test, bench, lab, new and exam run: make test ARGS='-k gram'."
	@echo "PYTHON=/path/to/python3.11 chooses the interpreter (3.11, 3.12 or 3.13; test-latest: 3.14 too)."

book: .venv/.installed  ## execute the chapters and build the site; TIER=smoke, teach (default) or paper
	@.venv/bin/python -m book build --tier $(TIER)

teach: .venv/.installed  ## what teachers are given, in _build/teach: notebooks, slides, sheets, PDFs; TIER as for book
	@.venv/bin/python -m book teach --tier $(TIER) $(ARGS)

claims: .venv/.installed  ## execute the chapters at other seeds: does every claim hold there?
	@.venv/bin/python -m book claims $(ARGS)

test: .venv/.installed  ## run every test: library, oracles, notebooks, site
	@.venv/bin/python -m book test $(ARGS)

bench: .venv/.installed  ## time symlib side by side with the alternatives
	@.venv/bin/python -m book bench $(ARGS)

serve: .venv/.installed  ## show the built site at http://localhost:8000 (PORT=...)
	@.venv/bin/python -m book serve $(PORT)

lab: .venv/.installed  ## open the chapters in JupyterLab
	@.venv/bin/python -m book lab $(ARGS)

new: .venv/.installed  ## begin a chapter of your own from the template: make new ARGS=19_my_chapter
	@.venv/bin/python -m book new $(ARGS)

exam: .venv/.installed  ## exam questions in variants, with a key: make exam ARGS='--seed 7 --variants 4'
	@.venv/bin/python -m book exam $(ARGS)

# The tests of the book and of the project need the locked environment. NEWEST adds requirements, a build of torch for
# instance (NEWEST=torch==2.13.0): plain torch is gigabytes of CUDA, unless pip is told of PyTorch's CPU builds.
test-latest: .venv-latest/bin/python  ## test symlib with the newest numpy, scipy, jax, numba, torch, dask, matplotlib
	@.venv-latest/bin/python -m pip install --quiet --disable-pip-version-check --upgrade \
	    --upgrade-strategy eager -e '.[plots,fast,nets,cluster,data,diagnose]' $(NEWEST) \
	    pytest pytest-xdist hypothesis ipython ipykernel nbclient
	@.venv-latest/bin/python -m pytest -n auto --dist loadfile -rs symlib tests \
	    --ignore tests/book --ignore tests/project $(ARGS)

clean:  ## remove the built site, the executed chapters and the caches (the environments stay)
	@$(firstword $(wildcard .venv/bin/python) python3) -m book clean

# jaxlib 0.5.3, which the oracle needs, has wheels for Python 3.11 to 3.13 only; without the oracle 3.14 will do.
# Candidates are run, not only looked up: a version manager may answer to the name of a Python that it does not have.
CANDIDATES := $(or $(PYTHON),python3.11 python3.12 python3.13 python3 python)

# $(1): the folder; $(2): the last version that will do, as the minor after 3.
define make_environment
	@set -e; found=; \
	for candidate in $(CANDIDATES); do \
	    if "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, $(2)))' \
	        >/dev/null 2>&1; then found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "Python 3.11 to 3.$(2) is needed for $(1); none of these is one: $(CANDIDATES)."; \
	    echo "Install one, or name it: make book PYTHON=/path/to/python3.11"; exit 1; \
	fi; \
	"$$found" -m venv --clear $(1)
endef

.venv/bin/python:
	$(call make_environment,.venv,13)

.venv-latest/bin/python:
	$(call make_environment,.venv-latest,14)

# The stamp is written last, so an installation that was interrupted is taken up again.
.venv/.installed: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing the pinned packages into .venv (about 231 of them; some minutes the first time)"
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@
