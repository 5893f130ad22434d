"""Prints what huggingface_hub finds in a cache, and what deleting would remove.

Used by the tests: python scan.py FOLDER
"""
import json
import re
import sys
from itertools import combinations
from pathlib import Path

from huggingface_hub import scan_cache_dir

root = Path(sys.argv[1]).resolve()
info = scan_cache_dir(root)


def rel(p):
    return Path(p).relative_to(root).as_posix()


def rels(paths):
    return sorted(rel(p) for p in paths)


repos = sorted(info.repos, key=lambda r: str(r.repo_path))
out = {
    "size": info.size_on_disk,
    "repos": [
        {
            "id": r.repo_id, "kind": r.repo_type, "dir": rel(r.repo_path), "size": r.size_on_disk, "blobs": r.nb_files,
            "accessed": int(r.last_accessed), "modified": int(r.last_modified),
            "revisions": [
                {
                    "commit": v.commit_hash, "size": v.size_on_disk, "refs": sorted(v.refs), "modified": int(v.last_modified),
                    "files": [
                        [f.file_path.relative_to(v.snapshot_path).as_posix(), rel(f.blob_path), f.size_on_disk,
                         int(f.blob_last_accessed), int(f.blob_last_modified)]
                        for f in sorted(v.files, key=lambda f: f.file_path.relative_to(v.snapshot_path).as_posix())
                    ],
                }
                for v in sorted(r.revisions, key=lambda v: v.commit_hash)
            ],
        }
        for r in repos
    ],
    "unfinished": sorted([rel(f.file_path), f.size_on_disk] for f in getattr(info, "incomplete_files", [])),
    "warnings": sorted(re.search(re.escape(str(root)) + r"/([^/:)]*)", str(w)).group(1) for w in info.warnings),
    "deletions": [],
}
revisions = [(r, v) for r in repos for v in sorted(r.revisions, key=lambda v: v.commit_hash)]
for n in (1, 2):
    for some in combinations(revisions, n):
        d = info.delete_revisions(*[v.commit_hash for _, v in some])
        out["deletions"].append(
            {
                "targets": [[r.repo_type, r.repo_id, v.commit_hash] for r, v in some],
                "freed": d.expected_freed_size, "blobs": rels(d.blobs), "refs": rels(d.refs),
                "repos": rels(d.repos), "snapshots": rels(d.snapshots),
            }
        )
json.dump(out, sys.stdout, indent=1, sort_keys=True)
print()
