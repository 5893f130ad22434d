package milpb_test

import (
	"bytes"
	"errors"
	"runtime"
	"testing"

	"github.com/gocoreml/coreml/internal/milpb"
)

// FuzzDecodeModel wants an error or a model for every file, and repeats each
// file's fields so that what costs memory costs much of it.
func FuzzDecodeModel(f *testing.F) {
	f.Add([]byte{0x08, 9})
	f.Add(bytesField(2, bytesField(100, bytesField(1, []byte("text")))))
	f.Add(bytesField(2, bytesField(1, bytesField(1, []byte("x")))))
	f.Add(bytesField(502, bytesField(2, bytesField(2, bytesField(3, bytesField(2, bytesField(3, nil)))))))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 || len(data) > 1<<12 {
			return
		}
		many := bytes.Repeat(data, (1<<16)/len(data))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := milpb.DecodeModel(many)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 256<<20 {
			t.Fatalf("%d bytes took %d MiB", len(many), used>>20)
		}
		if err != nil {
			if _, ok := errors.AsType[*milpb.FormatError](err); !ok {
				t.Fatalf("error %v has no place", err)
			}
			return
		}
		if _, err := milpb.DecodeModel(m.Encode()); err != nil && !errors.Is(err, milpb.ErrBudget) && !errors.Is(err, milpb.ErrMetadata) {
			t.Fatalf("what was written is not read: %v", err)
		}
	})
}
