"""Random tiny configurations of every architecture: `coreml convert` beside transformers.

variants.py COREML [--seed N] [--cases N] [--only MODEL_TYPE...] [--each] [--keep DIR]

COREML is the command. A case is a sound configuration with some fields changed, dropped
or added (fields.py). transformers builds the model with random weights and computes
logits in fp32; `coreml convert --dtype fp32` makes a package of the same folder, which
`coreml predict --stdio` runs: texts shorter and longer than windows and the original
length of positions, whole and token by token. Either the logits are the same, or convert
refuses the model and names a field that was changed; anything else is a fault, and so is
a configuration without changes that is refused. --each takes each value of each field
once in place of random mixtures. Status 1 where there is a fault."""
import argparse, base64, collections, copy, json, logging, os, random, shutil, subprocess, sys, tempfile, warnings

os.environ.setdefault('HF_HUB_OFFLINE', '1')
os.environ.setdefault('TRANSFORMERS_VERBOSITY', 'critical')
warnings.filterwarnings('ignore')
logging.disable(logging.ERROR)
import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.utils import logging as tlogging

import models  # noqa: F401: transformers' Auto classes know them then
from fields import BASES, COMMON, DROP, fields

tlogging.disable_progress_bar()
torch.set_num_threads(1)
VOCAB, SHORT, LONG = 64, 9, 24
# Of the largest logit: without a cache, where all is fp32, and with one, which is fp16.
EXACT, CACHED = 1e-4, 3e-2


def randomise(model, seed, plus_one):
    """Weights with which every part of the model matters."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            x = torch.randn(p.shape, generator=g)
            if 'norm' in name.lower() or '.ln_' in name:
                p.copy_(x * 0.2 + (0 if name.endswith('bias') or plus_one else 1))
            elif p.ndim == 1:
                p.copy_(x * 0.3)
            elif 'emb' in name or 'wte' in name or 'wpe' in name:
                p.copy_(x * 0.5)
            else:
                p.copy_(x * 1.5 / p.shape[-1] ** 0.5)


def build(config, folder, seed):
    """Writes the checkpoint; returns transformers' logits of the texts."""
    cls = type(AutoConfig.for_model(config['model_type']))
    model = AutoModelForCausalLM.from_config(cls.from_dict(copy.deepcopy(config)), dtype=torch.float32, attn_implementation='eager')
    randomise(model, seed, 'gemma' in config['model_type'])
    model.save_pretrained(folder)
    with open(os.path.join(folder, 'config.json'), 'w') as f:
        json.dump(config, f)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation='eager').eval()
    ids = torch.randint(0, VOCAB, (LONG,), generator=torch.Generator().manual_seed(seed)).tolist()
    out = {}
    with torch.no_grad():
        for n in (SHORT, LONG):
            out[n] = model(torch.tensor([ids[:n]]), use_cache=False).logits[0].float().numpy()
    return ids, out


class Server:
    """coreml predict --stdio"""

    def __init__(self, command):
        self.p = subprocess.Popen([command, 'predict', '--stdio', '--threads', '1'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.n = 0

    def ask(self, **q):
        self.n += 1
        self.p.stdin.write(json.dumps(dict(q, id=self.n)) + '\n')
        self.p.stdin.flush()
        r = json.loads(self.p.stdout.readline())
        if not r['ok']:
            raise RuntimeError(f'{q["op"]}: {r["error"]}')
        return r

    def run(self, package, ids, steps):
        """Logits of a text in calls of so many tokens."""
        m = self.ask(op='load', path=package)['model']
        state, past, rows = self.ask(op='new_state', model=m)['state'] if len(steps) > 1 else None, 0, []
        held = dict(state=state) if state else {}
        enc = lambda a: dict(dtype=str(a.dtype), shape=list(a.shape), data=base64.b64encode(np.ascontiguousarray(a).tobytes()).decode())
        for n in steps:
            mask = np.triu(np.full((n, past + n), -np.inf, np.float16), past + 1)[None, None]
            for kind in ('float16', 'float32'):
                try:
                    r = self.ask(op='predict', model=m, outputs=['logits'], **held, inputs=dict(
                        inputIds=enc(np.array([ids[past:past + n]], np.int32)), causalMask=enc(mask.astype(kind))))
                    break
                except RuntimeError:
                    if kind == 'float32':
                        raise
            o = r['outputs']['logits']
            rows.append(np.frombuffer(base64.b64decode(o['data']), o['dtype']).reshape(o['shape'])[0])
            past += n
        if state:
            self.ask(op='unload', state=state)
        self.ask(op='unload', model=m)
        return np.concatenate(rows).astype(np.float64)


def compare(server, package, ids, want, runs, routed=False):
    """The largest difference over the largest logit, of runs of so many tokens each. Of a model with experts the tokens
    in the middle, where rounding may send one to others."""
    worst = 0
    for steps in runs:
        n = sum(steps)
        got = server.run(package, ids[:n], steps)
        if got.shape != want[n].shape:
            raise RuntimeError(f'logits of shape {got.shape}, and {want[n].shape} are right')
        rows = np.abs(got - want[n]).max(-1)
        worst = max(worst, (np.median(rows) if routed else rows.max()) / np.abs(want[n]).max())
    return worst if np.isfinite(worst) else float('inf')


def apply(kind, changes):
    c = copy.deepcopy(BASES[kind])
    for k, v in changes.items():
        if v is DROP:
            c.pop(k, None)
        else:
            c[k] = v
    return c


def cases(args):
    """Pairs of an architecture and its changes."""
    rng = random.Random(args.seed)
    kinds = args.only or sorted(BASES)
    for kind in kinds:
        yield kind, {}
    if args.each:
        for kind in kinds:
            for k, values in fields(kind).items():
                for v in values:
                    yield kind, {k: v}
        return
    for i in range(args.cases):
        kind = kinds[i % len(kinds)]
        table = fields(kind)
        # Most fields that all have are refused: seldom one of them, so that others are met.
        own = sorted(k for k in table if k not in COMMON)
        names = rng.sample(own, rng.randint(1, min(4, len(own)))) + rng.sample(sorted(COMMON), rng.random() < 0.2)
        yield kind, {n: rng.choice(table[n]) for n in names}


def show(changes):
    return json.dumps({k: '<dropped>' if v is DROP else v for k, v in changes.items()})


def one(args, server, kind, changes, seed, work):
    """What became of a case, and words about it."""
    folder, package = os.path.join(work, 'model'), os.path.join(work, 'out', 'x.mlpackage')
    for d in (folder, os.path.dirname(package)):
        shutil.rmtree(d, ignore_errors=True)
        os.makedirs(d)
    try:
        ids, want = build(apply(kind, changes), folder, seed)
        if not all(np.isfinite(w).all() for w in want.values()):
            return 'void', 'transformers gives no finite logits'
    except Exception as e:  # a configuration that transformers refuses shows nothing
        ids, want = None, f'{type(e).__name__}: {str(e).splitlines()[0][:120] if str(e) else ""}'
    convert = lambda to, cache: subprocess.run([args.coreml, 'convert', folder, to, '-q', '--dtype', 'fp32', '--threads', '1', '--cache', cache], capture_output=True, text=True, timeout=120)
    try:
        r = convert(package, 'none')
    except subprocess.TimeoutExpired:
        return 'FAULT', 'convert hangs'
    text = r.stderr.strip()
    if 'goroutine ' in text or r.returncode not in (0, 1, 2):
        return 'FAULT', text[:300]
    if ids is None:
        return 'void', want
    if r.returncode:
        if os.path.exists(package):
            return 'FAULT', 'refused, and something was left'
        named = [k for k, v in changes.items() if k in text or isinstance(v, dict) and any(x in text for x in v)]
        return ('refused' if named else 'FAULT'), text[-260:]
    try:
        worst = compare(server, package, ids, want, [[SHORT], [LONG]])
        held = 0.0
        if worst < EXACT:
            package = package.replace('x.', 'y.')
            r = convert(package, 'state')
            if r.returncode:
                return 'FAULT', r.stderr[:300]
            held = compare(server, package, ids, want, [[LONG - 3, 1, 1, 1]], 'num_experts_per_tok' in BASES[kind])
    except RuntimeError as e:
        if 'not in allowed range' in str(e) and 'dynamic' in show(changes):
            return 'same', 'the package takes no text of a length that dynamic scaling changes'
        return 'FAULT', str(e)[:300]
    return ('same' if worst < EXACT and held < CACHED else 'FAULT'), f'{worst:.1e}, with a cache {held:.1e}'


def main():
    p = argparse.ArgumentParser()
    p.add_argument('coreml'); p.add_argument('--seed', type=int, default=1); p.add_argument('--cases', type=int, default=200)
    p.add_argument('--only', nargs='*'); p.add_argument('--each', action='store_true'); p.add_argument('--keep')
    args = p.parse_args()
    known = subprocess.run([args.coreml, 'convert', '--help'], capture_output=True, text=True)
    if known.returncode:
        sys.exit(f'{args.coreml} does not convert')
    server, tally, n = Server(args.coreml), collections.Counter(), 0
    with tempfile.TemporaryDirectory() as work:
        for i, (kind, changes) in enumerate(cases(args)):
            what, words = one(args, server, kind, changes, args.seed * 100000 + i, work)
            tally[what] += 1
            if what == 'FAULT' and args.keep:
                shutil.copytree(os.path.join(work, 'model'), os.path.join(args.keep, f'{i:04d}-{kind}'), dirs_exist_ok=True)
            print(f'{what:8s}{i:5d} {kind} {show(changes)}: {words}', flush=True)
    print(', '.join(f'{v} {k}' for k, v in sorted(tally.items())))
    return tally['FAULT'] > 0


if __name__ == '__main__':
    sys.exit(main())
