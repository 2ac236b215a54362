# Two commands do the main jobs, each from a fresh clone with nothing but Python >= 3.11 and make:
#   make verify   every implementation under every law, or yours: make verify METHOD=package.module:NAME
#   make test     lint, types, and every test; what .ci/run calls

PYTHON ?= python3
JOBS ?= 2
REPORT ?= build/report
METHOD ?= tests.methods:IMPLEMENTATIONS
# How many mutants more.
COUNT ?= 1000
# Of make bench: python -m benchmarks.operations --help tells them.
OPTIONS ?=
# A method of yours gets more examples than each of the four dozen of ours, which CI asks for more.
BUDGET ?= $(if $(filter tests.methods:%,$(METHOD)),brief,ci)

VENV := .venv
# Public packages, one at a time with PEERS=name; each has an environment of its own, .venv-peers-name.
PEERS ?= flow-matching bionemo-moco diffusers evodiff
# What is known to fail of them has to fail: with fewer examples some of it holds now and then.
PEERS_BUDGET ?= ci
PEER_ENVIRONMENTS := $(addprefix .venv-peers-,$(PEERS))
MUTATION := .venv-mutation
BENCH := .venv-bench
BIN := $(VENV)/bin
PACKAGES := cli implementations properties reference
LINKS := $(addprefix build/src/unmask/,$(PACKAGES))
CHECKED := $(wildcard tests examples benchmarks docs)

# The directory that make was called from: with `make -C`, your own modules are found there.
CALLER := $(or $(PWD),$(CURDIR))

# An environment is as old as what it was made from: the names of the stamps are checksums, so that switching
# branches back and forth is noticed as well. The package is installed again when a file comes or goes, since an
# editable install is a tree of links to files.
REQUIREMENTS := $(shell cat pyproject.toml constraints.txt | cksum | cut -d ' ' -f 1)
FILES := $(shell { cat pyproject.toml; find $(PACKAGES) -type f ! -name '*.py[co]' | LC_ALL=C sort; } | cksum | cut -d ' ' -f 1)
REQUIRED = $(1)/.requirements-$(REQUIREMENTS)
INSTALLED := $(VENV)/.installed-$(FILES)
PEER_REQUIREMENTS := examples/peers/requirements.txt
ASKED := $(shell cksum < $(PEER_REQUIREMENTS) | cut -d ' ' -f 1)
PIP := -m pip --disable-pip-version-check -q install -c constraints.txt

# One thread a process: the tests already use every core. And glibc keeps the megabytes that laws free and ask for again,
# instead of handing them back to the system each time.
RUN := OMP_NUM_THREADS=1 MALLOC_MMAP_THRESHOLD_=33554432 MALLOC_TRIM_THRESHOLD_=268435456 PYTHONPATH="$(CURDIR):$(CALLER)$${PYTHONPATH:+:$$PYTHONPATH}"

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help install verify test lint types tests ulps power figures docs peers mutation bench clean distclean

help:  ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED)  ## make .venv, with the tested versions of everything

verify: $(INSTALLED)  ## every implementation under every law; METHOD=package.module:NAME for yours
	@$(RUN) $(BIN)/unmask verify '$(METHOD)' --jobs $(JOBS) --budget '$(BUDGET)' --report '$(REPORT)'

test: $(INSTALLED)  ## lint, types, laws, mutants, doctests, snippets
	@start=$$(date +%s); \
	$(MAKE) --no-print-directory lint && $(MAKE) --no-print-directory types && $(MAKE) --no-print-directory tests; \
	status=$$?; \
	echo "make test: $$(($$(date +%s) - start)) s of a budget of 360 s (two cores, after installation)"; \
	exit $$status

lint: $(INSTALLED)  ## ruff
	@$(BIN)/ruff check --output-format concise .

# Neither uses two cores: side by side.
types: $(INSTALLED) $(LINKS)  ## mypy --strict and pyright
	@$(BIN)/pyright --pythonpath $(BIN)/python & second=$$!; \
	$(BIN)/mypy --strict -p unmask $(addprefix -p ,$(CHECKED)); first=$$?; \
	wait $$second && exit $$first

# With CI set, all rows of long tables too.
tests: $(INSTALLED)  ## all tests; of long tables every few rows: all with CI=true
	@$(RUN) $(BIN)/python -m pytest -n $(JOBS) --unmask-budget quick $(if $(CI),,-m 'not exhaustive')

ulps: $(INSTALLED)  ## the worst gaps of the implementations in units of rounding, by capability and dtype
	@$(RUN) $(BIN)/python -m tests.conduct.ulps '$(REPORT)/ulps.json'

power: $(INSTALLED)  ## which planted errors each law sees: build/report/power.json; it goes on where it was left
	@$(RUN) $(BIN)/python -m tests.power --budget '$(if $(filter quick,$(BUDGET)),ci,$(BUDGET))' --jobs $(JOBS)

figures: $(INSTALLED)  ## draw docs/figures from the laws' own numbers, and the pictures of the handbook
	@$(RUN) $(BIN)/python -m examples.figures docs/figures && $(RUN) $(BIN)/python -m examples.pictures docs/figures/handbook

# Everything anew: what stands in the pages is read from the code.
docs: $(INSTALLED)  ## the handbook: build/handbook/index.html
	@$(RUN) $(BIN)/sphinx-build -E -W --keep-going -q -b html docs build/handbook && echo "build/handbook/index.html"

# What one package breaks does not keep the others from being asked.
peers: $(addsuffix /.peer-$(ASKED),$(PEER_ENVIRONMENTS))  ## public packages under the laws, each in its own environment
	@status=0; \
	for name in $(PEERS); do \
		$(RUN) .venv-peers-$$name/bin/python -m unmask.cli verify "examples.peers.$$(echo $$name | tr - _)_adapter" \
			--jobs $(JOBS) --budget '$(PEERS_BUDGET)' --report "$(REPORT)-peers/$$name" || status=1; \
	done; \
	$(RUN) $(BIN)/python -m examples.peers.table '$(REPORT)-peers' && exit $$status

mutation: $(MUTATION)/.installed-$(FILES)  ## changes of the implementations that no law notices; COUNT more of them
	@$(RUN) nice $(MUTATION)/bin/python -m benchmarks.mutation --count '$(COUNT)' --jobs $(JOBS)

bench: $(BENCH)/.installed-$(FILES)  ## time everything beside cross-entropy, plain formulas and public packages; OPTIONS='--help'
	@$(RUN) $(BENCH)/bin/python -m benchmarks.operations $(OPTIONS)

clean:  ## remove what was built (the environments stay, and are mended by the next command)
	rm -rf build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -f $(VENV)/.installed-* $(MUTATION)/.installed-* $(BENCH)/.installed-*
	find $(PACKAGES) $(CHECKED) -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean  ## and the environments too
	rm -rf $(VENV) .venv-peers-* $(MUTATION) $(BENCH)

# What an environment has beside the project itself; .venv has what is needed for development.
EXTRA_$(MUTATION) := mutation
EXTRA_$(BENCH) := bench
# Without what they ask for: bionemo-moco asks for NumPy < 2, but imports none; liger-kernel for Triton, hundreds of
# megabytes that only a GPU can use, and that a CUDA build of torch brings.
ALONE_$(BENCH) := bionemo-moco liger-kernel
# Where torch brings none.
TRITON := triton==3.9.0

# What the type checkers read: the folders under their import names.
$(LINKS):
	@mkdir -p $(@D)
	@ln -s ../../../$(@F) $@

# torch comes first and alone: asked for as somebody's dependency, a resolver may pick another build of it.
$(call REQUIRED,$(VENV)) $(call REQUIRED,$(MUTATION)) $(call REQUIRED,$(BENCH)): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "unmask needs Python >= 3.11, and '$(PYTHON)' is not: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@rm -f $(@D)/.requirements-* $(@D)/.installed-*
	@echo "installing torch into $(@D)" && $(@D)/bin/python $(PIP) torch setuptools
	@echo "installing the rest into $(@D)" && \
		$(@D)/bin/python $(PIP) --no-build-isolation -e '.[$(or $(EXTRA_$(@D)),dev)]'
	@$(if $(ALONE_$(@D)),$(@D)/bin/python $(PIP) --no-deps $(ALONE_$(@D)))
	@test $(@D) != $(VENV) || $(@D)/bin/python -c 'import triton' 2>/dev/null || { \
		echo "installing Triton, whose interpreter runs the kernels without a GPU" && \
		$(@D)/bin/python $(PIP) --no-deps $(TRITON); } || echo "no Triton for this platform: its kernels are not tested"
	@touch $@

$(VENV)/.installed-$(FILES): $(call REQUIRED,$(VENV))
$(MUTATION)/.installed-$(FILES): $(call REQUIRED,$(MUTATION))
$(BENCH)/.installed-$(FILES): $(call REQUIRED,$(BENCH))
$(VENV)/.installed-$(FILES) $(MUTATION)/.installed-$(FILES) $(BENCH)/.installed-$(FILES):
	@rm -f $(@D)/.installed-*
	@$(@D)/bin/python $(PIP) --no-build-isolation --no-deps -e .
	@touch $@

# Beside its own packages, which come first, such an environment has those of .venv: torch once, and the project.
.venv-peers-%/.peer-$(ASKED): $(PEER_REQUIREMENTS) $(INSTALLED)
	@echo "installing $* into $(@D)" && rm -rf $(@D) && $(BIN)/python -m venv $(@D)
	@$(BIN)/python -c 'import site; print("import site; site.addsitedir(%r)" % site.getsitepackages()[0])' \
		> "$$($(@D)/bin/python -c 'import site; print(site.getsitepackages()[0])')/zz_beside.pth"
	@awk -v name='$*' '/^# == / {here = $$3 == name; next} here' $< > $(@D)/requirements.txt
	@$(@D)/bin/python -m pip --disable-pip-version-check -q install --ignore-installed --no-deps -r $(@D)/requirements.txt
	@touch $@
