# demo and test are all a newcomer needs; each installs what is missing, uv included.
# Python 3.11 or newer with pip must be there, and a package index in reach.

PYTHON ?= python3
TOOLS := .tools
# uv from PATH where it is there, else one of our own, which touches nothing outside this folder.
UV := $(shell uv --version >/dev/null 2>&1 && command -v uv || echo $(TOOLS)/bin/uv)
ENVIRONMENT := .venv/installed

.PHONY: demo test check docs fuzz runtime fuzz-runtime android web bump benchmark clean

demo: $(ENVIRONMENT)  ## convert MixNet_S with its bundled weights to every target, run and judge each
	@$(UV) run --no-sync edgekit convert MixNet_S --weights demo --target all --verify

# Test files side by side; each may start toolchains that take gigabytes.
TEST_JOBS ?= 2

test: $(ENVIRONMENT)  ## all tests, the real toolchains included
	$(UV) run --no-sync pytest -n $(TEST_JOBS) --dist loadfile

check: $(ENVIRONMENT)  ## style and types
	$(UV) run --no-sync ruff check
	$(UV) run --no-sync ruff format --check
	$(UV) run --no-sync pyright

docs: $(ENVIRONMENT)  ## the documentation site, in build/docs/site; a dead link ends it
	$(UV) run --no-sync python -m tools.docs_site

# Of each parser; each time other ones.
RUNS ?= 20000

fuzz: $(ENVIRONMENT)  ## the fuzz tests for longer: make fuzz RUNS=100000
	EDGEKIT_FUZZ_RUNS=$(RUNS) $(UV) run --no-sync pytest tests/untrusted/test_fuzz.py

# Of Debian: apt-get install cmake g++. edgekit_runner is built where a library is named:
# make runtime RUNTIME_FLAGS="-DEDGEKIT_BACKEND=ncnn -Dncnn_DIR=/where/lib/cmake/ncnn"
RUNTIME_BUILD ?= .tools/runtime
RUNTIME_FLAGS ?=

runtime:  ## build and check the C++ of devices (docs/runtime.md)
	@command -v cmake >/dev/null || { echo "make runtime needs cmake (Debian: apt-get install cmake)"; exit 3; }
	@command -v c++ >/dev/null || { echo "make runtime needs a C++17 compiler (Debian: apt-get install g++)"; exit 3; }
	cmake -S runtime -B $(RUNTIME_BUILD) -DEDGEKIT_TESTS=ON $(RUNTIME_FLAGS)
	cmake --build $(RUNTIME_BUILD) --parallel 2
	ctest --test-dir $(RUNTIME_BUILD) --output-on-failure

# What the page is built with and opened in, by Debian's packages.
WEB_NEEDS := emcc:emscripten cmake:cmake make:make c++:g++ chromium:chromium chromedriver:chromium-driver

web: $(ENVIRONMENT)  ## build the web page and check it in a browser: examples/web/README.md
	@missing=; for need in $(WEB_NEEDS); do \
	    command -v $${need%%:*} >/dev/null || missing="$$missing $${need#*:}"; done; \
	    [ -z "$$missing" ] || { echo "make web needs (Debian): apt-get install$$missing"; exit 3; }
	$(UV) run --no-sync edgekit convert MixNet_S --weights demo --target ncnn --for wasm --verify
	$(UV) run --no-sync python examples/web/build.py artifacts/MixNet_S/ncnn build/web
	$(UV) run --no-sync pytest runtime_tests/test_web.py

# Of each fuzzer; there are five.
FUZZ_SECONDS ?= 720

fuzz-runtime: $(ENVIRONMENT)  ## fuzz the C++ of devices for an hour, with libFuzzer where clang is here
	CC=$$(command -v clang || command -v cc) CXX=$$(command -v clang++ || command -v c++) \
	    cmake -S runtime -B $(RUNTIME_BUILD)-fuzz -DEDGEKIT_FUZZ=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo
	cmake --build $(RUNTIME_BUILD)-fuzz --parallel 2
	$(UV) run --no-sync python runtime/fuzz/seeds.py $(RUNTIME_BUILD)-fuzz/seeds
	for name in image manifest param safetensors labels; do \
	    mkdir -p $(RUNTIME_BUILD)-fuzz/found/$$name && ( cd $(RUNTIME_BUILD)-fuzz/found/$$name && \
	    ../../fuzz/fuzz_$$name -max_total_time=$(FUZZ_SECONDS) . ../../seeds/$$name ) || exit 1; done

android: $(ENVIRONMENT)  ## build and check the demo app (android_demo/README.md)
	$(UV) run --no-sync python -m android_demo.checks

# Another environment of the folder: ENVIRONMENT_FILE=environment_on_gpu.py.
ENVIRONMENT_FILE ?= environment.py

bump: $(ENVIRONMENT)  ## another version in a toolchain, and its tests: make bump TOOLCHAIN=onnx PIN=onnxruntime==1.32.0
	$(UV) add --quiet --script converters/$(TOOLCHAIN)/$(ENVIRONMENT_FILE) $(PIN)
	$(UV) run --no-sync pytest tests/converters/$(TOOLCHAIN) runtime_tests/test_convert_and_verify.py

benchmark: $(ENVIRONMENT)  ## edgekit beside the same tools by hand
	$(UV) run --no-sync python benchmarks/conversion.py

clean:
	rm -rf .venv $(TOOLS) artifacts

$(ENVIRONMENT): pyproject.toml | $(UV)
	$(UV) sync --quiet --python '>=3.11'
	@touch $@

$(TOOLS)/bin/uv:
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/pip install --quiet --disable-pip-version-check uv
