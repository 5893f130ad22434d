"""pytest plugin: lets coremltools' own tests predict on any OS through an external engine.

  PYTHONPATH=<this folder> COREML_TEST="cmd ..." pytest -p coreml_plugin <ids>

Environment: COREML_TEST (engine command), COREML_TEST_TIMEOUT (s per request), COREML_TEST_REPORT (json lines,
one per test), COREML_TEST_STRICT=1 (tighter fp16 tolerances, see STRICT below), COREML_TEST_IDS (file of
test ids to keep), COREML_TEST_MACOS (pretended version, default 15.5), COREML_TEST_SPEC_VERSION (9)."""
import collections
import hashlib
import importlib.abc
import importlib.machinery
import json
import os
import sys
import time

import pytest

import coreml_client

MACOS = tuple(int(x) for x in os.environ.get("COREML_TEST_MACOS", "15.5").split("."))
# under STRICT, a mlprogram-fp16 comparison uses these instead of coremltools' (0.5, 0.05)
STRICT = os.environ.get("COREML_TEST_STRICT") == "1"
STRICT_ATOL = float(os.environ.get("COREML_TEST_STRICT_ATOL", "1e-2"))
STRICT_RTOL = float(os.environ.get("COREML_TEST_STRICT_RTOL", "1e-2"))


def _patch_deps(m):
    m._IS_MACOS = True
    m._MACOS_VERSION = MACOS


def _patch_utils(m):
    m._is_macos = lambda: True
    m._macos_version = lambda: MACOS


def _src_strict(src):
    """Replace the fp16 loosening lines of compare_backend / convert_and_compare."""
    if not STRICT:
        return src
    return (src.replace("max(atol * 100.0, 5e-1)", "max(atol, %r)" % STRICT_ATOL)
               .replace("max(rtol * 100.0, 5e-2)", "max(rtol, %r)" % STRICT_RTOL))


PATCH = {"coremltools._deps": _patch_deps, "coremltools.models.utils": _patch_utils}
SRC = {"coremltools.converters.mil.testing_utils",
       "coremltools.converters.mil.frontend.torch.test.testing_utils"}


class _Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname):
        if fullname in SRC and STRICT:
            src = self.get_data(self.get_filename(fullname)).decode()
            return compile(_src_strict(src), self.get_filename(fullname), "exec")
        return super().get_code(fullname)

    def exec_module(self, module):
        super().exec_module(module)
        f = PATCH.get(module.__name__)
        if f:
            f(module)


class _NativeLoader(importlib.abc.Loader):
    def create_module(self, spec):
        return coreml_client.as_module()

    def exec_module(self, module):
        pass


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "coremltools.libcoremlpython":
            return importlib.machinery.ModuleSpec(name, _NativeLoader())
        if name in PATCH or name in SRC:
            s = importlib.machinery.PathFinder.find_spec(name, path)
            if s is not None and s.origin:
                s.loader = _Loader(name, s.origin)
            return s
        return None


if sys.platform != "darwin" or os.environ.get("COREML_TEST_FORCE"):
    assert "coremltools" not in sys.modules, "load coreml_plugin before coremltools"
    sys.meta_path.insert(0, _Finder())

# optional third-party modules that some test files import at the top
import types as _types
try:
    import mock  # noqa: F401
except ImportError:
    import unittest.mock
    unittest.mock.version_info = (5, 1, 0)
    sys.modules["mock"] = unittest.mock
try:
    import peft  # noqa: F401
except ImportError:
    _p = _types.ModuleType("peft")
    _p.LoraConfig = _p.get_peft_model = lambda *a, **k: __import__("pytest").skip("peft is not installed")
    sys.modules["peft"] = _p

# numpy 2 removed names that some tests still use
import numpy as np
for _o, _n in (("product", "prod"), ("cumproduct", "cumprod"), ("in1d", "isin"),
               ("bool8", "bool_"), ("float_", "float64"), ("infty", "inf"), ("Inf", "inf"), ("NaN", "nan")):
    if not hasattr(np, _o):
        setattr(np, _o, getattr(np, _n))


# ------------------------------------------------------------------ numeric probe
# Every np.testing.assert_allclose made after a predict is measured: how far off was the
# engine, and would an all-zero answer have passed (then the comparison proves nothing)?
PROBE = {}


def _reset_probe():
    PROBE.update(cmp=0, weak=0, weak_upstream=0, abs=0.0, rel=0.0)


_allclose = np.testing.assert_allclose


def _probe(actual, desired, rtol=1e-7, atol=0, *a, **k):
    if STRICT and coreml_client.FP16[0] and (rtol, atol) == (1e-5, 1e-4):
        # the test's label says fp32 but the program it built stores fp16: coremltools' default
        # pair is then below fp16 rounding (2**-11); judge it like any other fp16 program
        rtol, atol = STRICT_RTOL, STRICT_ATOL
    if coreml_client.STATS["predict"]:
        if coreml_client.RECORDS:
            coreml_client.record_expected(actual, desired, rtol, atol)
        try:
            x, y = np.asarray(actual, np.float64), np.asarray(desired, np.float64)
            if x.shape == y.shape and x.size:
                with np.errstate(all="ignore"):
                    d = np.abs(x - y)[np.isfinite(y)]
                    PROBE["cmp"] += 1
                    PROBE["weak"] += bool(np.allclose(np.zeros_like(y), y, rtol=rtol, atol=atol))
                    # what coremltools' own fp16 tolerance would have let through
                    up = (0.05, 0.5) if coreml_client.FP16[0] and rtol > 1e-6 else (rtol, atol)
                    PROBE["weak_upstream"] += bool(np.allclose(np.zeros_like(y), y, rtol=up[0], atol=up[1]))
                    if d.size:
                        m = np.abs(y[np.isfinite(y)]).max()
                        PROBE["abs"] = max(PROBE["abs"], float(d.max()))
                        PROBE["rel"] = max(PROBE["rel"], float(d.max() / m) if m > 0 else 0.0)
        except (TypeError, ValueError):
            pass
    return _allclose(actual, desired, rtol, atol, *a, **k)


np.testing.assert_allclose = _probe


# ------------------------------------------------------------------ pytest hooks


@pytest.hookimpl(tryfirst=True)
def pytest_make_parametrize_id(config, val, argname):
    """Readable ids as coremltools makes them, but none that change from run to run (object
    addresses, random arrays, newlines): those fall back to pytest's argname + index."""
    s = "{}={}".format(argname, str(val))
    unstable = " at 0x" in s or "array(" in s or "tensor(" in s or "\n" in s or len(s) > 300
    return None if unstable else s


def pytest_collectstart(collector):
    # module-level random parametrisations: same values whatever else is collected
    if isinstance(collector, pytest.Module):
        np.random.seed(1984)
        import random
        random.seed(1984)


def pytest_collection_modifyitems(config, items):
    dump = os.environ.get("COREML_TEST_DUMP_IDS")
    if dump:
        with open(dump, "w") as fh:
            fh.writelines(rel_id(i) + "\n" for i in items)
    f = os.environ.get("COREML_TEST_IDS")
    n = int(os.environ.get("COREML_TEST_SAMPLE", "0"))     # keep 1 in n, chosen by hash
    cap = int(os.environ.get("COREML_TEST_SAMPLE_OVER", "0"))   # ... only in files with more tests
    if not f and not n:
        return
    want = {l.rstrip("\n") for l in open(f)} if f else None
    per = collections.Counter(str(i.fspath) for i in items)

    def ok(i):
        r = rel_id(i)
        if want is not None and r not in want:
            return False
        return not n or per[str(i.fspath)] <= cap or bucket(r, n) == 0
    sel = {id(i) for i in items if ok(i)}
    keep = [i for i in items if id(i) in sel]
    drop = [i for i in items if id(i) not in sel]
    items[:] = keep
    config.hook.pytest_deselected(items=drop)


def bucket(s, n):
    return int.from_bytes(hashlib.sha256(s.encode()).digest()[:8], "big") % n


def rel_id(item):
    """module path inside site-packages + class + name, independent of where pip put it"""
    p = str(item.fspath)
    i = p.rfind("/coremltools/")
    tail = item.nodeid.split("::", 1)[1].replace("\n", "\\n").replace("\r", "\\r")
    return (p[i + 1:] if i >= 0 else p) + "::" + tail


def pytest_runtest_setup(item):
    import random
    random.seed(0)
    np.random.seed(1984)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
    for k in coreml_client.STATS:
        coreml_client.STATS[k] = 0
    coreml_client.ERROR_LOG.clear()
    coreml_client.OPS.clear()
    coreml_client.FP16[0] = False
    coreml_client.RECORDS.clear()
    _reset_probe()
    item._coreml_t0 = time.time()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    out = yield
    rep = out.get_result()
    if rep.when != "call" and not (rep.when == "setup" and rep.outcome != "passed"):
        return
    r = {"id": rel_id(item), "outcome": rep.outcome, "t": round(call.duration, 3)}
    r.update({k: v for k, v in coreml_client.STATS.items() if v})
    r.update({k: round(v, 8) for k, v in PROBE.items() if v})
    if coreml_client.OPS:
        r["ops"] = sorted(coreml_client.OPS)
        r["fp16"] = coreml_client.FP16[0]
    if hasattr(rep, "wasxfail"):
        r["outcome"] = "xpassed" if rep.outcome == "passed" else "xfailed"
    elif rep.outcome == "skipped":
        r["why"] = str(rep.longrepr[2] if isinstance(rep.longrepr, tuple) else rep.longrepr)[:200]
    if coreml_client.RECORDS:
        coreml_client.flush_records(r["id"], rep.outcome == "passed")
    if rep.outcome == "failed":
        errs = [e for e in coreml_client.ERROR_LOG if e[0] in ("predict", "load", "new_state")]
        msg = str(call.excinfo.value) if call.excinfo else ""
        r["kind"] = classify(call.excinfo, errs)
        r["msg"] = (errs[0][2] if errs else msg)[:300]
    f = os.environ.get("COREML_TEST_REPORT")
    if f:
        with open(f, "a") as fh:
            fh.write(json.dumps(r) + "\n")


def classify(excinfo, errs):
    """engine_* : the engine refused, crashed or timed out; mismatch: wrong numbers or shapes;
    other: the test failed before or outside the engine (library drift, missing dependency)."""
    if errs:
        return "engine_" + errs[0][1]
    if excinfo is None:
        return "other"
    used = coreml_client.STATS["predict"] > 0
    if used:
        return "mismatch" if excinfo.errisinstance(AssertionError) else "after_predict"
    return "other"


def pytest_unconfigure(config):
    coreml_client.ENGINE.stop()
