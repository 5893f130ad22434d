"""Makes the packages under forms/: storage forms and control flow that the language models of
the project's fixtures do not have. Needs coremltools; the weights come from a fixed seed."""
import os
import shutil

import coremltools as ct
import coremltools.optimize.coreml as opt
import numpy as np
from coremltools.converters.mil import Builder as mb

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "forms")
RANDOM = np.random.default_rng(7)
TARGET = ct.target


def save(model, name):
    folder = os.path.join(OUT, name)
    os.makedirs(folder)
    model.save(os.path.join(folder, "model.mlpackage"))


def convert(program, target, **kwargs):
    return ct.convert(program, minimum_deployment_target=target, skip_model_load=True, **kwargs)


def linear(target):
    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 16))], opset_version=target)
    def program(x):
        weight = RANDOM.standard_normal((32, 16)).astype(np.float32)
        return mb.linear(x=x, weight=weight, bias=np.zeros(32, np.float32), name="y")

    return convert(program, target)


def config(op_config):
    return opt.OptimizationConfig(global_config=op_config)


def compressed():
    lut = config(opt.OpPalettizerConfig(mode="uniform", nbits=4, weight_threshold=0))
    quantized = config(opt.OpLinearQuantizerConfig(mode="linear", weight_threshold=0))
    sparse = config(opt.OpMagnitudePrunerConfig(target_sparsity=0.5, weight_threshold=0))
    for target in (TARGET.iOS16, TARGET.iOS18):
        model = linear(target)
        save(opt.palettize_weights(model, lut), f"lut4-{target.name}")
        save(opt.linear_quantize_weights(model, quantized), f"int8-{target.name}")
        save(opt.prune_weights(model, sparse), f"sparse-{target.name}")
    pruned = opt.prune_weights(linear(TARGET.iOS18), sparse)
    save(opt.palettize_weights(pruned, lut, joint_compression=True), "sparse-lut4-iOS18")
    symmetric = config(opt.OpLinearQuantizerConfig(weight_threshold=0))
    save(opt.linear_quantize_weights(pruned, symmetric, joint_compression=True), "sparse-int8-iOS18")


def control_flow():
    @mb.program(input_specs=[mb.TensorSpec(shape=(1,)), mb.TensorSpec(shape=(1,))], opset_version=TARGET.iOS17)
    def program(a, b):
        pred = mb.squeeze(x=mb.cast(x=a, dtype="bool"))
        start = mb.cond(pred=pred, _true_fn=lambda: mb.add(x=b, y=1.0), _false_fn=lambda: mb.add(x=b, y=2.0))
        _, out = mb.while_loop(
            _cond=lambda i, o: mb.less(x=i, y=5),
            _body=lambda i, o: (mb.add(x=i, y=1), mb.mul(x=o, y=2.0)),
            loop_vars=(np.int32(0), start),
        )
        return mb.identity(x=out, name="out")

    save(convert(program, TARGET.iOS17), "control-flow")


def lists():
    @mb.program(input_specs=[mb.TensorSpec(shape=(4, 2))], opset_version=TARGET.iOS15)
    def program(x):
        ls = mb.make_list(init_length=1, dtype="fp32", elem_shape=(2,))
        row = mb.squeeze(x=mb.slice_by_index(x=x, begin=[0, 0], end=[1, 2]), axes=[0])
        return mb.list_gather(ls=mb.list_write(ls=ls, index=0, value=row), indices=[0])

    save(convert(program, TARGET.iOS15), "lists")


def classifier():
    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 3))], opset_version=TARGET.iOS15)
    def program(x):
        return mb.softmax(x=x, axis=-1, name="p")

    labels = ct.ClassifierConfig(["a", "b", "c"])
    save(convert(program, TARGET.iOS15, classifier_config=labels), "classifier")


if __name__ == "__main__":
    shutil.rmtree(OUT, ignore_errors=True)
    compressed()
    control_flow()
    lists()
    classifier()
