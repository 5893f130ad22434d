package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/gocoreml/coreml/internal/checkpoint/gguf"
	"github.com/gocoreml/coreml/internal/checkpoint/llamacpp"
	"github.com/gocoreml/coreml/internal/storage"
)

// maxParts bounds the files that a GGUF model may be split into.
const maxParts = 1024

// partName is the name of a part of a split model: which one of how many.
var partName = regexp.MustCompile(`^(.*)-(\d{5})-of-(\d{5})\.gguf$`)

// openGGUF opens a GGUF file, or all parts of a model that was split.
func openGGUF(ctx context.Context, path string) (_ *Checkpoint, err error) {
	var files []*gguf.File
	closeAll := func() error {
		var errs []error
		for _, f := range files {
			errs = append(errs, f.Close())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(storage.Also(err, ErrFormat), closeAll())
		}
	}()
	fsys := os.DirFS(filepath.Dir(path))
	names, err := partsOf(filepath.Base(path))
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f, err := gguf.Open(fsys, name)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
		if err := checkPart(f, i, len(names)); err != nil {
			return nil, fmt.Errorf("%s: %w", storage.Quote(name), err)
		}
	}
	m, err := llamacpp.Translate(ctx, files)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", storage.Quote(names[0]), err)
	}
	c := &Checkpoint{Form: "GGUF, " + commonType(files), Config: m.Config, Files: m.Files, Tensors: make(map[string]Tensor, len(m.Weights)), close: closeAll}
	for name, w := range m.Weights {
		c.Tensors[name] = ggufTensor{w}
	}
	return c, nil
}

// partsOf returns the names of all parts of the model that a file is a part of.
func partsOf(name string) ([]string, error) {
	m := partName.FindStringSubmatch(name)
	if m == nil {
		return []string{name}, nil
	}
	n, err := strconv.Atoi(m[3])
	if err != nil || n < 1 || n > maxParts {
		return nil, fmt.Errorf("%w: %s is a part of %s, at most %d are read", ErrFormat, storage.Quote(name), m[3], maxParts)
	}
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%05d-of-%05d.gguf", m[1], i+1, n)
	}
	return names, nil
}

// areParts reports whether names are all parts of one model.
func areParts(names []string) bool {
	parts, err := partsOf(names[0])
	return err == nil && slices.Equal(slices.Sorted(slices.Values(names)), parts)
}

// checkPart compares what a file says of its place among parts with its name.
func checkPart(f *gguf.File, i, n int) error {
	count, split := f.Metadata["split.count"].Int()
	no, _ := f.Metadata["split.no"].Int()
	if (split || n > 1) && (count != int64(n) || no != int64(i)) {
		return fmt.Errorf("%w: it is part %d of %d by its content and part %d of %d by its name: name the first part, whose name ends in -00001-of-%05d.gguf, with the others beside it", ErrFormat, no+1, count, i+1, n, count)
	}
	return nil
}

// commonType returns the type of most of the weights.
func commonType(files []*gguf.File) string {
	size := map[gguf.Type]int{}
	most := gguf.F32
	for _, f := range files {
		for _, t := range f.Tensors {
			size[t.Type] += t.Height() * t.Width()
			if size[t.Type] > size[most] || size[t.Type] == size[most] && t.Type > most {
				most = t.Type
			}
		}
	}
	return most.String()
}
