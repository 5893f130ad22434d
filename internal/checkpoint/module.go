package checkpoint

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/gocoreml/coreml/internal/storage"
)

// module is a linear or an embedding under way: the tensors that its format stores for it.
type module struct {
	name  string
	parts map[string]*Stored
}

// err says what is wrong with the module.
func (m *module) err(format string, args ...any) error {
	return fmt.Errorf("%w: module %s: %s", ErrFormat, storage.Quote(m.name), fmt.Sprintf(format, args...))
}

// need returns a tensor of the module after comparing its type and its shape. A size of -1
// may be any.
func (m *module) need(part string, types []string, shape ...int) (*Stored, error) {
	t := m.parts[part]
	if t == nil {
		return nil, m.err("%s is missing", part)
	}
	if !slices.Contains(types, t.Stored()) {
		return nil, m.err("%s is of the type %s, want %v", part, t.Stored(), types)
	}
	got := t.Shape()
	ok := len(got) == len(shape)
	for i := range shape {
		ok = ok && (shape[i] < 0 || shape[i] == got[i]) && got[i] > 0
	}
	if !ok {
		return nil, m.err("%s has the shape %v, want %v", part, got, shape)
	}
	return t, nil
}

// matrices returns a tensor of the module that is a matrix; or several of the same size,
// stack of them, as one matrix in which they lie one below the other. Stack is 0 for one.
func (m *module) matrices(part string, types []string) (t *Stored, stack int, err error) {
	if t := m.parts[part]; t == nil || len(t.Shape()) != 3 {
		t, err := m.need(part, types, -1, -1)
		return t, 0, err
	}
	t, err = m.need(part, types, -1, -1, -1)
	if err != nil {
		return nil, 0, err
	}
	return t.flat(), t.Shape()[0], nil
}

// beside returns a tensor with as many rows and columns, in so many matrices.
func (m *module) beside(part string, types []string, stack, rows, columns int) (*Stored, error) {
	if stack == 0 {
		return m.need(part, types, rows, columns)
	}
	t, err := m.need(part, types, stack, rows/stack, columns)
	if err != nil {
		return nil, err
	}
	return t.flat(), nil
}

// Types of the tensors that formats store.
var (
	wordTypes  = []string{"I32", "U32"}
	floatTypes = []string{"F16", "BF16", "F32"}
)

// readRange reads elements of rows of a matrix: columns from (inclusive) to to (exclusive),
// in bytes, of count rows from first on.
func readRange(ctx context.Context, t *Stored, first, count, from, to int, dst []byte) error {
	width := int(t.Bytes()) / t.Shape()[0]
	if from == 0 && to == width {
		return t.ReadBytes(ctx, int64(first)*int64(width), dst)
	}
	for r := range count {
		if err := t.ReadBytes(ctx, int64(first+r)*int64(width)+int64(from), dst[r*(to-from):(r+1)*(to-from)]); err != nil {
			return err
		}
	}
	return nil
}

// codesInRows reads codes that are packed along the columns: [rows, words of a row].
func codesInRows(t *Stored, columns, bits int) func(ctx context.Context, from, to int, dst []byte) error {
	width := int(t.Bytes()) / t.Shape()[0]
	return func(ctx context.Context, from, to int, dst []byte) error {
		raw := make([]byte, (to-from)*width)
		if err := t.ReadBytes(ctx, int64(from)*int64(width), raw); err != nil {
			return err
		}
		for r := range to - from {
			unpackBits(dst[r*columns:(r+1)*columns], raw[r*width:(r+1)*width], bits)
		}
		return nil
	}
}

// codesInColumns reads codes of a matrix [rows, columns] that are packed along its columns
// where they are stored as [words of a column's codes, rows].
func codesInColumns(t *Stored, columns, bits int) func(ctx context.Context, from, to int, dst []byte) error {
	return func(ctx context.Context, from, to int, dst []byte) error {
		n := to - from
		block := make([]byte, 4*bits*n)
		for c := 0; c < columns; c += 32 {
			count := min(32, columns-c)
			w := words(count, bits)
			if err := readRange(ctx, t, c/32*bits, w, 4*from, 4*to, block[:4*w*n]); err != nil {
				return err
			}
			unpackColumns(dst[c:], columns, count, block, n, bits)
		}
		return nil
	}
}

// readInts reads a whole tensor of integers.
func readInts(ctx context.Context, t *Stored) ([]int64, error) {
	raw := make([]byte, t.Bytes())
	if err := t.ReadBytes(ctx, 0, raw); err != nil {
		return nil, err
	}
	switch t.Stored() {
	case "I32":
		out := make([]int64, len(raw)/4)
		for i := range out {
			out[i] = int64(int32(binary.LittleEndian.Uint32(raw[4*i:])))
		}
		return out, nil
	case "I64":
		out := make([]int64, len(raw)/8)
		for i := range out {
			out[i] = int64(binary.LittleEndian.Uint64(raw[8*i:]))
		}
		return out, nil
	}
	return nil, fmt.Errorf("%w: integers of the type %s", ErrFormat, t.Stored())
}

// groupsOf reads the group of each column; nil where the columns lie in order.
func groupsOf(ctx context.Context, t *Stored, columns, groups int) ([]int32, error) {
	list, err := readInts(ctx, t)
	if err != nil {
		return nil, err
	}
	out, ordered := make([]int32, columns), columns%groups == 0
	for i, g := range list {
		if g < 0 || g >= int64(groups) || g > math.MaxInt32 {
			return nil, fmt.Errorf("%w: column %d is of group %d of %d", ErrFormat, i, g, groups)
		}
		out[i] = int32(g)
		ordered = ordered && int(g) == i/(columns/groups)
	}
	if ordered {
		return nil, nil
	}
	return out, nil
}

// modules sorts stored tensors: those whose last part of the name is one of the format's,
// by module, and all others.
func modules(stored map[string]*Stored, format []string) (map[string]*module, map[string]Tensor) {
	found, rest := map[string]*module{}, map[string]Tensor{}
	for name, t := range stored {
		i := len(name) - 1
		for i >= 0 && name[i] != '.' {
			i--
		}
		if i < 0 || !slices.Contains(format, name[i+1:]) {
			rest[name] = t
			continue
		}
		m := found[name[:i]]
		if m == nil {
			m = &module{name[:i], map[string]*Stored{}}
			found[name[:i]] = m
		}
		m.parts[name[i+1:]] = t
	}
	return found, rest
}
