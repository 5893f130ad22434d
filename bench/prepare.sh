#!/bin/bash
# prepare.sh DIR MODEL...   makes ready under DIR what bench/peers measures: llama.cpp
# as prebuilt by npm's @node-llama-cpp/linux-x64, a program that times it, and each
# model as a package and, with the same weights, as GGUF.
#
# A model is a shape of `coreml synth`, whose weights are random, or a path to a
# package of the Llama or Mistral family with ROPE_BASE set to its rotary base.
# What is there already stays. Needs bash, go, gcc, npm, python3 with pip, on amd64.
# COREML names the command; without it bin/coreml is taken.
set -euo pipefail
version_npm=3.22.1 # llama.cpp of November 2026
version_headers=0.3.36

root=$(cd "$(dirname "$0")/.." && pwd)
coreml=${COREML:-$root/bin/coreml}
mkdir -p "$1"
dir=$(cd "$1" && pwd)
shift

fetch_library() {
  [ -d "$dir/lib" ] && return
  mkdir -p "$dir/npm" "$dir/lib.part"
  (cd "$dir/npm" && npm pack --silent >&2 "@node-llama-cpp/linux-x64@$version_npm" && tar xzf ./*.tgz)
  find "$dir/npm/package/bins" -name '*.so*' -exec cp {} "$dir/lib.part/" \;
  mv "$dir/lib.part" "$dir/lib"
  rm -r "$dir/npm"
}

# The headers come from the source distribution of llama-cpp-python.
fetch_headers() {
  [ -d "$dir/include" ] && return
  mkdir -p "$dir/sdist" "$dir/include.part"
  python3 -m pip download --quiet --no-deps --no-binary llama-cpp-python \
    --dest "$dir/sdist" "llama-cpp-python==$version_headers"
  tar xzf "$dir"/sdist/*.tar.gz -C "$dir/sdist"
  find "$dir/sdist" \( -path '*/llama.cpp/include/*.h' -o -path '*/ggml/include/*.h' \) -exec cp {} "$dir/include.part/" \;
  mv "$dir/include.part" "$dir/include"
  rm -r "$dir/sdist"
}

build_timer() {
  local source=$root/bench/llama/llama_bench.c libs
  [ "$dir/llama_bench" -nt "$source" ] && return
  libs=$(cd "$dir/lib" && ls libllama.* libggml.v* libggml-base.so | sort -u | sed 's/^/-l:/')
  # shellcheck disable=SC2086 # one word a library
  gcc -O2 -Wall -I"$dir/include" "$source" -o "$dir/llama_bench" -L"$dir/lib" -Wl,-rpath,"$dir/lib" $libs -lm
}

# shellcheck source=bench/model.sh
. "$root/bench/model.sh"

add_model() {
  local name base
  name=$(add_package "$1")
  base=$(rope_base "$1")
  if [ ! -e "$dir/models/$name.gguf" ]; then
    (cd "$root" && go run ./bench/togguf -rope "$base" "$dir/models/$name.package" "$dir/models/$name.gguf.part")
    mv "$dir/models/$name.gguf.part" "$dir/models/$name.gguf"
  fi
  echo "$name"
}

mkdir -p "$dir/models"
fetch_library
fetch_headers
build_timer
for model in "$@"; do
  add_model "$model"
done
