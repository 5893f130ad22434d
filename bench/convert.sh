#!/bin/bash
# convert.sh DIR   measures `coreml convert --quantize int4`, and prints a line for each run:
# seconds, processor seconds, and the peaks of anonymous and of resident memory in MB.
#
#   large   a checkpoint in bfloat16 of the shape LARGE, evicted from the page cache before
#           each run, beside `cat` of the checkpoint and `cat` of the package's weights to a
#           file
#   small   one of the shape SMALL, beside coremltools with PyTorch: trace, convert,
#           linear_quantize_weights to int4 in blocks of 32, save
#
# DIR keeps the checkpoints: 15 GB for mistral-7b. Needs bash, GNU dd and Linux's /proc; the
# small part Python 3 with pip, unless PEER names a Python that has what it needs.
#
#   COREML=path         the command (bin/coreml)
#   PARTS="large small" what is measured
#   LARGE="mistral-7b"  SMALL="smollm2-135m"   arguments of `coreml synth --shape`
#   ROUNDS=2            the best of each is compared
set -euo pipefail

[ $# -eq 1 ] || { sed -n '2,20s/^# \{0,1\}//p' "$0" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
coreml=$(realpath "${COREML:-$root/bin/coreml}")
mkdir -p "$1"
dir=$(cd "$1" && pwd)
weights=Data/com.apple.CoreML/weights/weight.bin
declare -A best

# checkpoint NAME SHAPE...: makes a checkpoint unless it is there.
checkpoint() {
  local to=$dir/$1
  shift
  [ -e "$to" ] || { "$coreml" synth --quiet --checkpoint "$to.part" --shape "$@" && mv "$to.part" "$to"; }
}

# evict FILE...: takes files out of the page cache, written out first.
evict() {
  local f
  for f; do dd of="$f" oflag=nocache conv=notrunc,fdatasync count=0 status=none; done
}

# peaks PID: follows the memory of a process, in kB, until it ends.
peaks() {
  local key value _ stat
  anonymous=0 resident=0
  while [ -r "/proc/$1/status" ] && stat=$(<"/proc/$1/status"); do
    case $stat in *$'\nState:\tZ'*) return ;; esac
    while read -r key value _; do
      case $key in
      RssAnon:) [ "$value" -le "$anonymous" ] || anonymous=$value ;;
      VmHWM:) resident=$value ;;
      esac
    done <<<"$stat"
    sleep 0.05
  done 2>/dev/null
}

# measure NAME COMMAND...: runs a command, prints its line, and keeps the best seconds.
measure() {
  local name=$1 begin seconds user system
  shift
  begin=$EPOCHREALTIME
  ( TIMEFORMAT='%U %S'; time "$@" >"$dir/out" 2>"$dir/log" ) 2>"$dir/times" &
  local shell=$! child=
  while [ -z "$child" ] && [ -e "/proc/$shell" ]; do
    read -r child _ 2>/dev/null <"/proc/$shell/task/$shell/children" || true
  done
  [ -z "$child" ] || peaks "$child"
  if ! wait "$shell"; then
    cat "$dir/log" >&2
    exit 1
  fi
  seconds=$(bc <<<"$EPOCHREALTIME - $begin")
  read -r user system <"$dir/times"
  printf '%-34s %8.2f s   user %7.2f   system %7.2f   anonymous %6d MB   resident %6d MB\n' \
    "$name" "$seconds" "$user" "$system" $((anonymous / 1024)) $((resident / 1024))
  if [ -z "${best[$name]:-}" ] || [ "$(bc <<<"$seconds < ${best[$name]}")" = 1 ]; then best[$name]=$seconds; fi
}

copy() { cat "$1" >"$dir/copy"; }

large() {
  local from=$dir/large to=$dir/large.mlpackage i
  # shellcheck disable=SC2086 # LARGE is several arguments
  checkpoint large ${LARGE:-mistral-7b}
  for ((i = 0; i < ${ROUNDS:-2}; i++)); do
    rm -rf "$to"
    evict "$from"/*.safetensors
    measure "coreml convert" "$coreml" convert --quiet --quantize int4 "$from" "$to"
    sync
    evict "$from"/*.safetensors
    measure "cat of the checkpoint" cat "$from"/*.safetensors
    cat "$to/$weights" >/dev/null # what is to be written is read from memory
    measure "cat to a file of the package" copy "$to/$weights"
    rm "$dir/copy"
    sync
  done
  echo "coreml convert took $(bc <<<"scale=2; ${best[coreml convert]} / (${best[cat of the checkpoint]} + ${best[cat to a file of the package]})") times reading and writing alone"
}

small() {
  local from=$dir/small to=$dir/small.mlpackage i peer=${PEER:-$dir/python/bin/python}
  # shellcheck disable=SC2086 # SMALL is several arguments
  checkpoint small ${SMALL:-smollm2-135m}
  [ -x "$peer" ] || { "${PYTHON:-python3}" -m venv "$dir/python" && "$dir/python/bin/pip" install -q coremltools==9.0 torch safetensors 'numpy<2'; }
  for ((i = 0; i < ${ROUNDS:-2}; i++)); do
    rm -rf "$to" "$dir/peer.mlpackage"
    measure "coreml convert, small" "$coreml" convert --quiet --quantize int4 "$from" "$to"
    measure "coremltools, small" "$peer" "$root/bench/convert_peer.py" "$from" "$dir/peer.mlpackage"
  done
  echo "coreml convert was $(bc <<<"scale=1; ${best[coremltools, small]} / ${best[coreml convert, small]}") times faster than coremltools"
}

sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sort | uniq -c | sed 's/^ *\([0-9]*\) /\1 x /'
for part in ${PARTS:-large small}; do "$part"; done
