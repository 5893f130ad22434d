"""Writes opsets.json: for each operator of ML Programs, the opsets in which
coremltools defines it or defines it anew.

    python3 opsets.py > ../opsets.json
"""
import json
import logging
import sys

logging.disable(logging.WARNING)
import coremltools  # noqa: F401, E402
from coremltools.converters.mil.mil.ops.registry import SSAOpRegistry  # noqa: E402

out = {}
for name, versions in SSAOpRegistry.core_ops.items():
    if name.startswith("_"):
        continue
    seen, defined = None, []
    for v, cls in sorted(versions.items(), key=lambda p: p[0].value):
        opset = max(v.name, "iOS15")  # ML Programs begin with iOS15
        if cls is not seen:
            defined = [d for d in defined if d != opset] + [opset]
        seen = cls
    out[name] = defined
# What the converter calls coreml_update_state is stored as this operation.
out["write_state"] = ["iOS18"]
json.dump(dict(sorted(out.items())), sys.stdout, indent=0)
sys.stdout.write("\n")
