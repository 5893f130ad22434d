#!/bin/bash
# install.sh FOLDER: an environment with vllm-router, FOLDER/bin/vllm-router. What is
# there stays. PYTHON: the Python to make it of (python3).
set -eu
folder=${1:?names a folder}
version=0.1.17
has="import importlib.metadata as m, sys; sys.exit(m.version('vllm-router') != '$version')"
"$folder/bin/python" -c "$has" 2>/dev/null && exit
rm -rf "$folder"
mkdir -p "$(dirname "$folder")"
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet "vllm-router==$version"
