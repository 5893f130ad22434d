package checkpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
)

// Checkpoint is an open checkpoint. Its fields may be read by many goroutines.
type Checkpoint struct {
	// Name is that of the folder or file, without a path or an ending.
	Name string
	// Form says how the weights are stored, for people: "safetensors", "GGUF, Q4_0".
	Form string
	// Config is the configuration in the words of config.json: a JSON object.
	Config json.RawMessage
	// Tensors are the weights by the names that transformers gives them.
	Tensors map[string]Tensor
	// Files are the contents of the files that belong beside the converted model, by
	// name: those of the tokenizer and generation_config.json.
	Files map[string][]byte

	close func() error
}

// Close releases the files behind the tensors, which are of no use afterwards.
func (c *Checkpoint) Close() error {
	if c.close == nil {
		return nil
	}
	close := c.close
	c.close = nil
	return close()
}

// Open opens the checkpoint at path: a folder with config.json and safetensors files,
// or a GGUF file. It reads descriptions, no weights. An error about the content wraps
// [ErrFormat].
func Open(ctx context.Context, path string) (*Checkpoint, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	open := openFile
	if info.IsDir() {
		open = openFolder
	}
	c, err := open(ctx, path)
	if errors.Is(err, storage.ErrTooLong) {
		err = storage.Also(err, ErrFormat)
	}
	if err != nil {
		return nil, err
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs // the name of "." is of no use
	}
	c.Name = filepath.Base(path)
	if !info.IsDir() {
		c.Name = strings.TrimSuffix(c.Name, filepath.Ext(c.Name))
	}
	return c, nil
}

// fileForms are the forms of checkpoints that are one file, by what the file's first
// bytes say. A form is added here and in a file of its own.
var fileForms = map[storage.FileKind]func(ctx context.Context, path string) (*Checkpoint, error){
	storage.KindGGUF: openGGUF,
}

// openFile opens a checkpoint of one file.
func openFile(ctx context.Context, path string) (*Checkpoint, error) {
	kind, err := kindOf(path)
	if err != nil {
		return nil, err
	}
	if open := fileForms[kind]; open != nil {
		return open(ctx, path)
	}
	name := filepath.Base(path)
	switch {
	case kind == storage.KindPyTorch || kind == storage.KindPickle || kind == storage.KindZip && pickled(name):
		return nil, pickleError(name)
	case kind == storage.KindSafetensors:
		return nil, fmt.Errorf("%w: %s holds weights alone: name the folder in which it lies with its config.json", ErrFormat, storage.Quote(name))
	}
	what := string(kind)
	if what == "" {
		what = "of an unknown kind"
	}
	return nil, fmt.Errorf("%w: %s is %s; a checkpoint is a folder with config.json and safetensors files, or a GGUF file", ErrFormat, storage.Quote(name), what)
}

// kindOf looks at the first bytes of a file.
func kindOf(path string) (_ storage.FileKind, err error) {
	f, err := storage.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	head := make([]byte, 1024)
	n, err := f.ReadAt(head, 0)
	if n == 0 {
		return storage.KindEmpty, nil //nolint:nilerr // what cannot be read is found to be so by the next reader
	}
	return storage.KindOf(head[:n]), nil
}

// pickled reports whether a name is one that PyTorch's pickled weights have.
func pickled(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".bin", ".pt", ".pth", ".ckpt":
		return true
	}
	return false
}

// foreign reports whether a name is one that the weights of other frameworks have.
func foreign(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".h5", ".msgpack", ".onnx", ".ot", ".tflite":
		return true
	}
	return false
}

// pickleError refuses pickled weights. A pickle is a program: to read one is to run it.
func pickleError(name string) error {
	return fmt.Errorf("%w: %s holds pickled weights, which are a program and are not run: load the model in transformers and write it with save_pretrained(folder, safe_serialization=True), or take a repository's safetensors or GGUF files", ErrFormat, storage.Quote(name))
}
