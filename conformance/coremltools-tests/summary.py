"""summary.py REPORT.jsonl [IDS] : counts, failure kinds, per module, weakness, timing."""
import collections, json, sys
rows = {}
for l in open(sys.argv[1]):
    r = json.loads(l)
    rows[r["id"]] = r
want = [l.rstrip("\n") for l in open(sys.argv[2])] if len(sys.argv) > 2 else list(rows)
C = collections.Counter
oc = C(r["outcome"] for r in rows.values())
missing = [i for i in want if i not in rows]
real = [r for r in rows.values() if r.get("predict") and r["outcome"] == "passed"]
solid = [r for r in real if r.get("cmp", 0) > r.get("weak", 0)]
kinds = C(r.get("kind", "?") for r in rows.values() if r["outcome"] == "failed")
eng = sum(v for k, v in kinds.items() if k.startswith(("engine_", "mismatch", "after_predict")))
print("ids %d  passed %d  failed %d (engine or numbers %d, other %d)  skipped %d  xfailed %d  xpassed %d  not-run %d" % (
    len(want), oc["passed"], oc["failed"], eng, oc["failed"] - eng, oc["skipped"], oc["xfailed"], oc["xpassed"], len(missing)))
print("passed with a prediction: %d, of which compared against numbers a zero answer fails: %d" % (len(real), len(solid)))
print("failure kinds:", dict(kinds))
if rows:
    m = collections.defaultdict(C)
    for r in rows.values():
        k = r["id"].split("::")[0].replace("coremltools/converters/mil/", "")
        m[k][r["outcome"]] += 1
        m[k]["predict"] += bool(r.get("predict"))
        m[k]["t"] += r["t"]
    for k in sorted(m):
        print("  %-62s" % k, " ".join("%s=%s" % (a, round(m[k][a])) for a in ("passed", "failed", "skipped", "xfailed", "predict", "t") if m[k][a]))
uns = C(r["msg"] for r in rows.values() if r["outcome"] == "failed" and r.get("kind") == "engine_unsupported")
for k, v in uns.most_common(30):
    print("  unsupported %4d  %s" % (v, k[:100]))
sys.exit(1 if oc["failed"] or missing else 0)
