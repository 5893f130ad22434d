#!/usr/bin/env bash
# chat.sh COREML MODEL PYTHON OUT.svg holds a short conversation with a model in a terminal
# of 80 columns and draws what it shows. Needs tmux, and PYTHON with rich.
set -euo pipefail
coreml=$(realpath "$1") model=$2 python=$(realpath -s "$3") out=$(realpath "$4")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
session=coreml-picture-$$
export COREML_HISTORY=none COREML_CONFIG=none
cd "$(dirname "$model")"
tmux new-session -d -s "$session" -x 80 -y 30 "env TERM=xterm-256color $coreml chat -m $(basename "$model") --system 'Be brief.' --temperature 0 -n 120"
trap 'tmux kill-session -t "$session" 2>/dev/null || true' EXIT

# shows waits until the terminal shows a text, for a minute.
shows() {
	for _ in $(seq 600); do
		tmux capture-pane -p -t "$session" | grep -qE -- "$1" && return
		sleep 0.1
	done
	echo "chat.sh: the terminal does not show $1" >&2
	exit 1
}
say() { tmux send-keys -t "$session" -l "$1"; tmux send-keys -t "$session" Enter; }

shows '/help'
say '/set stats on'
sleep 1
say 'What is the capital of France?'
shows '0 cached'
say 'And of Italy?'
shows '[1-9][0-9]* cached'
say '/stats'
sleep 1
tmux capture-pane -e -p -t "$session" | "$python" "$here/terminal.py" "$out" 80 30 'coreml chat'
