//go:build linux || darwin

package coreml_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gocoreml/coreml/coreml"
)

// special makes what is no file at a path.
var special = map[string]struct {
	put  func(name string) error
	want error // nil: any error
}{
	"a named pipe": {func(name string) error { return syscall.Mkfifo(name, 0o600) }, coreml.ErrNotRegular},
	"a link to a named pipe": {func(name string) error {
		return errors.Join(syscall.Mkfifo(name+"~", 0o600), os.Symlink(name+"~", name))
	}, coreml.ErrNotRegular},
	"a socket":            {listen, coreml.ErrNotRegular},
	"a device":            {func(name string) error { return os.Symlink(os.DevNull, name) }, coreml.ErrNotRegular}, // only ever asked what it is
	"a folder":            {func(name string) error { return os.Mkdir(name, 0o700) }, coreml.ErrNotRegular},
	"a link into nothing": {func(name string) error { return os.Symlink("nowhere", name) }, fs.ErrNotExist},
	"a loop of links":     {func(name string) error { return os.Symlink(filepath.Base(name), name) }, syscall.ELOOP},
	"nothing":             {func(string) error { return nil }, fs.ErrNotExist},
}

// listen leaves a socket behind. Its path may be short only, so it is made in
// the folder itself.
func listen(name string) error {
	old, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := os.Chdir(filepath.Dir(name)); err != nil {
		return err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Base(name), Net: "unix"})
	if err != nil {
		return errors.Join(err, os.Chdir(old))
	}
	l.SetUnlinkOnClose(false)
	return errors.Join(l.Close(), os.Chdir(old))
}

// TestWhatIsNoFileIsRefusedAtOnce would hang on pipes.
func TestWhatIsNoFileIsRefusedAtOnce(t *testing.T) {
	for _, place := range []string{"", "Manifest.json", "Data/com.apple.CoreML/model.mlmodel", "Data/com.apple.CoreML/weights/weight.bin"} {
		for kind, s := range special {
			t.Run(filepath.Base(place)+" is "+kind, func(t *testing.T) {
				root := t.TempDir()
				dir := filepath.Join(root, "m.mlpackage")
				name := filepath.Join(dir, place)
				if place != "" {
					if err := os.CopyFS(dir, os.DirFS(filepath.Join(fixture, "model.mlpackage"))); err != nil {
						t.Fatal(err)
					}
					if err := os.Remove(name); err != nil {
						t.Fatal(err)
					}
				}
				if err := s.put(name); err != nil {
					t.Skipf("not here: %v", err)
				}
				want := s.want
				if kind == "a folder" && place == "" || want == fs.ErrNotExist && place == "Manifest.json" {
					want = coreml.ErrNotPackage
				}
				for how, load := range map[string]func(context.Context) (*coreml.Model, error){
					"Load": func(ctx context.Context) (*coreml.Model, error) { return coreml.Load(ctx, dir, portable) },
					"LoadFS": func(ctx context.Context) (*coreml.Model, error) {
						return coreml.LoadFS(ctx, os.DirFS(root), "m.mlpackage", portable)
					},
				} {
					refused(t, how, load, want, "m.mlpackage", filepath.Base(place))
				}
			})
		}
	}
}

// refused wants an error, at once, that is want and names the package once and
// the file in it.
func refused(t *testing.T, how string, load func(context.Context) (*coreml.Model, error), want error, pkg, file string) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := load(t.Context())
		done <- err
	}()
	select {
	case err := <-done:
		switch {
		case !errors.Is(err, want):
			t.Errorf("%s: got %v, want %v", how, err, want)
		case strings.Count(err.Error(), pkg) != 1:
			t.Errorf("%s: the error names the package %d times: %v", how, strings.Count(err.Error(), pkg), err)
		case file != "." && !strings.Contains(err.Error(), file):
			t.Errorf("%s: the error does not name %s: %v", how, file, err)
		}
	case <-time.After(time.Minute):
		t.Fatalf("%s hangs", how)
	}
}
