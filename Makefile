# One command a job; "make" alone lists them. Each one sets up what it needs in $(VENV) first.

PYTHON ?= python3
VENV ?= .venv
LOGS ?= runs/demo
SERVE ?= 1
PYTEST ?=
# Test files at a time. Each of them computes with one thread, or they would wait for each other's.
WORKERS ?= 2
test-python: export OMP_NUM_THREADS = 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: faults soak help demo test test-gpu lint test-frontend test-python frontend bench pictures proto clean

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PACKAGING := setup.py pyproject.toml _build_backend.py build_frontend.py constraints.txt torchviz_tb/version.py
PAGE := $(shell find plugin_frontend -name node_modules -prune -o -type f -print)
PACKAGE := $(shell find torchviz_tb -name '*.py')

help:
	@echo "Usage: make TARGET [PYTHON=python3.12]    the targets:"
	@sed -n 's/^\([a-z-]*\):.*## /  make \1@/p' $(MAKEFILE_LIST) | awk -F@ '{printf "%-22s %s\n", $$1, $$2}'

# ------------------------------------------------------------------- set-up

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 10) or sys.exit("Python 3.10 or newer is needed, and $(PYTHON) is %d.%d: say make PYTHON=python3.12, or the like." % sys.version_info[:2])'
	@echo "Making the virtual environment $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# Installed in place, through the same build as everybody's "pip install .": it brings its own Node if there is none.
$(VENV)/.demo: $(VENV)/.created $(PACKAGING) $(PAGE)
	@echo "Installing torchviz_tb, its page and what the demos need; the first time takes some minutes ..."
	@$(PIP) install -c constraints.txt -e ".[demo]"
	@touch $@

# The page is left to "make frontend": it has the Node that is among the development dependencies.
$(VENV)/.dev: $(VENV)/.created $(PACKAGING)
	@echo "Installing torchviz_tb and what the tests need; the first time takes some minutes ..."
	@TORCHVIZ_TB_SKIP_FRONTEND=1 $(PIP) install -c constraints.txt -e ".[dev]"
	@touch $@

# ------------------------------------------------------------------ the demo

demo: $(LOGS)/digits/.trained $(LOGS)/attention/.trained ## train two small networks, then look at them in TensorBoard (SERVE=0: only train)
	@echo "The runs are in $(LOGS); delete it to train again."
ifneq ($(SERVE),0)
	$(BIN)/tensorboard --logdir $(LOGS)
endif

$(LOGS)/%/.trained: demo/%.py $(VENV)/.demo $(PACKAGE)
	@rm -rf $(@D)
	$(BIN)/python $< --log-dir $(@D)
	@touch $@

$(LOGS)/dead_layer/.trained: demo/broken/dead_layer.py demo/small_runs.py $(VENV)/.demo $(PACKAGE)
	@rm -rf $(@D)
	$(BIN)/python -m demo.broken dead_layer --log-dir $(LOGS)
	@touch $@

# ----------------------------------------------------------------- the tests

test: lint test-frontend test-python ## everything: lint, types, front end, Python, browser

lint: $(VENV)/.dev ## formatting, lint and types of the Python code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test-frontend: $(VENV)/.dev ## lint, types and unit tests of the page
	$(BIN)/python build_frontend.py lint types test

test-python: frontend ## the Python and browser tests (PYTEST="-k word" chooses)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST)

# One after the other: they measure memory. Kernels run as they are compiled for the GPU.
test-gpu: export TRITON_INTERPRET = 0
test-gpu: $(VENV)/.dev ## what only a GPU can show, and the engines' tests on it (needs CUDA; 3 minutes)
	$(BIN)/python -m pytest tests/gpu tests/capture/engines/test_device_engines.py tests/colors/test_lookup_cuda.py

soak: $(VENV)/.dev ## a million scalars and ten thousand sampled steps, and both of TensorBoard's backends (4 minutes)
	SOAK=full $(BIN)/python -m pytest tests/test_soak.py

bench: $(VENV)/.dev ## what a sample costs, beside add_histogram; writes benchmarks/results (minutes)
	$(BIN)/python -m benchmarks.overhead --write
	$(BIN)/python -m benchmarks.colorize --write
	$(BIN)/python -m benchmarks.visualizer --write
	$(BIN)/python -m benchmarks.watching --write

faults: $(VENV)/.dev ## break disks and programs on purpose; what is lost goes into docs/faults.md
	PYTHONPATH=tests $(BIN)/python tests/fault_table.py

# ----------------------------------------------------------- what is generated

frontend: $(VENV)/.dev ## build the page, if its sources changed
	$(BIN)/python build_frontend.py

pictures: frontend $(LOGS)/digits/.trained $(LOGS)/attention/.trained $(LOGS)/dead_layer/.trained ## take the pictures of the README again
	$(BIN)/python docs/pictures.py $(LOGS)

proto: $(VENV)/.dev ## generate the Python code of records.proto
	$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. torchviz_tb/records/records.proto

clean: ## delete what was built, not the runs
	rm -rf build dist *.egg-info torchviz_tb/plugin/static plugin_frontend/node_modules $(VENV)
