#!/bin/bash
# install.sh FOLDER: an environment with each version of huggingface_hub that ours is
# compared with, FOLDER/VERSION/bin/python. What is there stays. PYTHON: the Python to
# make them of (python3). A version that cannot be installed is named, and skipped.
set -u
folder=${1:?names a folder}
mkdir -p "$folder"
for version in 2.4.0 0.36.2; do
	at=$folder/$version
	has="import huggingface_hub as h, sys; sys.exit(h.__version__ != '$version')"
	"$at/bin/python" -c "$has" 2>"$at.log" && continue
	rm -rf "$at"
	if ! { "${PYTHON:-python3}" -m venv "$at" && "$at/bin/pip" install --quiet "huggingface_hub==$version" && "$at/bin/python" -c "$has"; } >"$at.log" 2>&1; then
		echo "SKIP huggingface_hub $version: cannot be installed, see $at.log" >&2
		rm -rf "$at"
	fi
done
