# The front door. `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TIME ?= 60s
TARGET ?=
JOBS ?= $(shell nproc)
SWEEP_FLAGS ?=

.PHONY: help install build test test-release test-asan sweep determinism crash tidy format clang clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

install: ## installs the missing Debian packages (needs root only when some are missing)
	@scripts/install.sh

build: install ## builds `release`: build/release/bin, build/release/lib
	@scripts/build.sh release $(JOBS)

sweep: build ## runs seeds of every scenario for TIME (60s): faults injected, oracles watching
	@build/release/bin/beachsim sweep --time $(TIME) --jobs $(JOBS) --artifacts build/artifacts $(SWEEP_FLAGS)

test: test-release test-asan ## builds and passes all tests, plain and under the sanitizers

test-release: build
	@scripts/test.sh release $(JOBS)

test-asan: install
	@scripts/build.sh asan $(JOBS)
	@scripts/test.sh asan $(JOBS)

determinism: build ## the same seeds give the same hashes: release, asan, GCC and Clang
	@scripts/determinism.sh $(JOBS)

crash: build ## kills real processes 1,000 times, at every failpoint, and takes power from them 300 times: minutes
	@build/release/bin/beachcrash run --cycles 1000 --artifacts build/crash
	@build/release/bin/beachcrash run --cycles 200 --timed --clients 8 --artifacts build/crash/timed
	@build/release/bin/beachcrash run --exhaustive --ops 20 --artifacts build/crash/exhaustive
	@build/release/bin/beachcrash run --power --cycles 300 --artifacts build/crash/power

.PHONY: chaos
chaos: build ## three real servers on a network of their own: cut, slowed, killed, full disks, for TIME (600s); needs root
	@scripts/install.sh scripts/packages-chaos.txt
	@chaos/chaos.py --time $(patsubst %s,%,$(if $(filter command% env%,$(origin TIME)),$(TIME),600))

.PHONY: crash-planted
crash-planted: install ## plants bugs one at a time, and kills and takes power until each is found: an hour
	@crash/planted.py

clang: install ## builds everything with Clang 19, warnings are errors; its archives pass the symbol tests too
	@scripts/build.sh clang $(JOBS)
	@ctest --test-dir build/clang -R '^symbols_' --output-on-failure --no-tests=error

tidy: ## style, layers and banned calls
	@python3 tools/tidy.py

format: ## formats every source in place
	@command -v clang-format >/dev/null || { echo 'needs: apt-get install clang-format' >&2; exit 3; }
	@git ls-files '*.h' '*.cc' | xargs clang-format -i

clean: ## removes build/
	@rm -rf build

PREFIX ?= $(HOME)/beach

.PHONY: install-to newcomer
install-to: build ## installs the CMake packages BeachSim and BeachDB under PREFIX (~/beach)
	@cmake --install build/release --prefix $(PREFIX) >/dev/null
	@echo "installed in $(PREFIX); find it with -DCMAKE_PREFIX_PATH=$(PREFIX)"

newcomer: build ## docs/tutorial.md, step by step: install, an example outside the tree, sweep, replay, shrink
	@scripts/newcomer.sh build/release

.PHONY: image
image: install ## writes artifacts/images/beachdb-VERSION.image: a disk as this version leaves it
	@scripts/build.sh release $(JOBS) --target image_make
	@build/release/test/image_make artifacts/images/beachdb-$$(sed -n 's/^project(beachdb VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt).image

.PHONY: demo
demo: install ## records the engine anew and makes docs/demo/lsm.html of it
	@scripts/build.sh release $(JOBS) --target demo_record
	@python3 docs/demo/make.py build/release/test/demo_record

.PHONY: mutants
mutants: install ## plants bugs one at a time and counts the seeds until a sweep reports them
	@scripts/mutants.py

.PHONY: preempt tsan
preempt: install ## simulates with a switch possible at every access, and looks for data races, for TIME (60s)
	@TIME=$(TIME) scripts/preempt.sh preempt $(JOBS)

tsan: install ## real threads on real files under ThreadSanitizer
	@scripts/tsan.sh $(JOBS)
.PHONY: fuzz fuzz-build fuzz-merge fuzz-seeds
fuzz-build: install ## builds the fuzz targets: build/fuzz/bin/fuzz_*
	@cmake --preset fuzz >/dev/null && cmake --build --preset fuzz --target fuzz --parallel $(JOBS)

fuzz: fuzz-build ## hostile bytes for every decoder, TIME each (60s); TARGET=name for one
	@scripts/fuzz.py --time $(TIME) --jobs $(JOBS) $(TARGET)

fuzz-merge: fuzz-build ## takes into fuzz/corpus what `make fuzz` found new
	@scripts/fuzz.py --merge $(TARGET)

fuzz-seeds: build ## writes the first inputs of every corpus anew
	@build/release/test/fuzz_seeds fuzz/corpus

.PHONY: coverage
coverage: install ## what the tests and one sweep reach, line by line: build/coverage/html
	@scripts/coverage.py --jobs $(JOBS)

.PHONY: bench check-all
bench: build ## what a core simulates in a second, per scenario; what the engine does, beside PEERS (none)
	@build/release/bin/beachbench sim
	@build/release/bin/beachbench engine --n $(N) --rounds $(ROUNDS) --peers '$(PEERS)' --data build

PEERS ?=
N ?= 100000
ROUNDS ?= 1
.PHONY: peers
peers: ## other engines for `make bench PEERS=rocksdb,leveldb,lmdb`, two of them built fairly: ten minutes
	@scripts/install.sh scripts/packages-peers.txt
	@scripts/peers.sh

.PHONY: package check-package
package: build ## build/release/packages/beachdb_*.deb: programs, man pages, configuration, systemd unit
	@scripts/install.sh scripts/packages-package.txt
	@cmake --build build/release --target package_files >/dev/null
	@cd build/release && cpack -G DEB >/dev/null && ls packages/*.deb

check-package: package ## installs it into a Debian root of its own, serves there, removes it; needs root and the network
	@packaging/check.sh

check-all: tidy test clang determinism crash newcomer preempt tsan fuzz mutants coverage check-package ## every check there is; takes hours
