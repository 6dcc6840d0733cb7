# The only door: people, CI and pre-commit call these recipes. Needs python3 (3.11+), make and git.
# ARGS="..." hands options on, as in: make test ARGS="-k outbox"

# Where bytecode may not be kept, each of the many processes to come compiles everything anew.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= python3
PY = .venv/bin/python
TESTS = tests/unit tests/integration tests/functional tests/reference tests/architecture

# Settings that a real platform has, for Django's own deployment checks.
PRODUCTION = MODE=production SECRET_KEY=0123456789-only-for-this-check-abcdefghijklmnopqrstuvwxyz \
	FIELD_KEYS=k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE= LINK_KEY=only-for-this-check \
	DATABASE_URL=postgresql://nobody@127.0.0.1/nothing REDIS_URL=redis://127.0.0.1:6379/0 \
	PUBLIC_ORIGIN=https://study.example BEHIND_PROXY=1 EMAIL_URL='smtp://mail.example?tls=starttls'

.PHONY: help demo up test check faults bench docs image lint types imports clean runtime dev

help:
	@echo "make demo     the whole job: a study lived through in minutes, and its dataset"
	@echo "make up       serve the platform on this machine (PORT=8000; DEMO=1 shows the demo's data)"
	@echo "make test     all tests, with real servers and a real browser"
	@echo "make check    lint, types, import contracts, migrations, architecture"
	@echo "make faults   tests that kill real processes"
	@echo "make bench    benchmarks; NAMES=\"plan export\" chooses; writes var/bench.json"
	@echo "make docs     the documentation as HTML, into docs/_build"
	@echo "make image    the container image's steps, tried without a container engine"
	@echo "make clean    remove .venv and caches; var/ with its data stays"

runtime:
	@$(PYTHON) .ci/venv.py requirements.txt

dev:
	@$(PYTHON) .ci/venv.py requirements-dev.txt

demo: runtime
	@exec $(PY) -m studyplatform.demo $(ARGS)

up: runtime
	@$(if $(DEMO),VAR_DIR=var/demo MODE=demo) exec $(PY) manage.py up $(ARGS)

test: dev
	@exec $(PY) -m tests -n 2 --dist loadfile $(TESTS) $(ARGS)

faults: dev
	@exec $(PY) -m tests -n 2 --dist loadfile --no-loadscope-reorder tests/faults $(ARGS)

bench: dev
	@exec $(PY) -m tests.bench $(NAMES)

check: lint types imports
	MODE=test $(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING
	$(PY) -m tests -q tests/architecture

lint: dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: dev
	$(PY) -m mypy .

imports: dev
	$(PY) -c "from importlinter.cli import lint_imports_command as run; run()"

docs: dev
	$(PY) -m sphinx -q -W --keep-going -b html docs docs/_build
	@echo "docs/_build/index.html"

image:
	@PYTHON=$(PYTHON) sh docker/try.sh

clean:
	rm -rf .venv .venv.lock docs/_build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
