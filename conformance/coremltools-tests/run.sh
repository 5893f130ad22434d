#!/bin/bash
# run.sh SUBSET [pytest arguments]: coremltools' own tests against the portable engine.
#   SUBSET: a list of ids/ (smoke tier1 tier2 tier3 compress) or a file of test ids
#   PYTHON: a Python with coremltools, torch and pytest (python3)
#   COREML: the command that serves predictions ("bin/coreml predict --stdio")
#   REPORT: where the results go, one JSON object a line (bin/coremltools-SUBSET.jsonl)
#   JUDGE:  strict (1e-2 for half precision, the default) or upstream (coremltools' own 0.5)
# Prints counts and the kinds of failure. Exits with 0 when nothing failed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
subset=${1:-smoke}
shift $(($# > 0))
ids=$here/ids/$subset.txt
[ -f "$subset" ] && ids=$(readlink -f "$subset")
[ -f "$ids" ] || { echo "no list called $subset; there are:"; ls "$here/ids"; exit 2; }
python=${PYTHON:-python3}
export PYTHONPATH=$here COREML_TEST=${COREML:-$root/bin/coreml predict --stdio} COREML_TEST_IDS=$ids
report=${REPORT:-$root/bin/coremltools-$(basename "$ids" .txt).jsonl}
COREML_TEST_REPORT=$(readlink -m "$report")
export COREML_TEST_REPORT
[ "${JUDGE:-strict}" = strict ] && export COREML_TEST_STRICT=1
export PYMIL_TEST_TARGETS=mlprogram INCLUDE_MIL_FP32_UNIT_TESTS=1 PYTHONDONTWRITEBYTECODE=1
export TOKENIZERS_PARALLELISM=false OMP_NUM_THREADS=1 PYTHONWARNINGS=ignore
mkdir -p "$(dirname "$COREML_TEST_REPORT")"
rm -f "$COREML_TEST_REPORT"
find='import importlib.util, os; print(os.path.dirname(os.path.dirname(importlib.util.find_spec("coremltools").origin)))'
site=$("$python" -c "$find") || exit 2
cd "$site" || exit 2
# Only the files that hold chosen tests are collected.
mapfile -t files < <(cut -d: -f1 "$ids" | sort -u)
"$python" -m pytest -p coreml_plugin -p no:sugar -p no:cacheprovider --rootdir=. -q --tb=no -o addopts= \
	--timeout="${TEST_TIMEOUT:-180}" "$@" "${files[@]}" >"$COREML_TEST_REPORT.log" 2>&1
"$python" "$here/summary.py" "$COREML_TEST_REPORT" "$ids"
