package cache

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// TestALinkThatVanishesIsNotThere has links deleted while they are followed, and a real
// circle, which stays an error of its own.
func TestALinkThatVanishesIsNotThere(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	link, circle := filepath.Join(dir, "link"), filepath.Join(dir, "circle")
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "file"), nil, 0o600), os.Symlink("circle", circle)); err != nil {
		t.Skipf("SKIPPED: %s needs links: %v", t.Name(), err)
	}
	if _, err := statLinked(root, "circle"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a circle of links gave %v", err)
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				_ = os.Symlink("file", link)
				_ = os.Remove(link)
			}
		}
	})
	for range 100_000 {
		if _, err := statLinked(root, "link"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a link that was deleted meanwhile gave %v (a circle: %v)", err, errors.Is(err, syscall.ELOOP))
			break
		}
	}
	close(done)
	wg.Wait()
}
