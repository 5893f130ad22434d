package generate

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/npy"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// table maps the rows of a table of embeddings: all of a raw file, or the elements of an
// .npy file, whose header has to say what the driver says.
func (o *opened) table(r *Role) (*storage.Bytes, error) {
	b, err := storage.ReadFile(o.s.fsys, path.Join(path.Dir(o.s.pkg), r.File))
	if err != nil {
		return nil, err
	}
	data, err := tableRows(r, b.Data())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", r.File, err), b.Release())
	}
	return storage.Wrap(data, b.Release), nil
}

// tableRows returns the part of a file that holds the rows of a table.
func tableRows(r *Role, data []byte) ([]byte, error) {
	if strings.EqualFold(path.Ext(r.File), ".npy") {
		dtype, shape, offset, err := npy.Layout(data)
		if err != nil {
			return nil, err
		}
		if want := tableType(r.Type); dtype != want || !slices.Equal(shape, []int{r.Rows, r.Width}) {
			return nil, fmt.Errorf("the file is a table %v of %v, and the driver says %v of %v", shape, dtype, []int{r.Rows, r.Width}, want)
		}
		data = data[offset:]
	}
	if n, want := int64(len(data)), int64(r.Rows)*int64(r.Width)*int64(tableType(r.Type).Size()); n != want {
		return nil, fmt.Errorf("the file has %d bytes, want the %d of its rows", n, want)
	}
	return data, nil
}

// tableType returns the element type of a table of embeddings.
func tableType(name string) tensor.DType {
	if name == "float32" {
		return tensor.Float32
	}
	return tensor.Float16
}
