"""Makes the packages that the tests of this folder compress, and says what coremltools 9.0 makes of them.

Needs coremltools 9.0 with numpy 1.26, scikit-learn and kmeans1d. Usage:
    python truth.py                     makes ../ios18.mlpackage, ../ios16.mlpackage and ../truth.json
    python truth.py PACKAGE NAME        writes ../NAME.json for a package that lies elsewhere

truth.json: for each package and list of steps the operands of the constexpr operators behind each weight, by
"<operation that uses it>.<operand>": type, shape and the SHA-256 of the elements as little-endian float32 (with one
zero). Of palettes by k-means the sum of squared errors stands in their place. A step is an OptimizationConfig.
"""
import copy, hashlib, json, os, shutil, sys
import numpy as np
import coremltools as ct, coremltools.optimize.coreml as cto
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.frontend.milproto.load import load
from coremltools.converters.mil.mil.passes.pass_registry import PASS_REGISTRY
from coremltools.converters.mil.mil.passes.graph_pass import PassOption

HERE = os.path.dirname(os.path.abspath(__file__)); OUT = os.path.dirname(HERE)
r = np.random.default_rng(7)
w = lambda *s: (r.standard_t(4, s) * 0.05).astype(np.float16).astype(np.float32)

def builder(target):
    """A function with weights in every place that matters: axes differ, two operations share one, some are small, some have few values."""
    W = dict(table=w(80, 32), a=w(96, 32), b=w(32, 96), shared=w(64, 32), mm=w(32, 96), mmt=w(96, 32), left=w(48, 96),
             conv=w(64, 32, 1, 1), conv3=w(48, 16, 3, 3), groups=w(64, 16, 3, 3), transposed=w(32, 24, 3, 3), small=w(16, 16),
             few=r.choice([-0.5, -0.125, 0.0, 0.25, 0.75], (64, 64)).astype(np.float32), odd=w(33, 75), zeros=np.where(r.random((64, 48)) < 0.6, 0, w(64, 48)).astype(np.float32))
    W['zeros'][5] = 0; W['a'][7] = 0; W['b'][3, 32:64] = 0; W['conv3'][2] = 0.125
    S = lambda *s: mb.TensorSpec(shape=s)
    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 4), dtype=ct.converters.mil.mil.types.int32), S(1, 32), S(1, 96), S(1, 32, 4, 4), S(1, 16, 6, 6), S(1, 64), S(1, 75), S(1, 48)], opset_version=target)
    def f(ids, x32, x96, img, img16, x64, x75, x48):
        c = lambda k: mb.const(val=W[k], name='w_' + k)
        shared = c('shared'); y = []
        y.append(mb.gather(x=c('table'), indices=ids, axis=0, name='embed'))
        y.append(mb.linear(x=x32, weight=c('a'), name='lin_a'))
        y.append(mb.linear(x=x96, weight=c('b'), bias=w(32), name='lin_b'))
        y.append(mb.linear(x=x32, weight=shared, name='shared_1')); y.append(mb.linear(x=x32, weight=shared, name='shared_2'))
        y.append(mb.matmul(x=x32, y=c('mm'), name='mm')); y.append(mb.matmul(x=x32, y=c('mmt'), transpose_y=True, name='mmt'))
        y.append(mb.matmul(x=c('left'), y=mb.reshape(x=x96, shape=(96, 1)), name='left'))
        y.append(mb.conv(x=img, weight=c('conv'), name='conv')); y.append(mb.conv(x=img16, weight=c('conv3'), name='conv3'))
        y.append(mb.conv(x=img, weight=c('groups'), groups=2, name='groups')); y.append(mb.conv_transpose(x=img, weight=c('transposed'), name='transposed'))
        y.append(mb.matmul(x=mb.reshape(x=mb.linear(x=x32, weight=mb.const(val=w(16, 32), name='w_tiny'), name='tiny'), shape=(1, 16)), y=c('small'), name='small'))
        y.append(mb.linear(x=x64, weight=c('few'), name='few')); y.append(mb.linear(x=x75, weight=c('odd'), name='odd')); y.append(mb.linear(x=x48, weight=c('zeros'), name='zeros'))
        return tuple(y)
    return f

Q = lambda **k: dict(config_type='OpLinearQuantizerConfig', global_config=k)
P = lambda **k: dict(config_type='OpPalettizerConfig', global_config=k)
T = lambda **k: dict(config_type='OpThresholdPrunerConfig', global_config=k)
M = lambda **k: dict(config_type='OpMagnitudePrunerConfig', global_config=k)
sym, lin = 'linear_symmetric', 'linear'
OLD = [  # what iOS16 knows
    [Q()], [Q(mode=lin)], [Q(dtype='uint8')], [Q(dtype='uint8', mode=lin)], [Q(granularity='per_tensor')], [Q(granularity='per_tensor', mode=lin, dtype='uint8')],
    [P(mode='kmeans', nbits=4)], [P(mode='kmeans', nbits=2)], [P(mode='uniform', nbits=4)], [P(mode='uniform', nbits=6)], [P(mode='uniform', nbits=8)], [P(mode='uniform', nbits=1)], [P(mode='unique')],
    [T()], [T(threshold=0.03, minimum_sparsity_percentile=0.3)], [T(threshold=0.1)], [M(target_sparsity=0.5)], [M(target_sparsity=0.3)], [M(target_sparsity=0.77)], [M(target_sparsity=1.0)], [M(target_sparsity=0.0)],
    [M(n_m_ratio=[2, 4])], [M(n_m_ratio=[1, 2], dim=0)], [M(n_m_ratio=[3, 5])], [M(n_m_ratio=[5, 15], dim=0)], [M(n_m_ratio=[9, 16])],
    [M(target_sparsity=0.5, block_size=4)], [M(target_sparsity=0.4, block_size=3)], [M(target_sparsity=0.5, block_size=2, dim=1)], [M(target_sparsity=0.5, block_size=5, dim=1)], [M(target_sparsity=0.6, block_size=9, dim=1)],
]
NEW = [
    *[[Q(dtype=d, mode=m, granularity=g)] for d in ('int4', 'uint4') for m in (sym, lin) for g in ('per_tensor', 'per_channel')],
    *[[Q(dtype=d, mode=m, granularity='per_block', block_size=16)] for d in ('int4', 'uint4', 'int8', 'uint8') for m in (sym, lin)],
    [Q(dtype='int4', granularity='per_block')], [Q(dtype='int4', granularity='per_block', block_size=[1, 8])], [Q(dtype='int8', granularity='per_block', block_size=[8, 16])], [Q(dtype='int4', granularity='per_block', block_size=[0, 4])],
    [P(mode='uniform', nbits=3)], [P(mode='uniform', nbits=4, granularity='per_grouped_channel', group_size=8)], [P(mode='uniform', nbits=2, granularity='per_grouped_channel', group_size=16, channel_axis=1)],
    [P(mode='unique', granularity='per_grouped_channel', group_size=1)], [P(mode='kmeans', nbits=4, granularity='per_grouped_channel', group_size=16)], [P(mode='kmeans', nbits=3, granularity='per_grouped_channel', group_size=8)],
    [P(mode='kmeans', nbits=6)], [P(mode='kmeans', nbits=8)], [P(mode='kmeans', nbits=1)],
    [P(mode='kmeans', nbits=4, cluster_dim=2)], [P(mode='kmeans', nbits=6, cluster_dim=4, granularity='per_grouped_channel', group_size=16)], [P(mode='unique', cluster_dim=2)],
    [P(mode='uniform', nbits=4, enable_per_channel_scale=True)], [P(mode='kmeans', nbits=4, enable_per_channel_scale=True)],
    [dict(config_type='OpLinearQuantizerConfig', global_config=dict(dtype='int4', granularity='per_block', weight_threshold=100), op_type_configs=dict(conv=None, gather=dict(dtype='int8')), op_name_configs=dict(lin_a=dict(mode=lin, dtype='uint4', granularity='per_channel'), w_few=None))],
    [dict(config_type='OpThresholdPrunerConfig', global_config=dict(threshold=0.02), op_type_configs=dict(conv=dict(config_type='OpMagnitudePrunerConfig', n_m_ratio=[3, 4])))],
    [M(target_sparsity=0.5), P(mode='uniform', nbits=4)], [M(target_sparsity=0.5), P(mode='kmeans', nbits=4)], [M(target_sparsity=0.5), Q()], [M(target_sparsity=0.5), Q(dtype='uint4', mode=lin, granularity='per_block')],
    [P(mode='uniform', nbits=4), Q(granularity='per_tensor')], [P(mode='uniform', nbits=4, granularity='per_grouped_channel', group_size=8), Q(mode=lin, dtype='uint8', granularity='per_tensor')],
    [M(target_sparsity=0.5), P(mode='uniform', nbits=6), Q(granularity='per_tensor')], [Q(), P(mode='uniform', nbits=4)], [Q(), M(target_sparsity=0.4)], [P(mode='uniform', nbits=4), M(target_sparsity=0.4)], [Q(dtype='int4', granularity='per_block'), T(threshold=0.02)],
    [Q(mode=lin, dtype='uint8'), M(target_sparsity=0.3)],
]
PASS = dict(OpLinearQuantizerConfig='linear_quantize_weights', OpPalettizerConfig='palettize_weights', OpThresholdPrunerConfig='prune_weights', OpMagnitudePrunerConfig='prune_weights')

def program(path):
    """The program as the functions of coremltools.optimize.coreml load it."""
    ml = ct.models.MLModel(path, skip_model_load=True); spec = ml.get_spec()
    return load(spec, specification_version=max(spec.specificationVersion, 7), file_weights_dir=ml.weights_dir)
def compress(prog, config, joint):
    """What those functions do with it; writing and reading it again would take most of the time."""
    p = PASS_REGISTRY['compression::' + PASS[config['config_type']]]
    p.set_options([PassOption('config', cto.OptimizationConfig.from_dict(copy.deepcopy(config))), PassOption('joint_compression', joint)]); p.apply(prog)
def digest(v):
    a = np.asarray(v); f = np.ascontiguousarray(a.astype(np.float32) + 0.0)
    return [str(a.dtype), list(a.shape), hashlib.sha256(f.tobytes()).hexdigest()[:24]]
def operands(op, out):
    for k, v in sorted(op.inputs.items()):
        if v is None: continue
        if v.op is not None and v.op.op_type.startswith('constexpr_'): operands(v.op, out)
        elif v.val is not None and np.asarray(v.val).dtype.kind in 'iufb': out[f'{op.op_type}.{k}'] = digest(v.val)
def dense(var): return np.asarray(var.val if var.val is not None else var.op.materialized_val_inference(), np.float64)
def weights(prog):
    for o in prog.functions['main'].operations:
        if o.op_type == 'const' or o.op_type.startswith('constexpr_'): continue
        for k, v in o.inputs.items():
            if getattr(v, 'op', None) is not None and (v.op.op_type == 'const' and v.val is not None and np.asarray(v.val).dtype.kind == 'f' and np.asarray(v.val).size >= 10 or v.op.op_type.startswith('constexpr_')): yield f'{o.name}.{k}', v
def error(a, b): return float(((a - b) ** 2).sum())

def truth(path, lists, save=lambda r: None):
    results = []; plain = {k: dense(v) for k, v in weights(program(path))}
    for steps in lists:
        prog = program(path); one = dict(steps=steps)
        try:
            for i, s in enumerate(steps): compress(prog, s, i > 0)
            km = any('kmeans' in json.dumps(s) for s in steps); one['weights'] = {}
            for k, v in weights(prog):
                got = {}
                if v.op.op_type != 'const':
                    operands(v.op, got)
                    if km: got = dict(error=error(dense(v), plain[k]), shapes={n: d[:2] for n, d in got.items()})
                one['weights'][k] = got
        except Exception as e: one['error'] = f'{type(e).__name__}: {str(e)[:120]}'
        results.append(one); save(results); print(json.dumps(steps)[:150], one.get('error', len(one.get('weights', {}))), flush=True)
    return results

def main():
    if len(sys.argv) == 3:
        lists = [[Q(dtype='int4', granularity='per_block')], [Q()], [Q(mode=lin, dtype='uint4', granularity='per_block', block_size=16)], [P(mode='uniform', nbits=4, granularity='per_grouped_channel', group_size=16)], [P(mode='unique')], [P(mode='kmeans', nbits=4, granularity='per_grouped_channel', group_size=16)],
                 [M(target_sparsity=0.5)], [M(n_m_ratio=[2, 4])], [M(target_sparsity=0.5), Q(dtype='int4', granularity='per_block')], [P(mode='uniform', nbits=6), Q(granularity='per_tensor')]]
        json.dump({sys.argv[2]: truth(sys.argv[1], lists)}, open(os.path.join(OUT, sys.argv[2] + '.json'), 'w')); return
    all_ = {}
    for name, target, lists, precision in (('ios18', ct.target.iOS18, OLD + NEW, ct.precision.FLOAT16), ('ios16', ct.target.iOS16, OLD + NEW[:1] + NEW[-2:-1], ct.precision.FLOAT16), ('wide', ct.target.iOS18, OLD + NEW, ct.precision.FLOAT32)):
        p = os.path.join(OUT, name + '.mlpackage'); shutil.rmtree(p, ignore_errors=True)
        ct.convert(builder(target), minimum_deployment_target=target, compute_precision=precision, skip_model_load=True).save(p)
        def save(results): all_[name] = results; json.dump(all_, open(os.path.join(OUT, 'truth.json'), 'w'), separators=(',', ':'))
        truth(p, lists, save)
main()
