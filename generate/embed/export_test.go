package embed

import (
	"io/fs"

	"github.com/gocoreml/coreml/coreml"
)

// ChooseSize is the choice of a shape among a list of batch and length.
func ChooseSize(list [][2]int, count, length int) [2]int {
	s := new(sizes)
	for _, x := range list {
		s.list = append(s.list, size{x[0], x[1]})
	}
	got := s.choose(count, length)
	return [2]int{got.batch, got.length}
}

// SizesOf are the shapes that inputs have in common: those of a list, or the
// smallest and the greatest.
func SizesOf(inputs []coreml.FeatureDescription, limit int) ([][2]int, error) {
	list := make([]input, len(inputs))
	for i := range inputs {
		list[i].f = &inputs[i]
	}
	s, err := findSizes(list, limit, DefaultBatch)
	if err != nil {
		return nil, err
	}
	if s.list == nil {
		return [][2]int{{s.lo.batch, s.lo.length}, {s.hi.batch, s.hi.length}}, nil
	}
	var out [][2]int
	for _, one := range s.list {
		out = append(out, [2]int{one.batch, one.length})
	}
	return out, nil
}

// ReadSettings reads the files in the root of fsys.
func ReadSettings(fsys fs.FS) (*Settings, error) { return readSettings([]place{{fsys, "."}}) }

// ApplyLayers sends a vector through the layers of settings: one that the host has
// pooled, or one that the package gave.
func ApplyLayers(s *Settings, v []float32, done bool) ([]float32, error) {
	return (&Model{settings: *s}).applyLayers(v, done)
}

// Detection is Detect with what Open knows besides.
func Detection(desc *coreml.Description, d Driver, p Pooling, entries int, classifies bool) (*Driver, error) {
	b := &binder{desc: desc, override: d, pooling: p, entries: entries, classifies: classifies}
	return b.detect()
}
