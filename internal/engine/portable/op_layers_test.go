package portable

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
)

// TestLayersGiveTheGoldenResults runs the cases of testdata/layers.json, which
// testdata/gen/layers.py writes.
func TestLayersGiveTheGoldenResults(t *testing.T) {
	raw, err := os.ReadFile("testdata/layers.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []goldenCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for k, g := range cases {
		for _, fm := range forms {
			t.Run(g.name(k)+"/"+fm.name, func(t *testing.T) {
				p, feeds := goldenProgram(t, &g, fm.form)
				fr := newFrame(p, nil, 1)
				for range 2 {
					bindAll(fr, feeds)
					if err := fr.run(t.Context()); err != nil {
						t.Fatal(err)
					}
					for j, w := range g.Want {
						checkGolden(t, fr, &fr.Values[p.Outputs[j]], w, fm.form.half)
					}
				}
			})
		}
	}
}

// runOnce runs a program without inputs and returns its outputs.
func runOnce(t *testing.T, opset string, build func(b *mil.Builder)) (outs [][]float32, shapes [][]int) {
	t.Helper()
	b := mil.NewBuilder("main", opset)
	build(b)
	fn, err := b.Function()
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(t.Context(), fn, engine.Faithful, true)
	if err != nil {
		t.Fatal(err)
	}
	fr := newFrame(p, nil, 1)
	if err := fr.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range p.Outputs {
		outs = append(outs, slices.Clone(fr.call.F32(&fr.Values[s])))
		shapes = append(shapes, slices.Clone(fr.Values[s].Shape()))
	}
	return outs, shapes
}

func TestListsGrowAndKeepTheirElements(t *testing.T) {
	element := mil.Type{Kind: mil.List, DType: dtype.Float32, Shape: []int{2}}
	vector := mil.TensorType(dtype.Float32, 2)
	outs, shapes := runOnce(t, "CoreML5", func(b *mil.Builder) {
		ls := b.Op("make_list", "ls", element, mil.Args{"init_length": b.Int("", 2), "elem_shape": mil.Values{b.Int("", 2)}})
		first := b.Op("list_read", "first", vector, mil.Args{"ls": ls, "index": b.Int("", 0)})
		ls1 := b.Op("list_write", "", element, mil.Args{"ls": ls, "index": b.Int("", 4), "value": b.Float32s("", []int{2}, 1, 3)})
		ls2 := b.Op("list_scatter", "", element, mil.Args{
			"ls": ls1, "indices": b.Ints("", 2, 1), "value": b.Float32s("", []int{2, 2}, -1, -2, -4, -5),
		})
		b.Output("zeros", first)
		b.Output("picked", b.Op("list_gather", "picked", mil.TensorType(dtype.Float32, 3, 2), mil.Args{"ls": ls2, "indices": b.Ints("", 4, 2, 3)}))
		b.Output("length", b.Op("list_length", "length", mil.TensorType(dtype.Int32), mil.Args{"ls": ls2}))
		b.Output("before", b.Op("list_length", "before", mil.TensorType(dtype.Int32), mil.Args{"ls": ls}))
	})
	for k, want := range [][]float32{{0, 0}, {1, 3, -1, -2, 0, 0}, {5}, {2}} {
		if !slices.Equal(outs[k], want) {
			t.Errorf("output %d: %v, want %v", k, outs[k], want)
		}
	}
	if !slices.Equal(shapes[1], []int{3, 2}) {
		t.Errorf("shape %v", shapes[1])
	}
}
