package enginetest

import (
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// mathPrograms are activations, norms and reductions against float64.
func mathPrograms() []programCase {
	// Both signs, zero, and numbers that float16 has exactly.
	x := []float64{-3, -1, -0.25, 0, 0.5, 1, 2, 4}
	cases := []programCase{
		rmsNorm(dtype.Float32, tolerance32), rmsNorm(dtype.Float16, tolerance16),
		layerNorm(), softmaxWithMask(), argmax(), comparisons(),
	}
	for name, f := range map[string]func(float64) float64{
		"silu":    func(v float64) float64 { return v / (1 + math.Exp(-v)) },
		"sigmoid": func(v float64) float64 { return 1 / (1 + math.Exp(-v)) },
		"tanh":    math.Tanh,
		"exp":     math.Exp,
		"relu":    func(v float64) float64 { return max(v, 0) },
		"abs":     math.Abs,
		"square":  func(v float64) float64 { return v * v },
		"cos":     math.Cos,
		"sin":     math.Sin,
	} {
		want := make([]float64, len(x))
		for i, v := range x {
			want[i] = f(v)
		}
		for _, typ := range []struct {
			t         dtype.Type
			tolerance float64
		}{{dtype.Float32, tolerance32}, {dtype.Float16, tolerance16}} {
			cases = append(cases, programCase{
				name: name + " over " + typ.t.String(), tolerance: typ.tolerance,
				build: func(b *mil.Builder) {
					in := b.Input("x", typ.t, 2, 4)
					b.Output("y", b.Op(name, "", in.Type, mil.Args{"x": in}))
				},
				steps: once(values{"x": f32([]int{2, 4}, narrow(x)...)}, []int{2, 4}, want...),
			})
		}
	}
	return cases
}

// rmsNorm writes the norm out in the operations that converters emit. Engines
// fuse this pattern, and must give the same.
func rmsNorm(t dtype.Type, tolerance float64) programCase {
	const eps = 1e-5
	// A negative gain too, and a row that contains a zero.
	gamma := []float64{1, 0.5, 2, -1}
	x := []float64{1, 2, 3, 4, -0.5, 0.25, 0, 1}
	want := make([]float64, len(x))
	for r := 0; r < len(x); r += 4 {
		sum := 0.0
		for _, v := range x[r : r+4] {
			sum += v * v
		}
		for i := range 4 {
			want[r+i] = x[r+i] / math.Sqrt(sum/4+eps) * gamma[i]
		}
	}
	return programCase{
		name: "RMS norm over " + t.String(), tolerance: tolerance,
		build: func(b *mil.Builder) {
			typ := func(shape ...int) mil.Type { return mil.TensorType(t, shape...) }
			in := b.Input("x", t, 1, mil.Unknown, 4)
			square := b.Op("mul", "", typ(1, mil.Unknown, 4), mil.Args{"x": in, "y": in})
			mean := b.Op("reduce_mean", "", typ(1, mil.Unknown, 1), mil.Args{
				"x": square, "axes": b.Ints("axes", -1), "keep_dims": b.Bool("keep", true),
			})
			mean = b.Op("add", "", mean.Type, mil.Args{"x": mean, "y": b.Float("eps", t, eps)})
			root := b.Op("rsqrt", "", mean.Type, mil.Args{"x": mean, "epsilon": b.Float("zero", t, 0)})
			y := b.Op("mul", "", in.Type, mil.Args{"x": in, "y": root})
			b.Output("y", b.Op("mul", "", in.Type, mil.Args{"x": y, "y": b.Floats("gamma", t, []int{4}, narrow(gamma)...)}))
		},
		steps: once(values{"x": f32([]int{1, 2, 4}, narrow(x)...)}, []int{1, 2, 4}, want...),
	}
}

// layerNorm has rows with a mean that is not zero, and a different gain for
// each column.
func layerNorm() programCase {
	const eps = 1e-3
	gamma, beta := []float64{1, 2, 3, 4}, []float64{0, 1, 0, -1}
	x := []float64{1, 2, 3, 6, 0.5, 0.5, -0.5, 1.5}
	want := make([]float64, len(x))
	for r := 0; r < len(x); r += 4 {
		mean, variance := 0.0, 0.0
		for _, v := range x[r : r+4] {
			mean += v / 4
		}
		for _, v := range x[r : r+4] {
			variance += (v - mean) * (v - mean) / 4
		}
		for i := range 4 {
			want[r+i] = (x[r+i]-mean)/math.Sqrt(variance+eps)*gamma[i] + beta[i]
		}
	}
	return programCase{
		name: "layer norm", tolerance: tolerance32,
		build: func(b *mil.Builder) {
			in := b.Input("x", dtype.Float32, 2, 4)
			b.Output("y", b.Op("layer_norm", "", in.Type, mil.Args{
				"x": in, "axes": b.Ints("axes", -1), "epsilon": b.Float("eps", dtype.Float32, eps),
				"gamma": b.Float32s("gamma", []int{4}, narrow(gamma)...), "beta": b.Float32s("beta", []int{4}, narrow(beta)...),
			}))
		},
		steps: once(values{"x": f32([]int{2, 4}, narrow(x)...)}, []int{2, 4}, want...),
	}
}

// softmaxWithMask adds a mask in each of the fills that packages use. Masked
// places must be exactly zero. A masked score of 100 would win if it were not
// hidden.
func softmaxWithMask() programCase {
	inf := math.Inf(-1)
	c := programCase{
		name: "softmax with masks", tolerance: tolerance16,
		build: func(b *mil.Builder) {
			x := b.Input("x", dtype.Float16, 1, mil.Unknown)
			mask := b.Input("mask", dtype.Float16, 1, mil.Unknown)
			// 100 less 1e4 or 65504 is so low that exp gives 0 in every type.
			sum := b.Op("add", "", x.Type, mil.Args{"x": x, "y": mask})
			b.Output("y", b.Op("softmax", "", x.Type, mil.Args{"x": sum, "axis": b.Int("axis", -1)}))
		},
	}
	for _, fill := range []float64{inf, -1e4, -65504} {
		// What is masked is far larger than what is not.
		x, mask := []float64{1, 2, 100, 0.5, 100}, []float64{0, 0, fill, 0, fill}
		total := math.Exp(1) + math.Exp(2) + math.Exp(0.5)
		c.steps = append(c.steps, once(
			values{"x": f32([]int{1, 5}, narrow(x)...), "mask": f32([]int{1, 5}, narrow(mask)...)}, []int{1, 5},
			math.Exp(1)/total, math.Exp(2)/total, 0, math.Exp(0.5)/total, 0)...)
	}
	return c
}

// argmax has ties: the first index counts, as in NumPy.
func argmax() programCase {
	return programCase{
		name: "argmax takes the first of equals",
		build: func(b *mil.Builder) {
			x := b.Input("x", dtype.Float16, 2, 4)
			b.Output("y", b.Op("reduce_argmax", "", int32s(2, 1), mil.Args{
				"x": x, "axis": b.Int("axis", -1), "keep_dims": b.Bool("keep", true),
			}))
		},
		steps: once(values{"x": f32([]int{2, 4}, 1, 5, 5, 2, -1, -3, -1, -2)}, []int{2, 1}, 1, 0),
	}
}

// comparisons makes a mask as attention programs do. They give booleans, which
// select and cast consume.
func comparisons() programCase {
	return programCase{
		name: "comparisons choose between values",
		build: func(b *mil.Builder) {
			i := b.Input("i", dtype.Int32, 4)
			less := b.Op("less_equal", "", mil.TensorType(dtype.Bool, 4), mil.Args{"x": i, "y": b.Int("limit", 2)})
			odd := b.Op("equal", "", mil.TensorType(dtype.Bool, 4), mil.Args{
				"x": b.Op("mod", "", int32s(4), mil.Args{"x": i, "y": b.Int("two", 2)}), "y": b.Int("one", 1),
			})
			both := b.Op("logical_and", "", less.Type, mil.Args{"x": less, "y": odd})
			b.Output("y", b.Op("select", "", fp32(4), mil.Args{
				"cond": both, "a": b.Float("a", dtype.Float32, 0), "b": b.Float("b", dtype.Float32, -1e9),
			}))
			b.Output("count", b.Op("cast", "", int32s(4), mil.Args{"x": both, "dtype": b.Text("dtype", "int32")}))
		},
		steps: []programStep{{
			in: values{"i": f32([]int{4}, 0, 1, 2, 3)},
			want: map[string]answer{
				"y":     {[]int{4}, []float64{-1e9, 0, -1e9, -1e9}},
				"count": {[]int{4}, []float64{0, 1, 0, 0}},
			},
		}},
	}
}
