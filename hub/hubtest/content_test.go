package hubtest_test

import (
	"io"
	"testing"
	"testing/fstest"
	"testing/iotest"

	"github.com/gocoreml/coreml/hub/hubtest"
)

func TestAnFSIsAFileSystem(t *testing.T) {
	fsys := hubtest.FS{"a": hubtest.Text("a"), "b/c/d": hubtest.Text(""), "b/e": hubtest.Pattern{Size: 1234}, "../out": hubtest.Text("x")}
	if err := fstest.TestFS(fsys, "a", "b/c/d", "b/e"); err != nil {
		t.Fatal(err)
	}
	if _, err := fsys.Open("../out"); err == nil {
		t.Error("a name that is not valid was opened")
	}
}

func TestAPatternIsTheSameHoweverItIsRead(t *testing.T) {
	p := hubtest.Pattern{Size: 1003, Seed: 5}
	whole := pattern(t, p)
	if len(whole) != 1003 {
		t.Fatalf("%d bytes", len(whole))
	}
	if err := iotest.TestReader(p.Reader(), []byte(whole)); err != nil {
		t.Error(err)
	}
	for off := range int64(20) {
		for n := range int64(20) {
			got, err := io.ReadAll(io.NewSectionReader(p, off, n))
			if err != nil || string(got) != whole[off:off+n] {
				t.Fatalf("%d bytes at %d: %q and %v", n, off, got, err)
			}
		}
	}
	if other := pattern(t, hubtest.Pattern{Size: 1003, Seed: 6}); other == whole {
		t.Error("another seed gives the same")
	}
}

func BenchmarkPattern(b *testing.B) {
	p := hubtest.Pattern{Size: 1 << 40}
	buf := make([]byte, 1<<20)
	b.SetBytes(int64(len(buf)))
	for b.Loop() {
		if _, err := p.ReadAt(buf, 3); err != nil {
			b.Fatal(err)
		}
	}
}
