package cache_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/hub/internal/cache"
	"github.com/gocoreml/coreml/internal/storage"
)

// linkedPackage makes a snapshot with a package of links, one of them to a blob of
// the shared store.
func linkedPackage(t *testing.T) (r *cache.Repo, pkg string) {
	t.Helper()
	r = open(t, t.TempDir(), cache.Options{})
	put(t, r, commit, "m.mlpackage/Manifest.json", "{}")
	put(t, r, commit, "m.mlpackage/Data/w.bin", "weights")
	dir := filepath.Dir(r.Dir())
	store := filepath.Join(dir, "blobs", "ab", strings.Repeat("ab", 32))
	must(t, os.MkdirAll(filepath.Dir(store), 0o755))
	must(t, os.Rename(r.BlobPath(sha("weights")), store))
	must(t, os.Symlink(filepath.Join("..", "..", "blobs", "ab", filepath.Base(store)), r.BlobPath(sha("weights"))))
	return r, filepath.Join(r.SnapshotDir(commit), "m.mlpackage")
}

func TestLinksBecomeFiles(t *testing.T) {
	r, pkg := linkedPackage(t)
	if linked, err := storage.HasLinks(t.Context(), pkg); !linked || err != nil {
		t.Error(linked, err)
	}
	for _, independent := range []bool{false, true} {
		dst := filepath.Join(t.TempDir(), "out.mlpackage")
		for range 2 { // the second time it is there
			must(t, cache.Materialize(t.Context(), pkg, dst, independent))
		}
		if linked, err := storage.HasLinks(t.Context(), dst); linked || err != nil {
			t.Error(linked, err)
		}
		for name, want := range map[string]string{"Manifest.json": "{}", "Data/w.bin": "weights"} {
			if got, err := os.ReadFile(filepath.Join(dst, name)); err != nil || string(got) != want {
				t.Errorf("%s: %q %v", name, got, err)
			}
		}
		if names, _ := os.ReadDir(filepath.Dir(dst)); len(names) != 1 {
			t.Errorf("something is left: %v", names)
		}
		if independent {
			must(t, os.WriteFile(filepath.Join(dst, "Data", "w.bin"), []byte("changed"), 0o644))
			p, _, _ := r.Pointer(commit, "m.mlpackage/Data/w.bin")
			if got, _ := os.ReadFile(p); string(got) != "weights" {
				t.Errorf("the cache has %q", got)
			}
		}
	}
	// One file.
	dst := filepath.Join(t.TempDir(), "w.bin")
	must(t, cache.Materialize(t.Context(), filepath.Join(pkg, "Data", "w.bin"), dst, false))
	if info, err := os.Lstat(dst); err != nil || !info.Mode().IsRegular() || info.Size() != 7 {
		t.Error(info, err)
	}
}

func TestWhatIsThereIsNotReplaced(t *testing.T) {
	_, pkg := linkedPackage(t)
	for _, change := range []func(dst string) error{
		func(dst string) error { return os.Remove(filepath.Join(dst, "Manifest.json")) },
		func(dst string) error { return os.WriteFile(filepath.Join(dst, "more"), nil, 0o644) },
		func(dst string) error {
			return errors.Join(os.Remove(filepath.Join(dst, "Manifest.json")), os.WriteFile(filepath.Join(dst, "Manifest.json"), []byte("[]"), 0o644))
		},
		func(dst string) error {
			return errors.Join(os.RemoveAll(dst), os.WriteFile(dst, []byte("a file"), 0o644))
		},
		func(dst string) error { return errors.Join(os.RemoveAll(dst), os.Mkdir(dst, 0o755)) },
		func(dst string) error { return errors.Join(os.RemoveAll(dst), os.Symlink("nowhere", dst)) },
	} {
		dst := filepath.Join(t.TempDir(), "out")
		must(t, cache.Materialize(t.Context(), pkg, dst, true))
		must(t, change(dst))
		before := dump(t, filepath.Dir(dst))
		if err := cache.Materialize(t.Context(), pkg, dst, true); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%v", err)
		}
		if after := dump(t, filepath.Dir(dst)); after != before {
			t.Errorf("was\n%sis\n%s", before, after)
		}
	}
}

func TestLinksThatLeadElsewhereAreRefused(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(secret, []byte("x"), 0o600))
	for name, target := range map[string]string{
		"absolute": secret, "relative": "../../../../../../../../../../../../../../../.." + secret, "dangling": "nothing",
		"folder": "../Data", "itself": "itself",
	} {
		_, pkg := linkedPackage(t)
		must(t, os.Symlink(target, filepath.Join(pkg, "Data", name)))
		dst := filepath.Join(t.TempDir(), "out")
		if err := cache.Materialize(t.Context(), pkg, dst, false); err == nil {
			t.Errorf("%s: no error", name)
		}
		if names, _ := os.ReadDir(filepath.Dir(dst)); len(names) != 0 {
			t.Errorf("%s: something is left: %v", name, names)
		}
	}
	// Out of a cache a folder's links stay in it.
	plain := t.TempDir()
	must(t, os.WriteFile(filepath.Join(plain, "real"), []byte("x"), 0o644))
	must(t, os.Symlink("real", filepath.Join(plain, "inside")))
	must(t, cache.Materialize(t.Context(), plain, filepath.Join(t.TempDir(), "out"), false))
	must(t, os.Symlink("../"+filepath.Base(filepath.Dir(secret))+"/secret", filepath.Join(plain, "outside")))
	if err := cache.Materialize(t.Context(), plain, filepath.Join(t.TempDir(), "out"), false); err == nil {
		t.Error("no error")
	}
}

func TestManyMaterializeAtOnce(t *testing.T) {
	_, pkg := linkedPackage(t)
	dst := filepath.Join(t.TempDir(), "out")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := cache.Materialize(t.Context(), pkg, dst, false); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if names, _ := os.ReadDir(filepath.Dir(dst)); len(names) != 1 {
		t.Errorf("something is left: %v", names)
	}
}

func TestMaterializingEndsWithItsContext(t *testing.T) {
	_, pkg := linkedPackage(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dst := filepath.Join(t.TempDir(), "out")
	if err := cache.Materialize(ctx, pkg, dst, false); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	gone(t, dst)
}
