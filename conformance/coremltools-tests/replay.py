"""replay.py CORPUS "ENGINE CMD" [--exact]: run recorded cases (COREML_TEST_RECORD) against an engine.
Needs numpy only; an engine's own test suite can read the same case.json files directly."""
import base64, json, os, shlex, subprocess, sys, time
import numpy as np

def arr(o):
    return np.frombuffer(base64.b64decode(o["data"]), o["dtype"]).reshape(o["shape"])

p = subprocess.Popen(shlex.split(sys.argv[2]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
n = 0
def call(**q):
    global n
    n += 1
    p.stdin.write(json.dumps(dict(q, id=n)).encode() + b"\n"); p.stdin.flush()
    r = json.loads(p.stdout.readline())
    if not r["ok"]:
        raise RuntimeError(r["error"]["code"] + ": " + r["error"]["message"])
    return r

good = bad = 0
t0 = time.time()
for d in sorted(os.listdir(sys.argv[1])):
    f = os.path.join(sys.argv[1], d, "case.json")
    if not os.path.exists(f):
        continue
    c = json.load(open(f))
    try:
        m = call(op="load", path=os.path.abspath(os.path.join(os.path.dirname(f), c["model"])), function=c["function"])["model"]
        st = {}
        for s in c["steps"]:
            kw = {}
            if s["state"]:
                if s["state"] not in st:
                    st[s["state"]] = call(op="new_state", model=m)["state"]
                kw["state"] = st[s["state"]]
            out = call(op="predict", model=m, inputs=s["inputs"], **kw)["outputs"]
            for k, e in s["expect"].items():
                a, b = arr(out[k]).astype(np.float64), arr(e).astype(np.float64)
                if a.shape != b.shape and a.size == b.size == 1:
                    a = a.reshape(b.shape)
                assert a.shape == b.shape, (k, a.shape, b.shape)
                assert np.allclose(a, b, rtol=e["rtol"], atol=e["atol"], equal_nan=True), (k, float(np.abs(a - b).max()))
        call(op="unload", model=m)
        good += 1
    except Exception as e:
        bad += 1
        print("FAIL", d, c["test"][-150:], repr(e)[:200])
p.stdin.close(); p.wait(10)
print("replayed %d cases: %d ok, %d failed, %.1f s" % (good + bad, good, bad, time.time() - t0))
sys.exit(bool(bad))
