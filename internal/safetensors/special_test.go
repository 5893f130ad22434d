//go:build linux || darwin

package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

func TestWhatIsNoFileIsRefusedAtOnce(t *testing.T) {
	dir := t.TempDir()
	pipe, folder, device := filepath.Join(dir, "pipe.safetensors"), filepath.Join(dir, "folder.safetensors"), filepath.Join(dir, "device.safetensors")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o600), os.Mkdir(folder, 0o700), os.Symlink(os.DevNull, device)); err != nil {
		t.Skipf("not here: %v", err)
	}
	for _, name := range []string{"pipe.safetensors", "folder.safetensors", "device.safetensors"} {
		done := make(chan error, 1)
		go func() {
			_, err := safetensors.Open(os.DirFS(dir), name)
			done <- err
		}()
		select {
		case err := <-done:
			if !errors.Is(err, storage.ErrNotRegular) {
				t.Errorf("%s: got %v", name, err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: the open waits", name)
		}
	}
}

func TestAFileOfAnotherKindIsToldApart(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"pointer": "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 48927\n", "text": "1, 2, 3", "npz": "PK\x03\x04 and so on", "empty": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := safetensors.Open(os.DirFS(dir), name); !errors.Is(err, storage.ErrWrongFile) || !errors.Is(err, safetensors.ErrFormat) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAMissingTensorIsAnsweredWithWhatThereIs(t *testing.T) {
	var b bytes.Buffer
	if err := safetensors.Write(&b, []safetensors.Named{{Name: "y", Tensor: tensor.Vector[float32](1)}}, nil); err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.New(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Tensor("x")
	if want := `the file has no tensor "x"; it has "y"`; !errors.Is(err, fs.ErrNotExist) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestHeadersTakeNoManyTimesTheirSize gives headers that were made to.
func TestHeadersTakeNoManyTimesTheirSize(t *testing.T) {
	for name, text := range map[string]string{
		"a shape of many sizes": `{"a":{"dtype":"F32","shape":[` + strings.Repeat("0,", 1<<20) + `0],"data_offsets":[0,0]}}`,
		"many tensors":          "{" + strings.Join(tensorEntries(1<<17+1), ",") + "}",
		"much metadata":         `{"__metadata__":{` + strings.Repeat(`"a":"",`, 3<<20) + `"b":""}}`,
	} {
		t.Run(name, func(t *testing.T) {
			raw := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
			raw = append(raw, text...)
			_, err := safetensors.New(bytes.NewReader(raw), int64(len(raw)))
			if !errors.Is(err, safetensors.ErrFormat) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func tensorEntries(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`"%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`, i)
	}
	return list
}
