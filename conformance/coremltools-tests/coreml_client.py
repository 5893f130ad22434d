"""Client for the `<cmd> predict --stdio` protocol (see docs/stdio.md) plus stand-ins for the
native classes that coremltools expects to find in `coremltools.libcoremlpython`."""
import base64
import json
import os
import select
import shlex
import shutil
import subprocess
import tempfile
import time

import numpy as np

DTYPES = {
    "float16": np.float16, "float32": np.float32, "float64": np.float64,
    "int8": np.int8, "int16": np.int16, "int32": np.int32, "int64": np.int64,
    "uint8": np.uint8, "uint16": np.uint16, "uint32": np.uint32, "uint64": np.uint64,
    "bool": np.bool_,
}

# counters read by the pytest plugin
STATS = {"load": 0, "load_fail": 0, "predict": 0, "predict_fail": 0, "new_state": 0,
         "read_state": 0, "write_state": 0, "crash": 0, "timeout": 0}
LAST_ERROR = {"code": None, "message": None}
OPS = set()             # op types of every program loaded in this test
FP16 = [False]          # did any of them hold fp16-typed results?
RECORDS = {}            # model handle -> recorded case (COREML_TEST_RECORD)
ERROR_LOG = []          # (op, code, message) since the last reset


class EngineError(RuntimeError):
    def __init__(self, code, message):
        super().__init__("[coreml:%s] %s" % (code, message))
        self.code = code


def encode_value(v):
    try:
        from PIL import Image
        if isinstance(v, Image.Image):
            a = np.asarray(v)
            if v.mode == "F":
                a = a.astype(np.float32)
            return dict(encode_value(a), image=v.mode)
    except ImportError:
        pass
    if isinstance(v, dict):
        return {"dictionary": [[k, float(x)] for k, x in v.items()]}
    if isinstance(v, str):
        return {"string": v}
    a = np.asarray(v)
    if a.dtype.name not in DTYPES:
        raise TypeError("unsupported dtype " + a.dtype.name)
    return {"dtype": a.dtype.name, "shape": list(a.shape),
            "data": base64.b64encode(np.ascontiguousarray(a).tobytes()).decode("ascii")}


def decode_value(o):
    if "string" in o:
        return o["string"]
    if "int64" in o:
        return int(o["int64"])
    if "double" in o:
        return float(o["double"])
    if "dictionary" in o:
        return {k: v for k, v in o["dictionary"]}
    if "npy" in o:
        a = np.load(o["npy"])
    else:
        a = np.frombuffer(base64.b64decode(o["data"]), dtype=DTYPES[o["dtype"]])
        a = a.reshape(o["shape"]).copy()
    if "image" in o:
        from PIL import Image
        mode = o["image"]
        if mode == "RGB":       # Apple's binding hands out RGBA for colour images
            return Image.fromarray(a.astype(np.uint8), "RGB").convert("RGBA")
        return Image.fromarray(a.astype(np.float32 if mode == "F" else np.uint8), mode)
    if a.dtype == np.float16:   # Apple's binding widens fp16 arrays
        a = a.astype(np.float32)
    return a


def record_expected(actual, desired, rtol, atol):
    for rec in RECORDS.values():
        for st in rec["steps"]:
            k = st["_ids"].get(id(actual))
            if k is not None:
                st["expect"][k] = dict(encode_value(np.asarray(desired)), rtol=float(rtol), atol=float(atol))


def flush_records(test_id, keep):
    """One folder per model that was compared with numbers: model + case.json (steps of
    inputs, expected outputs and tolerances), replayable without Python or coremltools."""
    out = os.environ.get("COREML_TEST_RECORD")
    for h, rec in list(RECORDS.items()):
        steps = [{k: v for k, v in s.items() if not k.startswith("_")} for s in rec["steps"]]
        if keep and any(s["expect"] for s in steps):
            import hashlib
            d = os.path.join(out, hashlib.sha256((test_id + h).encode()).hexdigest()[:16])
            shutil.rmtree(d, ignore_errors=True)
            shutil.move(rec["dir"], d)
            json.dump({"test": test_id, "model": rec["model"], "function": rec["function"], "steps": steps,
                       "ops": sorted(OPS), "fp16": FP16[0]}, open(os.path.join(d, "case.json"), "w"))
        else:
            shutil.rmtree(rec["dir"], ignore_errors=True)
    RECORDS.clear()


class Engine:
    def __init__(self):
        self.p = None
        self.buf = b""
        self.n = 0
        self.gen = 0

    def start(self):
        cmd = os.environ.get("COREML_TEST")
        if not cmd:
            raise EngineError("no_engine", "COREML_TEST is not set")
        err = open(os.environ.get("COREML_TEST_STDERR", os.devnull), "ab")
        self.p = subprocess.Popen(shlex.split(cmd), stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=err, bufsize=0)
        self.buf = b""
        self.gen += 1

    def stop(self):
        p, self.p = self.p, None
        if p is None:
            return
        try:
            p.stdin.close()
            p.wait(2)
        except Exception:
            p.kill()
            p.wait()

    def _readline(self, deadline):
        fd = self.p.stdout.fileno()
        chunks = [self.buf]
        while b"\n" not in chunks[-1]:
            left = deadline - time.time()
            if left <= 0:
                return "timeout"
            r, _, _ = select.select([fd], [], [], left)
            if not r:
                return "timeout"
            c = os.read(fd, 1 << 20)
            if not c:
                return "eof"
            chunks.append(c)
        data = b"".join(chunks)
        line, _, self.buf = data.partition(b"\n")
        return line

    def call(self, op, **kw):
        if self.p is None or self.p.poll() is not None:
            self.start()
        self.n += 1
        msg = dict(id=self.n, op=op, **kw)
        timeout = float(os.environ.get("COREML_TEST_TIMEOUT", "60"))
        try:
            self.p.stdin.write(json.dumps(msg).encode() + b"\n")
            line = self._readline(time.time() + timeout)
        except (BrokenPipeError, OSError):
            line = "eof"
        if isinstance(line, str):
            STATS["timeout" if line == "timeout" else "crash"] += 1
            p, self.p = self.p, None
            p.kill()
            p.wait()
            self._err(op, "timeout" if line == "timeout" else "crash", "engine " + line)
        r = json.loads(line)
        if r.get("id") != self.n:
            self._err(op, "protocol", "unexpected reply id %r" % r.get("id"))
        if not r.get("ok"):
            e = r.get("error") or {}
            self._err(op, e.get("code", "unknown"), e.get("message", ""))
        return r

    @staticmethod
    def _err(op, code, message):
        LAST_ERROR.update(code=code, message=message)
        ERROR_LOG.append((op, code, message))
        raise EngineError(code, message)


ENGINE = Engine()


def note_ops(path):
    try:
        from coremltools.models.utils import load_spec
        spec = load_spec(path)
    except Exception:
        return
    if spec.WhichOneof("Type") != "mlProgram":
        OPS.add("<%s>" % spec.WhichOneof("Type"))
        return

    def walk(b):
        for o in b.operations:
            if o.type != "const":
                OPS.add(o.type)
                if any(t.type.tensorType.dataType == 10 for t in o.outputs):
                    FP16[0] = True
            for nb in o.blocks:
                walk(nb)
    for f in spec.mlProgram.functions.values():
        for b in f.block_specializations.values():
            walk(b)


class _State:
    def __init__(self, model, handle):
        self.model, self.handle = model, handle

    def read_state(self, name):
        STATS["read_state"] += 1
        return decode_value(ENGINE.call("read_state", state=self.handle, name=name)["value"])

    def write_state(self, name, value):
        STATS["write_state"] += 1
        ENGINE.call("write_state", state=self.handle, name=name, value=encode_value(value))


class _MLModelProxy:
    def __init__(self, path, compute_units, function_name, hints=None, asset=None):
        if asset is not None:
            path = asset.path
        path = os.path.abspath(path)
        self._path = path
        self._compiled = path if path.rstrip("/").endswith(".mlmodelc") else None
        if self._compiled:
            src = os.path.join(path, "SOURCE")
            if os.path.exists(src):
                path = os.path.join(path, open(src).read().strip())
        note_ops(path)
        t = time.time()
        try:
            r = ENGINE.call("load", path=path, function=function_name or None,
                            compute_units=compute_units)
            STATS["load"] += 1
        except EngineError:
            STATS["load_fail"] += 1
            raise
        self._load_ns = int((time.time() - t) * 1e9)
        self._predict_ns = None
        self.handle, self.gen = r["model"], ENGINE.gen
        if os.environ.get("COREML_TEST_RECORD"):
            d = tempfile.mkdtemp(prefix="coreml-rec-")
            name = "model" + os.path.splitext(path.rstrip("/"))[1]
            (shutil.copytree if os.path.isdir(path) else shutil.copy)(path, os.path.join(d, name))
            RECORDS[self.handle] = {"dir": d, "model": name, "function": function_name or None, "steps": []}

    def __del__(self):
        try:
            if ENGINE.p is not None and ENGINE.gen == self.gen:
                ENGINE.call("unload", model=self.handle)
        except Exception:
            pass

    def predict(self, data, state=None):
        t = time.time()
        kw = {} if state is None else {"state": state.handle}
        STATS["predict"] += 1
        try:
            r = ENGINE.call("predict", model=self.handle,
                            inputs={k: encode_value(v) for k, v in data.items()}, **kw)
        except EngineError:
            STATS["predict_fail"] += 1
            raise
        self._predict_ns = int((time.time() - t) * 1e9)
        outs = {k: decode_value(v) for k, v in r["outputs"].items()}
        rec = RECORDS.get(self.handle)
        if rec is not None:
            rec["steps"].append({"inputs": {k: encode_value(v) for k, v in data.items()},
                                 "state": None if state is None else state.handle, "expect": {},
                                 "_ids": {id(v): k for k, v in outs.items()}, "_keep": outs})
        return outs

    def batchPredict(self, batch):
        return [self.predict(b) for b in batch]

    def newState(self):
        STATS["new_state"] += 1
        return _State(self, ENGINE.call("new_state", model=self.handle)["state"])

    def get_compiled_model_path(self):
        if self._compiled is None:
            self._compiled = self.compileModel(self._path)
        return self._compiled

    def get_load_duration_in_nano_seconds(self):
        return self._load_ns

    def get_last_predict_duration_in_nano_seconds(self):
        return self._predict_ns

    @staticmethod
    def compileModel(path):
        """There is no compiled form outside macOS: keep a copy of the source in a folder."""
        d = tempfile.mkdtemp(suffix=".mlmodelc")
        name = "model" + os.path.splitext(path.rstrip("/"))[1]
        (shutil.copytree if os.path.isdir(path) else shutil.copy)(path, os.path.join(d, name))
        open(os.path.join(d, "SOURCE"), "w").write(name)
        return d

    @staticmethod
    def maximum_supported_specification_version():
        return int(os.environ.get("COREML_TEST_SPEC_VERSION", "9"))

    @staticmethod
    def auto_set_specification_version(spec_bytes):
        return spec_bytes

    @staticmethod
    def create_model_asset_from_path(path):
        from coremltools.models.model import MLModelAsset
        return MLModelAsset(_MLModelAssetProxy(path))

    def __getattr__(self, name):
        raise AttributeError(name)


for _n in ("create_model_asset_from_memory", "get_model_structure", "get_available_compute_devices",
           "get_all_compute_devices", "get_compute_plan"):
    def _f(*a, _n=_n, **k):
        raise RuntimeError("[coreml:unsupported] %s is not available off macOS" % _n)
    setattr(_MLModelProxy, _n, staticmethod(_f))


class _MLModelAssetProxy:
    def __init__(self, path):
        self.path = path


class _Stub:
    pass


def as_module():
    import types
    m = types.ModuleType("coremltools.libcoremlpython")
    m._MLModelProxy = _MLModelProxy
    m._MLModelAssetProxy = _MLModelAssetProxy
    m._State = _State
    for n in ("_MLCPUComputeDeviceProxy", "_MLGPUComputeDeviceProxy",
              "_MLNeuralEngineComputeDeviceProxy", "_MLComputePlanProxy",
              "_MLModelStructureProgramOperationProxy",
              "_MLModelStructureNeuralNetworkLayerProxy"):
        setattr(m, n, type(n, (_Stub,), {}))
    return m
