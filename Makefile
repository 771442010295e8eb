# Everything happens in .venv; nothing else on the machine is touched.
PYTHON ?= python3
BIN := .venv/bin
SOURCES := pyproject.toml CMakeLists.txt $(shell find csrc cmake tools fastcnn -type f \
             -not -name '*.so' -not -name '*.pyc' -not -path 'fastcnn/lib/*' -not -path 'fastcnn/include/*')
SHARED_DATA := $(wildcard ../shared/data)
export FASTCNN_DATA ?= $(abspath $(SHARED_DATA))
# The packages of an extra of pyproject.toml.
extra = $(BIN)/python -c "import tomllib; \
  print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['$(1)'])"

.PHONY: demo test bench lint format stubs clean

demo: .venv/installed-demo
	$(BIN)/python -P -m fastcnn demo

# The tests see the installed package: -P and append keep the source tree's fastcnn/, which has no binaries, out of the way.
test: .venv/installed-test
	$(BIN)/pytest tests --pyargs fastcnn --doctest-modules $(ARGS)

bench: .venv/installed-test
	mkdir -p bench/results
	$(BIN)/pytest bench -q --benchmark-only --benchmark-disable-gc --benchmark-columns=median --benchmark-quiet \
	  --benchmark-json=bench/results/latest.json $(ARGS)
	$(BIN)/python -P bench/report.py bench/results/latest.json

lint: .venv/tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	git ls-files 'csrc/*.h' 'csrc/*.cpp' 'examples/*.c' 'examples/*.cpp' | xargs $(BIN)/clang-format --dry-run -Werror
	$(BIN)/mypy
	$(BIN)/python tools/check_sources.py

format: .venv/tools
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	git ls-files 'csrc/*.h' 'csrc/*.cpp' 'examples/*.c' 'examples/*.cpp' | xargs $(BIN)/clang-format -i

# fastcnn/_core.pyi, the types of the extension module, from the module itself.
stubs: .venv/installed .venv/tools
	$(BIN)/python -P tools/generate_stubs.py fastcnn/_core.pyi
	$(BIN)/ruff check --quiet --fix-only fastcnn/_core.pyi
	$(BIN)/ruff format --quiet fastcnn/_core.pyi
	$(BIN)/ruff check --quiet --fix-only fastcnn/_core.pyi
	$(BIN)/ruff format --quiet fastcnn/_core.pyi

clean:
	rm -rf .venv build demo-output bench/results .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python $(SOURCES)
	$(BIN)/pip install --quiet .
	touch $@

# scikit-learn brings the digits that the demo learns where there is no MNIST; without it, it learns drawn shapes.
.venv/installed-demo: .venv/installed
	if $(BIN)/pip install --quiet scikit-learn; then touch $@; else echo "no scikit-learn: the demo draws its own data"; fi

# What the tests need beside the wheel, by name: ".[test]" would build the wheel a second time.
.venv/installed-test: .venv/installed
	$(BIN)/pip install --quiet $$($(call extra,test))
	touch $@

.venv/tools: .venv/bin/python pyproject.toml
	$(BIN)/pip install --quiet $$($(call extra,dev)) numpy pytest
	touch $@
