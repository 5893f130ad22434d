"""Draws what a terminal shows as an SVG.

    terminal.py OUT.svg WIDTH HEIGHT TITLE < ansi.txt

reads what `tmux capture-pane -e -p` printed. Needs rich (PyPI); fonts are the reader's own.
"""

import io
import re
import sys

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.terminal_theme import MONOKAI

out, width, height, title = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
lines = sys.stdin.read().split("\n")[:height]
while lines and not lines[-1].strip():
    lines.pop()
console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor", legacy_windows=False)
for line in AnsiDecoder().decode("\n".join(lines)):  # which goes on with a colour at the next line
    console.print(line, no_wrap=True, overflow="crop", highlight=False)
svg = console.export_svg(title=title, theme=MONOKAI, unique_id=re.sub(r"\W", "", title))
svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S)  # nothing is loaded from elsewhere
svg = svg.replace("Fira Code, monospace", "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace")
with open(out, "w", encoding="utf-8") as f:
    f.write(re.sub(r"[ \t]+\n", "\n", svg))
