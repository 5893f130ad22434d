//go:build linux

package hub_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/gocoreml/coreml/hub/hubtest"
	"github.com/gocoreml/coreml/internal/testutil"
)

// disk is a small file system in memory, for the cache and the local folder.
type disk struct {
	t *testing.T
	place
}

// newDisk mounts one. Options are those of tmpfs.
func newDisk(t *testing.T, options string) disk {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("SKIP: a disk to fill can be mounted by root alone")
	}
	d := disk{t, newPlace(t)}
	if err := syscall.Mount("tmpfs", d.root, "tmpfs", 0, "mode=0755,"+options); err != nil {
		t.Skipf("SKIP: a disk to fill cannot be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(d.root, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return d
}

// remount changes its options.
func (d disk) remount(flags uintptr, options string) {
	d.t.Helper()
	if err := syscall.Mount("tmpfs", d.root, "tmpfs", syscall.MS_REMOUNT|flags, options); err != nil {
		d.t.Fatal(err)
	}
}

// finishers are who must be able to go on with a cache: ours, and Python where it is.
func finishers() []client {
	list := []client{ours}
	for _, v := range versions {
		if program := filepath.Join(os.Getenv(pythonsEnv), v, "bin", "python"); os.Getenv(pythonsEnv) != "" && exists(program) {
			list = append(list, client{v, []string{program, "driver.py"}})
		}
	}
	return list
}

func TestAFullDiskLeavesAValidCache(t *testing.T) {
	for name, options := range map[string]string{
		"too small for one file":  "size=2m",
		"too small for all files": "size=4m",
		"no more names":           "size=64m,nr_inodes=14",
	} {
		for form := range forms {
			for _, finisher := range finishers() {
				t.Run(name+"/"+form+"/"+finisher.name, func(t *testing.T) {
					server := slow(t, 10*usual)
					want := clean(t, server, form)
					d := newDisk(t, options)
					a := start(t, ours, server).do(d.in(slowSnapshot(form)))
					if a.Error != "disk full" {
						t.Errorf("got %q (%s), want disk full", a.Error, a.Text)
					}
					t.Log(a.Text)
					whole(t, want, treeOf(t, d.root))
					d.remount(0, "size=64m,nr_inodes=1000")
					finish(t, finisher, server, d, form, want)
				})
			}
		}
	}
}

// finish has a client finish what was interrupted.
func finish(t *testing.T, c client, server *hubtest.Server, d disk, form string, want tree) {
	t.Helper()
	start(t, c, server).must(d.in(slowSnapshot(form)))
	got := treeOf(t, d.root)
	if c.python() {
		want, got = want.older(), got.older()
	}
	if diff := differences(want, got); diff != "" {
		t.Errorf("after a single download, and after %s has gone on:\n%s", c.name, diff)
	}
}

// TestAReadOnlyCacheIsRead uses one that cannot be written to, by root either.
func TestAReadOnlyCacheIsRead(t *testing.T) {
	for form := range forms {
		for _, finisher := range finishers() {
			t.Run(form+"/"+finisher.name, func(t *testing.T) {
				server := slow(t, 10*usual)
				want := clean(t, server, form)
				d := newDisk(t, "size=64m")
				mine := start(t, ours, server)
				some := slowSnapshot(form)
				some.Allow = []string{"*.json"}
				mine.must(d.in(some))
				d.remount(syscall.MS_RDONLY, "")
				before := treeOf(t, d.root)

				if a := mine.do(d.in(some)); a.Error != "" {
					t.Errorf("what is there: %s", a.Text)
				}
				if a := mine.do(d.in(slowSnapshot(form))); a.Error != "read-only" {
					t.Errorf("what is not there: got %q (%s), want read-only", a.Error, a.Text)
				}
				offline := start(t, ours, server, "HF_HUB_OFFLINE=1")
				if a := offline.do(d.in(some)); a.Error != "" {
					t.Errorf("without the network: %s", a.Text)
				}
				if a := offline.do(d.in(slowSnapshot(form))); a.Error != "incomplete" {
					t.Errorf("what is not there, without the network: got %q (%s), want incomplete", a.Error, a.Text)
				}
				if diff := differences(before, treeOf(t, d.root)); diff != "" {
					t.Errorf("it changed:\n%s", diff)
				}
				d.remount(0, "")
				finish(t, finisher, server, d, form, want)
			})
		}
	}
}

// nobody is a user without rights.
const nobody = 65534

// TestACacheOfAnotherUserIsRead has an ordinary user read what belongs to root.
func TestACacheOfAnotherUserIsRead(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIP: root alone can be another user")
	}
	server := slow(t, 10*usual)
	root := testutil.OpenDir(t)
	p := place{root}
	some := slowSnapshot("cache")
	some.Allow = []string{"*.json"}
	start(t, ours, server).must(p.in(some))

	w := startAs(t, nobody, server, filepath.Join(root, "client"))
	before := treeOf(t, p.cache())
	if a := w.do(p.in(some)); a.Error != "" {
		t.Errorf("what is there: %s", a.Text)
	}
	if a := w.do(p.in(slowSnapshot("cache"))); a.Error != "read-only" {
		t.Errorf("what is not there: got %q (%s), want read-only", a.Error, a.Text)
	}
	if diff := differences(before, treeOf(t, p.cache())); diff != "" {
		t.Errorf("it changed:\n%s", diff)
	}
}

// startAs runs ours as another user, from a copy of this program that everybody may
// run.
func startAs(t *testing.T, user uint32, server *hubtest.Server, program string) *worker {
	t.Helper()
	from, err := os.Open(ours.program[0])
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(program, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return run(t, client{ours.name, []string{program}}, server, func(cmd *exec.Cmd) {
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	})
}
