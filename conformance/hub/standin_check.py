"""Ask the stand-in hub for everything that clients ask of the Hub, through Python's
huggingface_hub, and compare what comes with what the stand-in was told to serve.

    go run ./conformance/hub/standin -scenario conformance/hub/matrix.json
    HF_ENDPOINT=http://127.0.0.1:PORT python standin_check.py

PORT is that of "hub" in what the first command prints. Runs with huggingface_hub
2.4.0 and 0.36.2, whose answers to the faults differ: MATRIX has both. Prints one
line a check and fails where one does.
"""
import hashlib
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="standin-check-")
os.environ["HF_HUB_DISABLE_XET"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

import huggingface_hub as hub  # noqa: E402, after its environment
from huggingface_hub.utils import logging  # noqa: E402

logging.set_verbosity_error()
NEW = int(hub.__version__.split(".")[0]) >= 2
MODEL, WEIGHT = "model.safetensors", "X.mlpackage/Data/com.apple.CoreML/weights/weight.bin"
TEXTS = {"config.json": b'{"model_type":"toy"}\n', "sub/vocab.txt": b"a\nb\n", "README.md": b"# hi\n"}
SIZES = {MODEL: 3000000, WEIGHT: 1000003}

# What a snapshot of each repository ends with, by 2.4.0 and by 0.36.2: "ok", "wrong" for
# an ok with other bytes, or the class of the error.
MATRIX = {
    "none": ("ok", "ok"),
    "moved": ("ok", "ok"),
    "resolve-cache": ("ok", "ok"),
    "weak": ("ok", "ok"),
    "xet": ("ok", "ok"),
    "compressed": ("ok", "ok"),
    "unavailable-twice": ("HfHubHTTPError", "ok"),
    "busy-once": ("ok", "HfHubHTTPError"),
    "cut-twice": ("ok", "ChunkedEncodingError"),
    "cut-no-range": ("ok", "ChunkedEncodingError"),
    "cut-always": ("RemoteProtocolError", "ChunkedEncodingError"),
    "short": ("OSError", "OSError"),
    "flipped": ("wrong", "wrong"),
    "gated": ("GatedRepoError", "GatedRepoError"),
    "missing": ("RepositoryNotFoundError", "RepositoryNotFoundError"),
    "error-always": ("HfHubHTTPError", "HTTPError"),
}
failed = []


def check(name, got, want):
    ok = got == want
    print("ok  " if ok else "FAIL", name, "" if ok else f"got {got!r}, want {want!r}")
    if not ok:
        failed.append(name)


def blob(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def content(folder):
    """What lies in a snapshot: texts whole, the others by size and hash."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            name, data = path.relative_to(folder).as_posix(), path.read_bytes()
            found[name] = data if name in TEXTS else (len(data), hashlib.sha256(data).hexdigest())
    return found


def questions(api):
    """Everything but downloads."""
    info = api.model_info("matrix/none", files_metadata=True)
    lfs = {s.rfilename: s.lfs["sha256"] for s in info.siblings if s.lfs}
    names = sorted([*TEXTS, *SIZES])
    check("list_repo_files", sorted(api.list_repo_files("matrix/none")), names)
    check("model_info: files", sorted(s.rfilename for s in info.siblings), names)
    check("model_info: blobs", {s.rfilename: s.blob_id for s in info.siblings if s.rfilename in TEXTS}, {n: blob(d) for n, d in TEXTS.items()})
    tree = list(api.list_repo_tree("matrix/none", recursive=True, expand=True))
    check("list_repo_tree: lfs", {f.path: f.lfs.sha256 for f in tree if getattr(f, "lfs", None)}, lfs)
    check("list_repo_tree: commits", {f.last_commit.oid for f in tree}, {info.sha})
    check("list_repo_tree: folder", [f.path for f in api.list_repo_tree("matrix/none", "sub")], ["sub/vocab.txt"])
    refs = api.list_repo_refs("matrix/none", include_pull_requests=True)
    check("list_repo_refs", [(b.name, b.target_commit) for b in refs.branches], [("main", info.sha)])
    paths = api.get_paths_info("matrix/none", ["sub", "config.json", "none"])
    check("get_paths_info", sorted(p.path for p in paths), ["config.json", "sub"])
    check("list_repo_commits", [c.commit_id for c in api.list_repo_commits("matrix/none")], [info.sha])
    check("whoami", api.whoami(token="hf_alice")["name"], "alice")
    check("file_exists", [api.file_exists("matrix/none", n) for n in ("config.json", "no")], [True, False])
    check("revision_exists", [api.revision_exists("matrix/none", r) for r in ("main", "no")], [True, False])
    return lfs


def downloads(lfs):
    """Single files, revisions that are not there, and offline use of what was fetched."""
    for name in [*TEXTS, MODEL]:
        data = Path(hub.hf_hub_download("matrix/none", name)).read_bytes()
        got = data if name in TEXTS else hashlib.sha256(data).hexdigest()
        check("hf_hub_download " + name, got, TEXTS.get(name) or lfs[name])
    for name, call in {
        "EntryNotFound": lambda: hub.hf_hub_download("matrix/none", "no.json"),
        "RevisionNotFound": lambda: hub.snapshot_download("matrix/none", revision="no"),
    }.items():
        check(name, name in outcome(call), True)
    folder = hub.snapshot_download("matrix/none")
    check("offline", hub.snapshot_download("matrix/none", local_files_only=True), folder)


def outcome(call):
    try:
        call()
    except Exception as e:  # whatever class it is of
        return type(e).__name__
    return "ok"


def matrix(want):
    for name, outcomes in MATRIX.items():
        start, got = time.time(), []
        end = outcome(lambda: got.append(hub.snapshot_download("matrix/" + name, max_workers=4)))
        if end == "ok" and content(got[0]) != want:
            end = "wrong"
        check(f"{name} ({time.time() - start:.1f} s)", end, outcomes[0 if NEW else 1])


def main():
    print("huggingface_hub", hub.__version__, "at", os.environ["HF_ENDPOINT"])
    lfs = questions(hub.HfApi())
    downloads(lfs)
    matrix({**TEXTS, **{n: (SIZES[n], lfs[n]) for n in SIZES}})
    if failed:
        sys.exit(f"{len(failed)} checks failed: {', '.join(failed)}")


main()
