# Starword's two commands are "make run" and "make test"; each sets up what it needs.
PYTHON ?= python3
PORT ?= 8000
BIN = .venv/bin
export PORT

.PHONY: run test bench faults fuzz-api fidelity lint messages clean

run: .venv/ready-run
	@exec $(BIN)/python manage.py up --port $(PORT)

test: lint
	@sh tests/support/install.sh
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder

bench: .venv/ready-test
	@$(BIN)/python -m tests.bench

faults: .venv/ready-test
	$(BIN)/python -m tests.faults --long

fuzz-api: .venv/ready-test
	$(BIN)/python -m tests.openapi

fidelity: .venv/ready-run
	@$(BIN)/python -m training.pocket planted
	@$(BIN)/python -m training.pocket fidelity

lint: .venv/ready-test
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports

.venv/ready-run: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt '.[web,worker]'
	@touch $@

.venv/ready-test: .venv/ready-run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt '.[web,worker,dev]'
	@touch $@

# Needs gettext (Debian: apt-get install gettext). Then write what is empty or fuzzy in the .po, and run it again.
messages: .venv/ready-test
	$(BIN)/python manage.py makemessages --locale de --no-location --no-wrap --no-obsolete --ignore .venv --ignore var --ignore build --ignore tests
	$(BIN)/python manage.py compilemessages --locale de --ignore .venv --ignore var --ignore build
	@msgattrib --no-wrap --untranslated locale/de/LC_MESSAGES/django.po
	@msgattrib --no-wrap --only-fuzzy locale/de/LC_MESSAGES/django.po

clean:
	rm -rf .venv build *.egg-info
