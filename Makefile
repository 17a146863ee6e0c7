# make demo    sets up everything and runs the main job, with nothing to configure
# make test    sets up everything and proves everything
# make serve   shows what the demo made in the browser
# make setup   builds .venv (the others depend on it)

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
RUN := .venv/bin/python -m

# Further targets: lint, types, floors, unit, postgres (the parts of test), bench, images, words, lock, clean
.PHONY: help demo test serve setup system lint types floors unit postgres bench images words lock clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

setup: .venv/.ready

.venv/.ready: requirements.lock pyproject.toml .ci/make-venv
	@.ci/make-venv "$(PYTHON)"
	@touch $@

system: ; @.ci/system-packages

demo: setup
	@$(RUN) newsletter demo run

serve: setup
	@$(RUN) newsletter demo serve

test: setup system lint types floors unit postgres

lint: setup
	$(RUN) ruff format --check .
	$(RUN) ruff check .

types: setup
	$(RUN) mypy

floors: setup
	.venv/bin/lint-imports

unit: setup
	$(RUN) pytest -n 3 --dist worksteal

postgres: setup
	$(RUN) tests.on_postgres -n 3 --dist worksteal -m "django_db and not sqlite" --ignore=tests/acceptance

images: setup system
	.venv/bin/python docs/images/take.py

words: setup
	@DJANGO_SETTINGS_MODULE=newsletter.settings $(RUN) newsletter.translating

bench: setup
	@for b in bench/*.py; do echo "== $$b"; $(RUN) "bench.$$(basename $$b .py)" || exit 1; done

lock: setup
	.venv/bin/python -m uv pip compile pyproject.toml --extra postgres --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url -o requirements.lock

clean:
	rm -rf .venv var build *.egg-info
