# Two commands are enough: `make run` starts the registry, `make test` runs the tests.
# Both set up a virtual environment first, from a lock file with hashes; they need Python 3.11 or newer.

PYTHON ?= python3
BIN := .venv/bin
# parallel test processes; `make test JOBS=0` runs them in one
JOBS ?= 2

.PHONY: run test soak check format bench bench-page bench-access bench-pages bench-store-requests tools peers \
  generate docs lock mutation clean

run: .venv/ready
	@exec $(BIN)/wharfinger serve $(ARGS)

test: .venv/ready
	$(BIN)/pytest -n $(JOBS) --dist worksteal $(ARGS)

# three nodes behind a proxy on PostgreSQL and S3, of which one is killed every 15 seconds; takes a quarter of an hour
soak: .venv/ready
	TEST_CLUSTER_SECONDS=300 $(BIN)/pytest tests/crash/test_cluster_soak.py $(ARGS)

check: .venv/ready
	$(BIN)/ruff check src tests tools bench
	$(BIN)/ruff format --check src tests tools bench
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.reference --check
	$(BIN)/python -m bench.page --check
	$(BIN)/pytest -q tests/docs -m "not needs" --deselect tests/docs/test_tour.py

format: .venv/ready
	$(BIN)/ruff check --fix-only src tests tools bench
	$(BIN)/ruff format src tests tools bench

# beside real peers in one run; what is not installed is named and left out
bench: .venv/ready
	PYTHONPATH=tests:. $(BIN)/python -m bench $(ARGS)

# the page on speed and its plots, from bench/results.json, which `make bench ARGS="--json bench/results.json"` writes
bench-page: .venv/ready
	$(BIN)/python -m bench.page

# what `make bench` compares with and Debian does not have: distribution from source, moto
peers:
	tools/install.sh peers

# what access control costs, against the same server without it
bench-access: .venv/ready
	PYTHONPATH=tests:. $(BIN)/python -m bench.access $(ARGS)

# what a million images cost a request, against ten thousand; takes a quarter of an hour and 4 GiB
bench-pages: .venv/ready
	PYTHONPATH=tests:. $(BIN)/python -m bench.pages $(ARGS)

# what a push and a pull ask of an S3 server, beside distribution, which needs docker-registry and skopeo
bench-store-requests: .venv/ready
	PYTHONPATH=tests:. $(BIN)/python -m bench.store_requests $(ARGS)

# programs that some tests need and pip cannot give: crane, oras, the OCI conformance suite, what reads compose
# files, the JavaScript SDK, a simulator of IAM
tools:
	tools/install.sh

# the contract, from the botocore that is installed
generate: .venv/ready
	$(BIN)/python -m wharfinger.contract.generate

# the parts of the documentation that are made from the code
docs: .venv/ready
	$(BIN)/python -m tools.reference

# versions and hashes, no addresses
lock: .venv/ready
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --quiet --upgrade -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --quiet --upgrade -o requirements-dev.lock
	$(BIN)/uv pip compile --group build --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --quiet --upgrade -o requirements-build.lock

# each line of the evaluator of policies is changed, and a test has to notice; takes half an hour
mutation: .venv/ready
	$(BIN)/mutmut run --max-children $(JOBS)
	$(BIN)/mutmut results

clean:
	rm -rf .venv .tools mutants

.venv/ready: requirements-dev.lock pyproject.toml
	@echo "Setting up .venv (once)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Wharfinger needs Python 3.11 or newer")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@
