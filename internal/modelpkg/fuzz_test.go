package modelpkg_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// fence notices every file that is opened outside the package.
type fence struct {
	fs.FS
	t *testing.T
}

func (f fence) Open(name string) (fs.File, error) {
	if name != "m.mlpackage" && !strings.HasPrefix(name, "m.mlpackage/") || strings.ContainsAny(name, `\:`) {
		f.t.Errorf("%q was opened", name)
	}
	return f.FS.Open(name)
}

func FuzzManifest(f *testing.F) {
	f.Add(manifest("com.apple.CoreML/model.mlmodel", "com.apple.CoreML/weights"))
	f.Add(manifest("../x"))
	f.Add(manifest("/x", `c:\x`))
	f.Fuzz(func(t *testing.T, data []byte) {
		fsys := files()
		fsys[manifestFile] = &fstest.MapFile{Data: data}
		p, err := modelpkg.Open(fence{fsys, t}, "m.mlpackage")
		if err != nil {
			return
		}
		defer p.Close()
		_, _ = p.Weights()
		_, _ = p.Blob(modelpkg.WeightFileName, 64)
	})
}

func FuzzBlob(f *testing.F) {
	f.Add(weights(), uint64(64), modelpkg.WeightFileName)
	f.Add(weights(), uint64(256), "@model_path/weights/weight.bin")
	f.Add([]byte{}, uint64(1<<63), "@model_path/../x")
	f.Fuzz(func(t *testing.T, data []byte, offset uint64, name string) {
		fsys := files()
		fsys[weightFile] = &fstest.MapFile{Data: data}
		p, err := modelpkg.Open(fence{fsys, t}, "m.mlpackage")
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		_, _ = p.Blob(name, offset)
		b, err := p.Blob(modelpkg.WeightFileName, offset)
		if err != nil {
			return
		}
		if b.DType == dtype.Invalid || len(b.Data) > len(data) || cap(b.Data) != len(b.Data) {
			t.Fatalf("blob of %v with %d bytes of a file of %d", b.DType, len(b.Data), len(data))
		}
		if n := len(b.Data) * 8 / b.DType.Bits(); b.Padding < 0 && !b.Holds(n) {
			t.Fatalf("blob of %v does not hold its %d elements", b.DType, n)
		}
	})
}
