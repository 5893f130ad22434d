#!/bin/bash
# gopeer.sh DIR [MODEL]   measures this project and tensai, a pure Go program with
# vector instructions (Go's experimental simd package), in turns on the same weights.
# DIR keeps what is made. MODEL is a shape of `coreml synth` (smollm2-135m), or a path
# to a package of the Llama or Mistral family with ROPE_BASE set to its rotary base.
# Needs bash, git, the network and go on amd64.
#
# tensai's example qwen reads a checkpoint of Hugging Face's, made here from the
# package, and stores its weights in 8 or 4 bits by itself. What is changed in it:
# main.go is gopeer/_timer/main.go, Llama's projections have no biases, and the shift
# in its kernel for 4 bits is a multiplication: with the shift, Go 1.26 on an AMD EPYC
# took 25 times as long for a token.
#
#   TENSAI=path       a clone that is there, in place of one from GitHub
#   COREML=path       the command (bin/coreml)
#   BITS="8 4"        how tensai stores weights; 0 is float32
#   THREADS=1,2  ROUNDS=5  TOKENS=32  PREFILL=1  CONTEXTS=0  ARITHMETIC=default
set -euo pipefail
commit=850488f # of November 2026

[ $# -ge 1 ] || { sed -n '2,18s/^# \{0,1\}//p' "$0" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
coreml=$(realpath "${COREML:-$root/bin/coreml}")
mkdir -p "$1"
dir=$(cd "$1" && pwd)
model=${2:-smollm2-135m}

# shellcheck source=bench/model.sh
. "$root/bench/model.sh"

build_timer() {
  local source=$dir/tensai
  if [ ! -d "$source" ]; then
    rm -rf "$source.part"
    git clone --quiet "${TENSAI:-https://github.com/mattn/tensai}" "$source.part"
    git -C "$source.part" checkout --quiet "$commit"
    mv "$source.part" "$source"
  fi
  git -C "$source" checkout --quiet -- .
  sed -i '/\.bias")$/d' "$source/_example/qwen/model.go"
  sed -i 's/\.ShiftAllRight(4)/.MulHigh(archsimd.BroadcastUint16x8(1 << 12))/' "$source/quant4_simd.go"
  cp "$root/bench/gopeer/_timer/main.go" "$source/_example/qwen/main.go"
  (cd "$source" && CGO_ENABLED=0 GOWORK=off GOEXPERIMENT=simd go build -o "$dir/tensai-timer" ./_example/qwen)
}

# Tensai's example asks for the model type qwen2, of which Llama is the part
# without biases.
add_checkpoint() {
  local to=$dir/models/$1.hf base
  [ ! -e "$to" ] || return 0
  base=$(rope_base "$model")
  (cd "$root" && go run ./bench/tosafetensors -rope "$base" -type qwen2 "$dir/models/$1.package" "$to.part")
  mv "$to.part" "$to"
}

build_timer
name=$(add_package "$model")
add_checkpoint "$name"
(cd "$root" && go build -o "$dir/peers" ./bench/peers)
for bits in ${BITS:-8 4}; do
  (cd "$dir" && ./peers -coreml "$coreml" -dir . -rounds "${ROUNDS:-5}" -threads "${THREADS:-1,2}" -tokens "${TOKENS:-32}" \
    -prefill "${PREFILL:-1}" -decode "${CONTEXTS:-0}" -arithmetic "${ARITHMETIC:-default}" -peer "tensai, $bits bits" \
    -run "env GOMAXPROCS={threads} ./tensai-timer -data models/{model}.hf -bits $bits -prefill {prefill} -decode {decode} -tokens {tokens}" \
    "$name")
done
