package embed

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// run sends texts through the package, the longest first and those of about one
// length together, and gives each one's result: its rows, its vector or its logits,
// with the length of a row. What give gets is valid during the call.
func (m *Model) run(ctx context.Context, texts []encoded, give func(t *encoded, rows []float32, width int) error) error {
	rest := slices.Clone(texts)
	slices.SortStableFunc(rest, func(a, b encoded) int { return cmp.Compare(len(b.ids), len(a.ids)) })
	for len(rest) > 0 {
		group, s := m.group(rest)
		out, err := m.predict(ctx, m.fill(group, s))
		if err != nil {
			return err
		}
		if err := m.each(group, s, out, give); err != nil {
			return err
		}
		rest = rest[len(group):]
	}
	return nil
}

// group returns the texts of the next prediction, from the beginning of a list that
// falls in length, and its size. A text that would waste more than a quarter of its
// places waits for the next one.
func (m *Model) group(rest []encoded) ([]encoded, size) {
	longest := len(rest[0].ids)
	s := m.sizes.choose(len(rest), longest)
	n := 1
	for n < min(s.batch, len(rest)) && m.joins(&rest[n], s) {
		n++
	}
	s = m.sizes.choose(n, longest)
	return rest[:min(n, s.batch)], s
}

// joins reports whether a text goes into a prediction of a size.
func (m *Model) joins(t *encoded, s size) bool {
	if m.mask == nil && m.sizes.exact() {
		return len(t.ids) == s.length
	}
	const keep = 0.75
	return float64(m.sizes.choose(s.batch, len(t.ids)).length) >= keep*float64(s.length)
}

// start returns the column of a text's first token.
func (m *Model) start(t *encoded, s size) int {
	if m.left {
		return s.length - len(t.ids)
	}
	return 0
}

// fill makes the inputs of a prediction. Rows that are left over repeat the last
// text: a row of padding alone would be a mask of zeros, which can give NaN.
func (m *Model) fill(group []encoded, s size) coreml.Features {
	ids, mask := make([]int32, s.cells()), make([]int32, s.cells())
	types, positions := make([]int32, s.cells()), make([]int32, s.cells())
	origin := int32(m.settings.positionOffset)
	for row := range s.batch {
		t := &group[min(row, len(group)-1)]
		from := row * s.length
		for i := range s.length {
			ids[from+i], positions[from+i] = m.pad, max(origin-1, 0)
		}
		from += m.start(t, s)
		for i, id := range t.ids {
			ids[from+i], mask[from+i], positions[from+i] = int32(id), 1, origin+int32(i)
			if i < len(t.types) {
				types[from+i] = int32(t.types[i])
			}
		}
	}
	if m.shared && s.batch > 1 {
		for i := range s.length {
			positions[i] = origin + int32(i)
		}
	}
	in := coreml.Features{}
	for name, v := range m.constants {
		in[name] = v
	}
	data := [...][]int32{ids, mask, types, positions}
	for i, f := range m.features() {
		if f != nil {
			shape := input{f, m.shared && f == m.positions}.shape(s)
			n := s.length
			if len(shape) == 2 {
				n *= shape[0]
			}
			in[f.Name] = coreml.MultiArray(tensor.Wrap(data[i][:n], shape...))
		}
	}
	return in
}

// each gives the part of an output that belongs to each text.
func (m *Model) each(group []encoded, s size, out *tensor.Tensor, give func(t *encoded, rows []float32, width int) error) error {
	view := vectorsOf
	if m.driver.Gives == GivesRows {
		view = rowsOf
	}
	t, err := view(out, s)
	if err != nil {
		return fmt.Errorf("output %s: %w", clip(m.driver.Output), err)
	}
	data, err := tensor.Data[float32](t)
	if err != nil {
		return err
	}
	width := t.Dim(-1)
	if width < 1 {
		return fmt.Errorf("output %s has the shape %v", clip(m.driver.Output), out.Shape())
	}
	for i := range group {
		rows := data[i*width : (i+1)*width]
		if m.driver.Gives == GivesRows {
			from := i*s.length + m.start(&group[i], s)
			rows = data[from*width : (from+len(group[i].ids))*width]
		}
		if err := give(&group[i], rows, width); err != nil {
			return err
		}
	}
	return nil
}
