package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/npy"
	"github.com/gocoreml/coreml/internal/storage"
)

// outputFiles counts the files that the replies of a server name.
type outputFiles struct{ written int }

// encodeOutputs writes the outputs that the request asks for.
func (o *outputFiles) encodeOutputs(ctx context.Context, q *request, d *coreml.Description, out coreml.Features) (map[string]any, error) {
	names := q.Outputs
	// All of them. An empty list means none, for who wants the state to go on and
	// nothing else.
	if names == nil {
		for i := range d.Outputs {
			names = append(names, d.Outputs[i].Name)
		}
	}
	values, integers := make(map[string]any, len(names)), integerClasses(d)
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		v, err := o.encodeOutput(ctx, q.NPYDir, name, out[name], integers)
		if err != nil {
			return nil, fmt.Errorf("output %q: %w", name, err)
		}
		values[name] = v
	}
	return values, nil
}

// checkFolder says what is wrong with the folder that a request wants its outputs
// in. Whether files can be made there is only known once one has been.
func checkFolder(dir string) error {
	if dir == "" {
		return nil
	}
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return badInput(inField("npy_dir", err))
	case !info.IsDir():
		return badInput(inField("npy_dir", fmt.Errorf("%s is a file, not a folder", quoted(dir))))
	}
	return nil
}

// writeFault gives an error of writing the code of its cause. That nothing can be
// made at a place is the fault of who named the place; that what is made there
// cannot be filled, on a full disk, is not.
func writeFault(err error) error {
	var path *fs.PathError
	if errors.Is(err, storage.ErrNotRegular) || errors.As(err, &path) && slices.Contains(readingOps, path.Op) {
		return badInput(inField("npy_dir", err))
	}
	return err
}

// encodeOutput writes one output, an array to a file where there is a folder.
func (o *outputFiles) encodeOutput(ctx context.Context, dir, name string, v coreml.Value, integers bool) (any, error) {
	if dir == "" || v.Kind() != coreml.KindMultiArray {
		return encodeValue(v, integers)
	}
	// Names are never used twice in the life of a server, so that no reply's file
	// is replaced by another's.
	o.written++
	path := filepath.Join(dir, fmt.Sprintf("%06d-%s.npy", o.written, fileName(name)))
	err := storage.WriteFile(ctx, path, func(w io.Writer) error { return npy.Write(w, v.MultiArray()) })
	if err != nil {
		return nil, writeFault(err)
	}
	return map[string]string{"npy": path}, nil
}

// fileName makes a name of an output that is safe in a folder.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, name[:min(len(name), 80)])
}
