package storage_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"unsafe"

	"github.com/gocoreml/coreml/internal/storage"
)

// TestADeviceIsWrittenInto uses a terminal of its own, which nothing else has.
func TestADeviceIsWrittenInto(t *testing.T) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	defer master.Close() //nolint:errcheck // the test is over
	var locked, number int32
	for request, p := range map[uintptr]*int32{syscall.TIOCSPTLCK: &locked, syscall.TIOCGPTN: &number} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(unsafe.Pointer(p))); errno != 0 {
			t.Skipf("no terminals here: %v", errno)
		}
	}
	device := fmt.Sprintf("/dev/pts/%d", number)
	before, err := os.Lstat(device)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	name := filepath.Join(t.TempDir(), "link")
	link(t, device, name)
	if err := storage.WriteFile(t.Context(), name, text("shown")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 100)
	n, err := master.Read(got)
	if err != nil || !bytes.HasPrefix(got[:n], []byte("shown")) {
		t.Errorf("the terminal got %q, %v", got[:n], err)
	}
	isLink(t, name, device)
	if after, err := os.Lstat(device); err != nil || !os.SameFile(before, after) || after.Mode() != before.Mode() {
		t.Errorf("the device is %v, %v now", after, err)
	}
}

// TestAnOpenFileIsWrittenInto: /proc/self/fd holds links to what is open, whatever
// has become of the names.
func TestAnOpenFileIsWrittenInto(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // the test is over
	if err := storage.WriteFile(t.Context(), fmt.Sprintf("/proc/self/fd/%d", f.Fd()), text("into it")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 100)
	n, err := f.ReadAt(got, 0)
	if string(got[:n]) != "into it" {
		t.Errorf("the open file holds %q, %v", got[:n], err)
	}
}

// TestStandardOutputIsAppendedTo: a script may have written to the file before,
// and may go on afterwards.
func TestStandardOutputIsAppendedTo(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // the test is over
	stdout := os.Stdout
	defer func() { os.Stdout = stdout }()
	os.Stdout = f
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), link); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"before ", "and "} {
		if _, err := f.WriteString(s); err != nil {
			t.Fatal(err)
		}
		if err := storage.WriteFile(t.Context(), link, text("into it ")); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(f.Name())
	if string(got) != "before into it and into it " {
		t.Errorf("the output holds %q, %v", got, err)
	}
}
