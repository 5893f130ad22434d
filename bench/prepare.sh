#!/bin/bash
# prepare.sh DIR MODEL...   makes ready under DIR what bench/peers measures: the
# programs of PROGRAMS, and each model as a package and, with the same weights, as GGUF.
#
#   llama.cpp   as prebuilt by npm's @node-llama-cpp/linux-x64
#   ik          ik_llama.cpp as prebuilt in PyPI's ik-llama-cpp-python (AVX2)
#   openvino    OpenVINO GenAI from PyPI, in a virtual environment (300 MB)
#
# A model is a shape of `coreml synth`, whose weights are random, or a path to a
# package of the Llama or Mistral family with ROPE_BASE set to its rotary base.
# What is there already stays. Needs bash, go, gcc, npm, python3 with pip and venv,
# on amd64. COREML names the command; without it bin/coreml is taken.
#
#   PROGRAMS="llama.cpp ik openvino"   which programs to make ready
set -euo pipefail
version_npm=3.22.1 # llama.cpp of November 2026
version_headers=0.3.36
version_ik=0.1.5
version_openvino=2026.4.1.0

[ $# -ge 1 ] || { sed -n '2,15s/^# \{0,1\}//p' "$0" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
coreml=${COREML:-$root/bin/coreml}
mkdir -p "$1"
dir=$(cd "$1" && pwd)
shift
timer=$root/bench/llama/llama_bench.c

fetch_llama() {
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

build_llama() {
  local libs
  [ "$dir/llama_bench" -nt "$timer" ] && return
  libs=$(cd "$dir/lib" && ls libllama.* libggml.v* libggml-base.so | sort -u | sed 's/^/-l:/')
  # shellcheck disable=SC2086 # one word a library
  gcc -O2 -Wall -I"$dir/include" "$timer" -o "$dir/llama_bench" -L"$dir/lib" -Wl,-rpath,"$dir/lib" $libs -lm
}

# The wheel is one for CPython 3.11 of which only the libraries and headers are used:
# it is asked for whatever Python there is.
fetch_ik() {
  [ -d "$dir/ik" ] && return
  mkdir -p "$dir/wheel"
  python3 -m pip download --quiet --no-deps --only-binary :all: --python-version 3.11 --platform manylinux_2_28_x86_64 \
    --dest "$dir/wheel" "ik-llama-cpp-python==$version_ik"
  python3 -m zipfile -e "$dir"/wheel/*.whl "$dir/ik.part"
  mv "$dir/ik.part" "$dir/ik"
  rm -r "$dir/wheel"
}

build_ik() {
  local lib=$dir/ik/lib64
  [ "$dir/ik_bench" -nt "$timer" ] && return
  gcc -O2 -Wall -DIK_LLAMA -I"$dir/ik/include" "$timer" -o "$dir/ik_bench" "$lib/libllama.so" \
    -Wl,-rpath,"$lib:$dir/ik/ik_llama_cpp_python.libs" -Wl,--allow-shlib-undefined -lm
}

fetch_openvino() {
  cp "$root/bench/openvino/openvino_bench.py" "$dir/openvino_bench.py"
  [ -d "$dir/openvino" ] && return
  # Not made elsewhere and moved: an environment holds its own path.
  python3 -m venv "$dir/openvino"
  "$dir/openvino/bin/pip" install --quiet --only-binary :all: "openvino-genai==$version_openvino" >&2 ||
    { rm -r "$dir/openvino"; return 1; }
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
for peer in ${PROGRAMS-llama.cpp ik openvino}; do
  case $peer in
  llama.cpp) fetch_llama; fetch_headers; build_llama ;;
  ik) fetch_ik; build_ik ;;
  openvino) fetch_openvino ;;
  *) echo "prepare.sh: no peer $peer" >&2; exit 2 ;;
  esac
done
for model in "$@"; do
  add_model "$model"
done
