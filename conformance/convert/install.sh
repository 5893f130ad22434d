#!/bin/bash
# install.sh FOLDER [torch]: an environment with the coremltools that load.py reads
# packages with, FOLDER/bin/python; with torch also PyTorch and transformers, for
# variants.py. What is there stays. PYTHON: the Python to make it of (python3). Ends with
# status 1, and says so, where it cannot be installed.
set -u
folder=${1:?names a folder}
wanted=(coremltools==9.0 'numpy<2')
has="import coremltools as c, sys; sys.exit(c.__version__ != '9.0')"
if [ "${2:-}" = torch ]; then
	wanted=(torch transformers==5.24.0 safetensors 'numpy<2')
	has="import torch, transformers as t, sys; sys.exit(t.__version__ != '5.24.0')"
fi
"$folder/bin/python" -c "$has" >/dev/null 2>&1 && exit 0
mkdir -p "$folder"
log=$folder.log
if ! { { [ -x "$folder/bin/pip" ] || "${PYTHON:-python3}" -m venv "$folder"; } && "$folder/bin/pip" install --quiet "${wanted[@]}" && "$folder/bin/python" -c "$has"; } >"$log" 2>&1; then
	echo "${wanted[*]} cannot be installed: $(tail -1 "$log")" >&2
	exit 1
fi
