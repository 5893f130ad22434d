#!/bin/bash
# install.sh FOLDER: the clients of other languages that are tried, FOLDER/python with those
# of PyPI and FOLDER/node with that of npm. What is there stays. PYTHON: the Python to make
# the environment of (python3). What cannot be installed is named, and the status is 1.
set -eu
folder=${1:?names a folder}
mkdir -p "$folder"
here=$(cd "$(dirname "$0")" && pwd)

wanted=$(cat "$here/clients/requirements.txt")
if [ "$(cat "$folder/python/installed" 2>/dev/null)" != "$wanted" ]; then
	rm -rf "$folder/python"
	"${PYTHON:-python3}" -m venv "$folder/python"
	"$folder/python/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/clients/requirements.txt"
	echo "$wanted" >"$folder/python/installed"
fi

openai=7.57.0
if [ "$(cat "$folder/node/installed" 2>/dev/null)" != "$openai" ]; then
	rm -rf "$folder/node"
	mkdir -p "$folder/node"
	echo '{"private": true, "type": "module"}' >"$folder/node/package.json"
	npm install --prefix "$folder/node" --silent --no-audit --no-fund --ignore-scripts "openai@$openai"
	echo "$openai" >"$folder/node/installed"
fi
