"""Records the listing that huggingface_hub 2.4.0 writes: ../tree.json and ../empty.json."""
import shutil
import tempfile
from pathlib import Path

from huggingface_hub._tree_cache import TreeCacheEntry, write_tree_cache

here = Path(__file__).resolve().parent.parent
commit = "0123456789abcdef0123456789abcdef01234567"
files = {
    "config.json": TreeCacheEntry(519, "a" * 40),
    "a b/<&>'\"é\u2028\U0001f600.bin": TreeCacheEntry(2**40, "b" * 40, "c" * 64, 2**40, "d" * 64),
    "Z": TreeCacheEntry(0, "e" * 40, "f" * 64, 0),
    "z/\uffee": TreeCacheEntry(1, "1" * 40),
    "z/\U00010000": TreeCacheEntry(1, "2" * 40, xet_hash="3" * 64),
}
for name, entries in {"tree.json": files, "empty.json": {}}.items():
    with tempfile.TemporaryDirectory() as d:
        write_tree_cache(d, commit, entries)
        shutil.copyfile(f"{d}/trees/{commit}.json", here / name)
