# `make` is what a change must pass before it is worth a review; .ci/run is what it
# must pass to be merged. CONTRIBUTING.md says what each target is for.

FUZZTIME ?= 5m
BENCH    ?= .
COUNT    ?= 6
SUBSET   ?= smoke

export CGO_ENABLED = 0

# The tools are pinned in modules of their own, which no importer sees.
tool = $(shell GOWORK=off go tool -modfile=tools/$(1)go.mod -n $(2))
modules = $(shell go list -m -f '{{.Dir}}')

.PHONY: coremltools-tests all build fmt fmt-check vet lint lint-full test skips newcomer windows order attacks hostile race noasm fuzz bench bench-peers bench-gopeer bench-operators soak cross static tokenizer-parity template-parity tokenizer-sidefiles bench-tokenizer generate kernel-arm64 kernel-avx512 fixtures storyteller rig rig-soak rig-hard rig-arm64 tidy ci help

all: fmt-check vet lint test ## format, vet, lint, test

build: ## build every module; the command goes to bin/
	mkdir -p bin
	GOFLAGS="$(shell go env GOFLAGS) -trimpath" .ci/build bin

fmt: ## rewrite the files that gofumpt would write differently
	git ls-files -z --cached --others --exclude-standard -- '*.go' | xargs -0 $(call tool,,gofumpt) -w

fmt-check: ## fail when a file is not formatted
	@test -z "$$(git ls-files -z --cached --others --exclude-standard -- '*.go' | xargs -0 $(call tool,,gofumpt) -l | tee /dev/stderr)"

vet: ## go vet in every module
	go vet work

lint: ## staticcheck in every module, actionlint on the workflows
	@$(call tool,,actionlint)
	@$(call tool,,staticcheck) work

lint-full: ## golangci-lint in every module; its first build takes 5 to 10 minutes
	@for dir in $(modules); do (cd $$dir && $(call tool,lint/,golangci-lint) run --config $(CURDIR)/.golangci.yml ./...) || exit 1; done

test: ## the tests of every module
	go test work

skips: ## the tests of every module; prints which were skipped, by reason and name
	@go test -json work | go run ./internal/testreport

newcomer: ## the README's two commands as on a machine with Go and nothing else
	.ci/newcomer

windows: ## the tests and the command for Windows under Wine; .ci/windows says what it needs
	.ci/windows

order: ## for each package, the references from a file to one that uses it
	go run ./internal/fileorder work

attacks: ## hostile inputs, each in a process with bounded time and memory; some minutes, Linux
	COREML_ATTACKS=1 go test -count=1 -timeout 30m -v -run '^TestAttacks$$' ./conformance/attacks

.PHONY: cancel
cancel: ## how late each large operation and each call returns after its context has ended; a quiet machine
	CGO_ENABLED=0 go test -run '^$$' -bench '^BenchmarkCancel$$' -benchtime 15x -timeout 30m ./internal/engine/portable ./conformance/attacks

hostile: ## hostile templates and tokenizers at full size, which the tests meet at a part of it; some minutes
	COREML_HOSTILE=full go test -count=1 -timeout 30m ./internal/jinja ./tokenizer

HUB ?= .cache/hub

.PHONY: hub-conformance
hub-conformance: ## package hub beside two versions of Python's huggingface_hub, and 4 GiB beside curl; needs Python 3 with pip, some minutes
	PYTHON="$(PYTHON)" conformance/hub/install.sh $(HUB)
	COREML_HUB_CONFORMANCE=$(abspath $(HUB)) go test -count=1 -timeout 40m -v ./conformance/hub

OPENAI   ?= .cache/openai
DURATION ?= 5m

.PHONY: openai-conformance serve-soak
openai-conformance: build ## coreml serve, or the server at BASE_URL, with the openai packages of PyPI, npm and Go and the anthropic package; needs Python 3 with pip, and npm
	PYTHON="$(PYTHON)" conformance/openai/install.sh $(OPENAI)
	cd conformance/openai && COREML_OPENAI_CLIENTS=$(abspath $(OPENAI)) COREML_BINARY=$(CURDIR)/bin/coreml go test -count=1 -timeout 30m -v .

serve-soak: build ## coreml serve under 200 streams for DURATION (5m), with readers that leave or are slow, and what is left then; Linux
	cd conformance/openai && go run ./soak -binary $(CURDIR)/bin/coreml -duration $(DURATION)

CONVERT ?= .cache/convert

.PHONY: convert-load convert-variants
convert-load: build ## packages of coreml convert in every form, read by coremltools 9.0 with its type inference; needs Python 3 with pip
	PYTHON="$(PYTHON)" conformance/convert/install.sh $(CONVERT)
	$(CONVERT)/bin/python conformance/convert/load.py bin/coreml $(CHECKPOINTS)

convert-variants: build ## random configurations of every architecture, converted and compared with transformers; needs Python 3 with pip, some minutes
	PYTHON="$(PYTHON)" conformance/convert/install.sh $(CONVERT)-torch torch
	$(CONVERT)-torch/bin/python conformance/convert/variants.py bin/coreml $(VARIANTS)

STRUCTURED ?= .cache/structured
ANSWERS    ?= 1000

.PHONY: structured
structured: ## ANSWERS (1000) answers of each model under JSON schemas, checked by another validator; needs Python 3 with pip, COREML_FIXTURES; an hour
	PYTHON="$(PYTHON)" conformance/structured/install.sh $(STRUCTURED)
	cd conformance/structured && COREML_STRUCTURED=$(ANSWERS) COREML_STRUCTURED_SCHEMAS=$(abspath $(STRUCTURED)) go test -count=1 -timeout 180m -v .

.PHONY: page-test page-pictures page-driver
page-driver: build
	npm ci --prefix conformance/page --no-audit --no-fund --silent

page-test: page-driver ## the page of coreml serve in headless Chromium, with a check of its accessibility; needs Node.js with npm, Chromium
	COREML_BINARY=$(CURDIR)/bin/coreml node --test --test-reporter=spec conformance/page/test.mjs

page-pictures: page-driver ## the pictures of docs/server.md, drawn anew; needs the same, and the font Inter
	COREML_BINARY=$(CURDIR)/bin/coreml node conformance/page/pictures.mjs docs

PICTURES ?= .cache/pictures

.PHONY: terminal-pictures
terminal-pictures: build ## docs/chat.svg: a conversation with SmolLM2 in a terminal; needs tmux, Python 3 with pip, COREML_FIXTURES
	$(or $(PYTHON),python3) -m venv $(PICTURES) && $(PICTURES)/bin/pip install --quiet rich==15.0.0
	tools/pictures/chat.sh bin/coreml $(COREML_FIXTURES)/smollm2/model.mlpackage $(PICTURES)/bin/python docs/chat.svg

SCALEOUT ?= .cache/scale-out

.PHONY: scale-out
scale-out: build ## two servers behind vllm-router on loopback: the clients, conversations that stay, a drain, a kill, a full queue; needs Python 3 with pip, and npm
	PYTHON="$(PYTHON)" conformance/scaleout/install.sh $(SCALEOUT)
	PYTHON="$(PYTHON)" conformance/openai/install.sh $(OPENAI)
	COREML_OPENAI_CLIENTS=$(abspath $(OPENAI)) COREML_SCALE_OUT=$(abspath $(SCALEOUT)) COREML_BINARY=$(abspath bin/coreml) go test -count=1 -timeout 15m -v ./conformance/scaleout

.PHONY: container-root
container-root: ## the root tree of the container image FROM scratch, and the command within it by chroot; Linux
	@dir=$$(mktemp -d) && tools/release/rootfs "$$dir" try; status=$$?; rm -rf "$$dir"; exit $$status

race: ## all tests under the race detector; needs gcc
	CGO_ENABLED=1 go test -race work

noasm: ## all tests on the plain Go definitions of the kernels
	go test -tags noasm work

fuzz: ## every fuzz target for FUZZTIME (5m)
	.ci/fuzz $(FUZZTIME)

bench: ## benchmarks that match BENCH, COUNT times, in the form that benchstat reads
	go test -run '^$$' -bench '$(BENCH)' -count $(COUNT) work

# bench/README.md says how to read the table.
PEER_MODELS ?= smollm2-135m mistral-7b
PEERS       ?= .cache/peers
ROUNDS      ?= 5
PROMPTS     ?= 1,32,128,512
CONTEXTS    ?= 0,512
THREADS     ?= 1,2
ARITHMETIC  ?= default
CHUNK       ?= 0
QUIET       ?= 0.1
WAIT        ?= 10m

bench-peers: build ## this project, llama.cpp, ik_llama.cpp and OpenVINO in turns, on the same weights; needs gcc, npm and pip
	models=$$(bench/prepare.sh $(PEERS) $(PEER_MODELS)) && \
	go run ./bench/peers -dir $(PEERS) -rounds $(ROUNDS) -threads $(THREADS) -prefill $(PROMPTS) -decode $(CONTEXTS) \
		-arithmetic $(ARITHMETIC) -chunk $(CHUNK) -quiet $(QUIET) -wait $(WAIT) -save $(PEERS)/results.jsonl $$models

.PHONY: bench-figures
bench-figures: build ## the tables of docs/performance.md and docs/speed.svg of what bench-peers has measured last
	set -- $(PEER_MODELS) && \
	bin/coreml bench $(PEERS)/models/$$1.package --threads 1 --prefill 128 --decode 512 --profile --json > $(PEERS)/profile.json && \
	go run ./bench/figure -peers $(PEERS)/results.jsonl -profile $(PEERS)/profile.json -model $$1 -out docs/speed.svg && \
	go run ./bench/readme -peers $(PEERS)/results.jsonl docs/performance.md

soak: ## 1000 times load, generate and close; nothing may stay behind
	COREML_CYCLES=1000 go test -count=1 -timeout 60m -v -run '^TestClosedModelsLeaveNothing$$' ./generate

GOPEER ?= .cache/gopeer

bench-gopeer: build ## this project and tensai, the fastest known in pure Go, in turns on the same weights; needs git
	ROUNDS=$(ROUNDS) THREADS=$(THREADS) ARITHMETIC=$(ARITHMETIC) bench/gopeer.sh $(GOPEER) $(GOPEER_MODEL)

TORCH ?= .cache/torch

bench-operators: ## convolutions, pools, recurrent layers and wide products beside PyTorch's, in turns; needs Python 3 with pip
	test -x $(TORCH)/bin/python || { $(or $(PYTHON),python3) -m venv $(TORCH) && $(TORCH)/bin/pip install -q torch==2.7.1 numpy; }
	go run ./bench/operators -python $(TORCH)/bin/python -rounds $(ROUNDS) -threads $(THREADS)

cross: ## build and vet for the systems that this machine is not
	@for target in darwin/arm64 darwin/amd64 linux/amd64 linux/arm64 windows/amd64 windows/arm64; do \
		echo "$$target"; mkdir -p bin/$$target; \
		GOOS=$${target%/*} GOARCH=$${target#*/} .ci/build bin/$$target && \
		GOOS=$${target%/*} GOARCH=$${target#*/} go vet work || exit 1; \
	done

static: build ## check that the Linux command needs no shared library
	COREML_BINARY=$(CURDIR)/bin/coreml go test -count=1 -v -run '^TestNamedBinaryIsStatic$$' ./internal/archtest

tokenizer-parity: ## compare the tokenizer with two versions of Hugging Face's on fresh strings; needs Python 3
	PYTHON="$(PYTHON)" testdata/gen/tokenizer/run.sh parity

template-parity: ## compare the chat templates that packages ship with two versions of transformers; needs Python 3
	PYTHON="$(PYTHON)" testdata/gen/tokenizer/run.sh templates

tokenizer-sidefiles: ## compare with AutoTokenizer all that lies beside tokenizer.json, and record it; needs Python 3 and COREML_FIXTURES
	PYTHON="$(PYTHON)" testdata/gen/tokenizer/run.sh sidefiles

bench-tokenizer: ## encoding speed beside Hugging Face's encode_batch_fast, in one run
	PYTHON="$(PYTHON)" testdata/gen/tokenizer/run.sh bench

generate: ## rewrite the kernels' assembly and declarations from their generator
	cd internal/kernel/_asm && GOWORK=off go run .

kernel-arm64: ## the kernels for arm64 and the portable engine under qemu-aarch64
	.ci/kernel-arm64

# Subtests of the other sets are left out: emulation takes a hundred times as long.
AVX512 ?= ^(TestMatMul|TestProducts|TestRandom|TestFastProductsAre|TestTiles|TestAttentionMatches|TestKeys|TestAFully|TestTheCap).*$$/^avx512$$

kernel-avx512: ## the kernels for AVX-512, with and without VNNI, in Bochs; tools/emulate/run says what it needs
	MODEL=corei7_icelake_u tools/emulate/run ./internal/kernel -test.short '-test.run=$(AVX512)'
	MODEL=corei7_skylake_x tools/emulate/run ./internal/kernel -test.short '-test.run=$(AVX512)'

fixtures: ## remake testdata/fixtures with coremltools; see testdata/gen/README.md
	cd testdata/gen && $(PYTHON) make_fixtures.py --out ../fixtures

coremltools-tests: build ## coremltools' own tests, those of SUBSET (smoke); needs coremltools and torch; see conformance/coremltools-tests
	PYTHON="$(PYTHON)" conformance/coremltools-tests/run.sh $(SUBSET)

CONVERT_SPEED ?= .cache/convert-speed

.PHONY: convert-speed
convert-speed: build ## coreml convert of a 7B's shape beside cat, and of SmolLM2's beside coremltools; Linux, 25 GB of disk, Python 3 with pip
	bench/convert.sh $(CONVERT_SPEED)

storyteller: ## retrain and convert the embedded model; about an hour; see testdata/gen/README.md
	cd testdata/gen/storyteller && $(PYTHON) train.py --out $(CURDIR)/bin/storyteller && $(PYTHON) convert.py --checkpoint $(CURDIR)/bin/storyteller

PYTHON ?= python3

# The framework's engine over its stand-in; see internal/engine/apple/rig. Linux,
# with gobjc and libgnustep-base-dev.
RIG  = ./internal/objc/... ./internal/engine/apple/...
SOAK ?= 100000

rig: ## the Objective-C layer and the framework's engine over its stand-in
	COREML_RIG=required go test -count=1 $(RIG)

rig-soak: ## SOAK (100000) stateful predictions on 4 goroutines with forced collections
	COREML_RIG=required COREML_RIG_SOAK=$(SOAK) go test -count=1 -timeout 60m -v -run ManyPredictions ./internal/engine/apple/rig

rig-hard: ## the same with zombies, checked pointers, clobbered memory and the race detector; needs gcc
	.ci/rig-hard $(RIG)

rig-arm64: ## the same for linux/arm64 under qemu; see .ci/rig-arm64 for what it needs
	.ci/rig-arm64

tidy: ## go mod tidy in every module
	@for dir in $(modules); do (cd $$dir && GOWORK=off go mod tidy) || exit 1; done

ci: ## everything that .ci/run runs
	.ci/run

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { name[++n] = $$1; text[n] = $$2; if (length($$1) > w) w = length($$1) } \
		END { for (i = 1; i <= n; i++) printf "%-*s  %s\n", w, name[i], text[i] }' Makefile
