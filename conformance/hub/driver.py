"""Do with huggingface_hub what commands say: one JSON object a line on standard input,
one answer a line on standard output. worker_test.go describes both."""
import json
import os
import sys

os.environ["HF_HUB_DISABLE_XET"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

import huggingface_hub as hub  # noqa: E402, after its environment
from huggingface_hub import errors  # noqa: E402
from huggingface_hub.utils import filter_repo_objects, logging  # noqa: E402

logging.set_verbosity_error()

# Names of errors, a narrower class before a wider one.
KINDS = [
    ("gated", "GatedRepoError"),
    ("repository", "RepositoryNotFoundError"),
    ("revision", "RevisionNotFoundError"),
    ("disabled", "DisabledRepoError"),
    ("incomplete", "IncompleteSnapshotError"),
    ("not cached", "LocalEntryNotFoundError"),
    ("entry", "EntryNotFoundError"),
]


def kind(error):
    for name, cls in KINDS:
        if isinstance(error, getattr(errors, cls, ())):
            return name
    return "other"


def common(c):
    return {"repo_type": c.get("type") or None, "revision": c.get("revision") or None, "cache_dir": c["cache"],
            "local_dir": c.get("local_dir") or None, "force_download": c.get("force", False)}


def snapshot(c):
    return {"path": hub.snapshot_download(c["id"], allow_patterns=c.get("allow"), ignore_patterns=c.get("ignore"), **common(c))}


def download(c):
    return {"path": hub.hf_hub_download(c["id"], c["file"], **common(c))}


def scan(c):
    info = hub.scan_cache_dir(c["cache"])
    repos = [{"kind": r.repo_type, "id": r.repo_id, "size": r.size_on_disk, "blobs": r.nb_files,
              "modified": round(r.last_modified, 3), "accessed": round(r.last_accessed, 3),
              "revisions": sorted(({"commit": v.commit_hash, "size": v.size_on_disk, "refs": sorted(v.refs),
                                    "modified": round(v.last_modified, 3),
                                    "files": sorted([f.file_path.relative_to(v.snapshot_path).as_posix(), f.size_on_disk] for f in v.files)}
                                   for v in r.revisions), key=lambda v: v["commit"])}
             for r in info.repos]
    return {"scan": {"size": info.size_on_disk, "warnings": len(info.warnings), "repos": sorted(repos, key=lambda r: (r["kind"], r["id"]))}}


def delete(c):
    plan = hub.scan_cache_dir(c["cache"]).delete_revisions(*c["commits"])
    plan.execute()
    return {"freed": plan.expected_freed_size}


def choose(c):
    return {"names": list(filter_repo_objects(c["names"], allow_patterns=c.get("allow"), ignore_patterns=c.get("ignore")))}


def main():
    print(json.dumps({"path": hub.__version__}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = {"snapshot": snapshot, "download": download, "scan": scan, "delete": delete, "choose": choose}[command["op"]](command)
        except Exception as e:  # whatever class it is of
            answer = {"error": kind(e), "text": f"{type(e).__name__}: {e}"[:600]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
