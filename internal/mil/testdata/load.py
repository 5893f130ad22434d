"""Loads a package with coremltools and prints what it found, one fact a line."""
import sys

import coremltools as ct
from coremltools.converters.mil.frontend.milproto.load import load

model = ct.models.MLModel(sys.argv[1], skip_model_load=True)
spec = model.get_spec()
names = list(spec.description.functions) and [f.name for f in spec.description.functions] or ["main"]
program = load(spec, specification_version=spec.specificationVersion, file_weights_dir=model.weights_dir)
print("spec", spec.specificationVersion)
for name in sorted(program.functions):
    f = program.functions[name]
    print("function", name, f.opset_version.name)
    for op in f.operations:
        if op.op_type == "const":
            continue
        # coremltools names the state updates itself, with a running number.
        print("op", op.op_type, "" if op.op_type == "coreml_update_state" else op.name)
        operands = [v for v in op.inputs.values() if v is not None]
        if op.op_type.startswith("constexpr_") and all(v.op.op_type == "const" for v in operands):
            value = op.materialized_val_inference()
            for part in value if isinstance(value, tuple) else (value,):
                print("weight", op.name, part.dtype, list(part.shape), float(abs(part).astype("float64").sum()))
