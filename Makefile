# make install | run | test | soak | check | eval | clean
#
#   make run PORT=8080          the chat, on another port
#   make run HOST=0.0.0.0       for other machines too, which are asked for a password (docs/serving.md)
#   make install PYTHON=python3.12
#   make eval QUESTIONS=more.jsonl ARTICLES=shelf FLAGS="--sample 30"

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help install run test soak check eval clean port models

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LOG := $(VENV)/install.log
ASKOCTOBER := $(BIN)/python -m askoctober
ARTICLES := ../shared/articles
QUESTIONS := ../shared/questions/dev.jsonl
FLAGS :=

# The first Python on the PATH that is new enough; where none is, the check below says so.
ifndef PYTHON
PYTHON := $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
ifeq ($(PYTHON),)
PYTHON := python3
endif
endif

# Runs under whatever Python there is, so it keeps to what old ones understand.
define PREFLIGHT
import importlib.util, os, shutil, sys
venv, name = sys.argv[1:]
if sys.version_info < (3, 11):
    sys.exit("make: Python 3.11 or later is needed, %s is %d.%d; name another: make install PYTHON=python3.12"
             % ((name,) + tuple(sys.version_info[:2])))
if not os.path.exists(venv):
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            sys.exit("make: %s has no module %s; on Debian or Ubuntu: sudo apt-get install python3-venv" % (name, module))
    free = shutil.disk_usage(".").free / 1e9
    if free < 6:
        sys.exit("make: a first install needs about 6 GB of disk, %.1f GB are free here; free some space" % free)
endef
export PREFLIGHT

# Only before a first install: later the command itself says so, just as soon.
define PORT_CHECK
import socket, sys
host, port = sys.argv[1:]
try:
    family, _, _, _, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
    probe = socket.socket(family)
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(address)
except (OSError, OverflowError, ValueError) as error:
    reason = getattr(error, "strerror", None) or error
    sys.exit("make: cannot listen on %s port %s (%s); choose another: make run PORT=7861" % (host, port, reason))
endef
export PORT_CHECK

help:
	@echo "make install   make .venv and install askoctober with its tools into it"
	@echo "make run       fetch the models, bring the index up to date, serve the chat (PORT=..., HOST=..., FLAGS=...)"
	@echo "make test      all tests"
	@echo "make soak      hours of kills, full disks, power cuts and mutations; make test runs some of each"
	@echo "make check     lint, format, types, architecture"
	@echo "make eval      measure answers on labelled questions (ARTICLES=..., QUESTIONS=..., FLAGS=...)"
	@echo "make clean     remove .venv and caches (models stay in the user's cache)"

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@command -v "$(PYTHON)" >/dev/null || { \
		echo "make: there is no $(PYTHON); install Python 3.11 or later, or name it: make install PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c "$$PREFLIGHT" "$(VENV)" "$(PYTHON)"
	@[ -x $(BIN)/python ] || "$(PYTHON)" -m venv --clear $(VENV) || { \
		echo "make: $(VENV) could not be made; on Debian or Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing into $(VENV); the first time this takes a few minutes ..."
	@$(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check -c constraints.txt -e ".[dev]" \
		>$(LOG) 2>&1 || { \
		if grep -q "No space left" $(LOG); then why="the disk is full; free some space"; \
		elif grep -qE "ConnectionError|NewConnection|Temporary failure|timed out|No matching distribution" $(LOG); then \
			why="packages could not be fetched; check the network"; \
		else why="$$(grep -m 1 '^ERROR' $(LOG) || echo 'pip failed')"; fi; \
		echo "make: install failed: $$why, then run it again (details: $(LOG))" >&2; exit 1; }
	@touch $@

port:
	@[ -e $(STAMP) ] || ! command -v "$(PYTHON)" >/dev/null || \
		"$(PYTHON)" -c "$$PORT_CHECK" "$(or $(HOST),127.0.0.1)" "$(or $(PORT),7860)"

run: port $(STAMP)
	@$(ASKOCTOBER) serve --refresh $(if $(HOST),--host "$(HOST)") $(if $(PORT),--port "$(PORT)") $(FLAGS)

models: $(STAMP)
	@$(ASKOCTOBER) models pull --all

test: $(STAMP) models
	@if command -v chromium >/dev/null; then $(BIN)/python -m pytest -m "not soak"; else \
		echo "make: the tests of the chat are left out; they need chromium: sudo apt-get install chromium" >&2; \
		$(BIN)/python -m pytest -m "not soak and not browser"; fi

soak: $(STAMP) models
	@$(BIN)/python -m pytest -m soak --timeout 7200

check: $(STAMP)
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m mypy
	@$(BIN)/python -m pytest -q tests/test_architecture.py

# Answers are kept in build/eval, so that a run that was stopped goes on when it is started again.
eval: $(STAMP) models
	@$(ASKOCTOBER) index "$(ARTICLES)" --index "build/eval/$(notdir $(ARTICLES))-index"
	@$(ASKOCTOBER) eval "$(QUESTIONS)" --index "build/eval/$(notdir $(ARTICLES))-index" \
		--output "build/eval/$(basename $(notdir $(QUESTIONS)))" --targets benchmarks/targets.toml $(FLAGS)

clean:
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .gradio src/*.egg-info
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
