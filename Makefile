# Ringside. `make` or `make help` lists what there is.
#
# Three builds of one package (see Package.swift): the host's, the kernel's, and that of the programs of Ring 3. Each
# has a scratch path of its own. `build/` holds what comes out: kernel.elf, initrd, kdbg.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

KERNEL_BUILD := BARE_METAL=kernel swift build --triple x86_64-unknown-none-elf --toolset toolset.json \
	--build-system native --scratch-path .build-kernel --product Kernel
USER_BUILD := BARE_METAL=user swift build --triple x86_64-unknown-none-elf --toolset toolset-user.json \
	--build-system native --scratch-path .build-user -c release
KDBG_BUILD := swift build -c release --static-swift-stdlib --scratch-path .build-kdbg --product kdbg
PROGRAMS := baseline init hello faults cycles leaf echo returns calls getpids throughput provoke

.PHONY: help setup build kernel initrd kdbg debug-kernel plain-kernel run debug test fault-matrix test-linux test-long fuzz bench reference lint clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## install what is missing (Debian packages), check the Swift version
	@tools/setup.sh

build: setup kernel initrd kdbg ## build/kernel.elf, build/initrd, build/kdbg

kernel:
	@mkdir -p build
	$(KERNEL_BUILD) -c release
	@cp .build-kernel/release/Kernel build/kernel.elf

debug-kernel: # the same kernel unoptimised; the tests boot both
	@mkdir -p build/debug
	$(KERNEL_BUILD) -c debug
	@cp .build-kernel/debug/Kernel build/debug/kernel.elf

plain-kernel: # the same kernel with the plainest stub: the yardstick of make bench
	@mkdir -p build/plain
	STUB_LINE=plain $(KERNEL_BUILD:.build-kernel=.build-kernel-plain) -c release
	@cp .build-kernel-plain/release/Kernel build/plain/kernel.elf

initrd:
	$(USER_BUILD)
	@tools/make-initrd.sh .build-user/release build/initrd $(PROGRAMS)
	@mkdir -p build/programs
	@cp $(addprefix .build-user/release/,$(PROGRAMS)) build/programs/

kdbg:
	@mkdir -p build
	$(KDBG_BUILD)
	@objcopy --only-keep-debug .build-kdbg/release/kdbg build/kdbg.debug
	@objcopy --strip-all --add-gnu-debuglink=build/kdbg.debug .build-kdbg/release/kdbg build/kdbg

run: build ## the main job: a healthy boot, and the unmapped kernel stack caught before the iretq
	@tools/run.sh

debug: build ## the kernel under kdbg, stopped at its first return to Ring 3
	@build/kdbg run build/kernel.elf

test: build debug-kernel ## every test
	@tools/test.sh

fault-matrix: build ## provoke every fault of the list, hold kdbg and the machine to the specification: build/fault-matrix.md
	@tools/fault-matrix.sh

test-linux: build ## hold kdbg to Debian's Linux, in which nothing is wrong (downloads the package once, 70 MB)
	@tools/test-linux.sh

test-long: build debug-kernel ## the tests that take minutes: every fault many times, both kernels
	@RINGSIDE_LONG_TESTS=1 tools/test.sh

fuzz: setup ## fuzz what reads a client's bytes, MINUTES=1
	@tools/fuzz.sh $(or $(MINUTES),1)

bench: build plain-kernel ## measure, print a table, write build/bench.json
	@python3 tools/bench

reference: ## write the documents that are generated from the code (docs/FAULTS.md, docs/INVARIANTS-CATALOGUE.md, docs/commands)
	@swift build --product reference
	@.build/debug/reference faults >docs/FAULTS.md
	@.build/debug/reference invariants >docs/INVARIANTS-CATALOGUE.md
	@.build/debug/reference commands docs/commands

lint: ## formatting, and what Embedded Swift refuses
	@swift format lint --strict --recursive Package.swift kernel gdbstub tools Tests
	@tools/check-embedded.sh -O
	@tools/check-embedded.sh -Onone

clean: ## remove everything that was built
	@rm -rf .build .build-* build
