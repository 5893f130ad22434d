"""Times modules of PyTorch, one for each line that is read: a module or function, the
shapes of its inputs, and for how many seconds. Prints the median in milliseconds, or
that of the fastest run."""
import json
import statistics
import sys
import time

import torch
from torch import nn

clock = time.process_time if sys.argv[2] == "cpu" else time.perf_counter
pick = min if sys.argv[3] == "best" else statistics.median
torch.set_num_threads(int(sys.argv[1]))
torch.set_grad_enabled(False)
ready = {}
for line in sys.stdin:
    job = json.loads(line)
    key = line
    if key not in ready:
        ready[key] = eval(job["module"], {"torch": torch, "nn": nn}), [torch.randn(s) for s in job["shapes"]]
        ready[key][0](*ready[key][1])
    module, inputs = ready[key]
    times, end = [], time.perf_counter() + job["seconds"]
    while not times or time.perf_counter() < end:
        begin = clock()
        module(*inputs)
        times.append(clock() - begin)
    print(1000 * pick(times), flush=True)
