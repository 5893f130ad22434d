package portable

import (
	"fmt"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/mil"
)

// large builds one operation over millions of elements.
type large struct {
	t     testing.TB
	b     *mil.Builder
	feeds []feeding
	fused bool
}

// many is about the number of elements of the largest operand or result.
const many = 1 << 20

// in is an operand of small numbers.
func (l *large) in(dt dtype.Type, shape ...int) *mil.Value {
	return l.with(dt, shape, func(k int) float32 { return float32(k%7)/8 + 0.25 })
}

// ones is an operand of ones; zeros and places are alike.
func (l *large) ones(dt dtype.Type, shape ...int) *mil.Value {
	return l.with(dt, shape, func(int) float32 { return 1 })
}

func (l *large) places(n int, shape ...int) *mil.Value {
	return l.with(dtype.Int32, shape, func(k int) float32 { return float32(k * 7 % n) })
}

func (l *large) with(dt dtype.Type, shape []int, f func(k int) float32) *mil.Value {
	n := 1
	for _, d := range shape {
		n *= d
	}
	data := make([]float32, n)
	for k := range data {
		data[k] = f(k)
	}
	v := l.b.Input(fmt.Sprintf("in%d", len(l.feeds)), dt, shape...)
	l.feeds = append(l.feeds, feeding{v.Name, feed(dt, shape, data)})
	return v
}

func (l *large) ints(v ...int) *mil.Value { return l.b.Ints("", v...) }

func (l *large) int(v int) *mil.Value { return l.b.Int("", v) }

func (l *large) bool(v bool) *mil.Value { return l.b.Bool("", v) }

func (l *large) text(s string) *mil.Value { return l.b.Text("", s) }

func (l *large) float(v float32) *mil.Value { return l.b.Float("", dtype.Float32, v) }

func (l *large) op(op string, args mil.Args) { l.results(op, args, dtype.Float32) }

// results makes the operation's results outputs. Their shapes are left open.
func (l *large) results(op string, args mil.Args, types ...dtype.Type) {
	list := make([]mil.Type, len(types))
	for k, dt := range types {
		list[k] = mil.Type{DType: dt, Variadic: true}
	}
	for k, v := range l.b.MultiOp(op, "r", list, args) {
		l.b.Output(fmt.Sprintf("out%d", k), v)
	}
}

const f, i = dtype.Float32, dtype.Int32

// largeOperations returns what builds a large operation of each operator.
func largeOperations() map[string]func(l *large) {
	rows := map[string]func(l *large){}
	for _, part := range []map[string]func(l *large){
		elementRows(), moveRows(), productRows(), imageRows(), orderRows(), makeRows(), normRows(), recurrentRows(),
	} {
		for name, row := range part {
			rows[name] = row
		}
	}
	return rows
}

func elementRows() map[string]func(l *large) {
	rows := map[string]func(l *large){}
	for _, name := range []string{
		"abs", "acos", "asin", "atan", "atanh", "ceil", "cos", "cosh", "erf", "exp", "exp2", "floor",
		"round", "sign", "sin", "sinh", "sqrt", "square", "tan", "tanh",
	} {
		rows[name] = func(l *large) { l.op(name, mil.Args{"x": l.in(f, many)}) }
	}
	for _, name := range []string{"inverse", "log", "rsqrt"} {
		rows[name] = func(l *large) { l.op(name, mil.Args{"x": l.in(f, many)}) }
	}
	for _, name := range []string{
		"relu6", "softsign", "softplus", "leaky_relu", "elu", "thresholded_relu", "clamped_relu",
		"linear_activation", "scaled_tanh", "sigmoid_hard",
	} {
		rows[name] = func(l *large) {
			args := mil.Args{"x": l.in(f, many)}
			for _, p := range op.Table[name].Params[1:] {
				args[p.Name] = l.float(0.5)
			}
			l.op(name, args)
		}
	}
	for _, name := range []string{"relu", "sigmoid", "silu", "gelu"} {
		rows[name] = func(l *large) { l.op(name, mil.Args{"x": l.in(f, many)}) }
	}
	for _, name := range []string{"add", "sub", "mul", "real_div", "floor_div", "mod", "maximum", "minimum", "pow"} {
		rows[name] = func(l *large) { l.op(name, mil.Args{"x": l.in(f, many), "y": l.in(f, many)}) }
	}
	for _, name := range []string{
		"equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or",
		"logical_xor",
	} {
		rows[name] = func(l *large) { l.results(name, mil.Args{"x": l.in(f, many), "y": l.in(f, many)}, dtype.Bool) }
	}
	rows["floor_div"] = func(l *large) { l.results("floor_div", mil.Args{"x": l.places(9, many), "y": l.ones(i, many)}, i) }
	rows["logical_not"] = func(l *large) { l.results("logical_not", mil.Args{"x": l.places(2, many)}, dtype.Bool) }
	rows["select"] = func(l *large) {
		l.op("select", mil.Args{"cond": l.places(2, many), "a": l.in(f, many), "b": l.in(f, many)})
	}
	rows["clip"] = func(l *large) { l.op("clip", mil.Args{"x": l.in(f, many), "alpha": l.float(0), "beta": l.float(1)}) }
	rows["threshold"] = func(l *large) { l.op("threshold", mil.Args{"x": l.in(f, many), "alpha": l.float(0)}) }
	rows["cast"] = func(l *large) { l.results("cast", mil.Args{"x": l.in(f, many), "dtype": l.text("int32")}, i) }
	rows["prelu"] = func(l *large) { l.op("prelu", mil.Args{"x": l.in(f, 1, 2, many/2), "alpha": l.in(f, 2)}) }
	rows["softplus_parametric"] = func(l *large) {
		l.op("softplus_parametric", mil.Args{"x": l.in(f, 1, 2, many/2), "alpha": l.in(f, 2), "beta": l.in(f, 2)})
	}
	rows["quantize"] = func(l *large) {
		l.results("quantize", mil.Args{"input": l.in(f, many), "scale": l.float(0.1), "output_dtype": l.text("int8")}, dtype.Int8)
	}
	rows["dequantize"] = func(l *large) {
		l.op("dequantize", mil.Args{"input": l.with(dtype.Int8, []int{many}, func(k int) float32 { return float32(k % 100) }), "scale": l.float(0.1)})
	}
	return rows
}

func moveRows() map[string]func(l *large) {
	return map[string]func(l *large){
		"reshape": func(l *large) {
			x := l.b.Op("transpose", "", mil.Type{DType: f, Variadic: true}, mil.Args{"x": l.in(f, 4, many/4), "perm": l.ints(1, 0)})
			l.op("reshape", mil.Args{"x": x, "shape": l.ints(many)})
		},
		"reshape_like": func(l *large) {
			l.op("reshape_like", mil.Args{
				"x": l.in(f, 2, many/2), "ref_tensors": mil.Values{l.in(f, many)},
				"begins": mil.Values{l.int(0)}, "ends": mil.Values{l.int(1)}, "end_masks": mil.Values{l.bool(false)},
			})
		},
		"concat": func(l *large) {
			l.op("concat", mil.Args{"values": mil.Values{l.in(f, many/2), l.in(f, many/2)}, "axis": l.int(0), "interleave": l.bool(false)})
		},
		"stack": func(l *large) {
			l.op("stack", mil.Args{"values": mil.Values{l.in(f, many/2), l.in(f, many/2)}, "axis": l.int(0)})
		},
		"tile":    func(l *large) { l.op("tile", mil.Args{"x": l.in(f, many/4), "reps": l.ints(4)}) },
		"reverse": func(l *large) { l.op("reverse", mil.Args{"x": l.in(f, many)}) },
		"gather":  func(l *large) { l.op("gather", mil.Args{"x": l.in(f, 100), "indices": l.places(100, many)}) },
		"one_hot": func(l *large) {
			l.op("one_hot", mil.Args{"indices": l.places(8, many/8), "one_hot_vector_size": l.int(8)})
		},
		"non_zero": func(l *large) { l.results("non_zero", mil.Args{"x": l.in(f, many)}, i) },
		"gather_along_axis": func(l *large) {
			l.op("gather_along_axis", mil.Args{"x": l.in(f, many), "indices": l.places(many, many), "axis": l.int(0)})
		},
		"gather_nd": func(l *large) { l.op("gather_nd", mil.Args{"x": l.in(f, many), "indices": l.places(many, many, 1)}) },
		"scatter": func(l *large) {
			l.op("scatter", mil.Args{"data": l.in(f, many), "indices": l.places(many, many), "updates": l.in(f, many), "axis": l.int(0)})
		},
		"scatter_along_axis": func(l *large) {
			l.op("scatter_along_axis", mil.Args{"data": l.in(f, many), "indices": l.places(many, many), "updates": l.in(f, many), "axis": l.int(0)})
		},
		"scatter_nd": func(l *large) {
			l.op("scatter_nd", mil.Args{"data": l.in(f, many), "indices": l.places(many, many, 1), "updates": l.in(f, many)})
		},
		"slice_update": func(l *large) {
			l.op("slice_update", mil.Args{"x": l.in(f, many), "update": l.in(f, many/2), "begin": l.ints(0), "end": l.ints(many / 2)})
		},
		"band_part": func(l *large) {
			l.op("band_part", mil.Args{"x": l.in(f, 2, many/2), "lower": l.int(0), "upper": l.int(9)})
		},
		"reverse_sequence": func(l *large) {
			l.op("reverse_sequence", mil.Args{"x": l.in(f, 2, many/2), "lengths": l.ints(9, many/2), "seq_axis": l.int(1), "batch_axis": l.int(0)})
		},
		"list_read":   func(l *large) { l.op("list_read", mil.Args{"ls": l.in(f, 2, many), "index": l.int(1)}) },
		"list_gather": func(l *large) { l.op("list_gather", mil.Args{"ls": l.in(f, 2, many), "indices": l.ints(1, 0)}) },
		"list_write": func(l *large) {
			l.op("list_write", mil.Args{"ls": l.in(f, 2, many), "index": l.int(1), "value": l.in(f, many)})
		},
		"list_scatter": func(l *large) {
			l.op("list_scatter", mil.Args{"ls": l.in(f, 2, many), "indices": l.ints(1), "value": l.in(f, 1, many)})
		},
		"make_list": func(l *large) {
			l.op("make_list", mil.Args{"init_length": l.with(i, nil, func(int) float32 { return many }), "elem_shape": mil.Values{l.int(1)}, "dynamic_length": l.bool(false), "dtype": l.text("fp32")})
		},
		"classify": func(l *large) {
			b := l.b
			v := b.MultiOp("classify", "c", []mil.Type{
				{DType: dtype.Int64}, {Kind: mil.Dictionary},
			}, mil.Args{"probabilities": l.in(f, many), "classes": l.with(i, []int{many}, func(k int) float32 { return float32(k) })})
			b.Output("out0", v[0])
		},
	}
}

func productRows() map[string]func(l *large) {
	return map[string]func(l *large){
		"linear": func(l *large) {
			l.op("linear", mil.Args{"x": l.in(f, 2048, 256), "weight": l.in(f, 512, 256), "bias": l.in(f, 512)})
		},
		"matmul": func(l *large) { l.op("matmul", mil.Args{"x": l.in(f, 2048, 256), "y": l.in(f, 256, 512)}) },
		"einsum": func(l *large) {
			l.op("einsum", mil.Args{"values": mil.Values{l.in(f, 2, 8, 512, 64), l.in(f, 2, 64, 512, 8)}, "equation": l.text("nchw,nwhu->ncu")})
		},
		"scaled_dot_product_attention": func(l *large) {
			l.op("scaled_dot_product_attention", mil.Args{"query": l.in(f, 1, 4, 256, 64), "key": l.in(f, 1, 4, 4096, 64), "value": l.in(f, 1, 4, 4096, 64)})
		},
		"conv": func(l *large) {
			l.op("conv", mil.Args{"x": l.in(f, 1, 8, 1024, 128), "weight": l.in(f, 8, 8, 3, 3), "pad_type": l.text("valid")})
		},
		"conv_quantized": func(l *large) {
			l.b = mil.NewBuilder("main", "CoreML5")
			l.op("conv_quantized", mil.Args{
				"x": l.in(f, 1, 8, 1024, 128), "weight": l.with(dtype.UInt8, []int{8, 8, 3, 3}, func(k int) float32 { return float32(k % 200) }),
				"pad_type": l.text("valid"), "quantization_type": l.text("linear"), "nbits": l.int(8),
				"quant_scale": l.in(f, 8), "quant_bias": l.in(f, 8),
			})
		},
		"conv_transpose": func(l *large) {
			l.op("conv_transpose", mil.Args{"x": l.in(f, 1, 8, 1024, 128), "weight": l.in(f, 8, 8, 3, 3), "pad_type": l.text("valid")})
		},
	}
}

func imageRows() map[string]func(l *large) {
	rows := map[string]func(l *large){
		"upsample_nearest_neighbor": func(l *large) {
			l.op("upsample_nearest_neighbor", mil.Args{"x": l.in(f, 1, 4, 256, 256), "scale_factor_height": l.int(2), "scale_factor_width": l.int(2)})
		},
		"upsample_bilinear": func(l *large) {
			l.op("upsample_bilinear", mil.Args{"x": l.in(f, 1, 4, 256, 256), "scale_factor_height": l.int(2), "scale_factor_width": l.int(2)})
		},
		"resize_nearest_neighbor": func(l *large) {
			l.op("resize_nearest_neighbor", mil.Args{"x": l.in(f, 1, 1, 8, 8), "target_size_height": l.int(1), "target_size_width": l.int(many)})
		},
		"resize_bilinear": func(l *large) {
			l.op("resize_bilinear", mil.Args{"x": l.in(f, 1, 1, 8, 8), "target_size_height": l.int(1024), "target_size_width": l.int(1024)})
		},
		"resize": func(l *large) {
			l.op("resize", mil.Args{"x": l.in(f, 1, 1, 8, 8), "shape": l.ints(1024, 1024), "resized_dims": l.int(2), "interpolation_mode": l.text("NEAREST_NEIGHBOR")})
		},
		"crop_resize": func(l *large) {
			l.op("crop_resize", mil.Args{
				"x": l.in(f, 1, 1, 64, 64), "boxes": l.b.Float32s("", []int{1, 4}, 0, 0, 60, 60), "box_indices": l.ints(0),
				"target_height": l.int(512), "target_width": l.int(512),
			})
		},
		"resample": func(l *large) {
			l.op("resample", mil.Args{"x": l.in(f, 1, 1, 64, 64), "coordinates": l.in(f, 1, 512, 512, 2), "sampling_mode": l.text("bilinear")})
		},
		"affine": func(l *large) {
			l.op("affine", mil.Args{
				"x": l.in(f, 1, 1, 64, 64), "transform_matrix": l.b.Float32s("", []int{1, 6}, 1, 0, 0, 0, 1, 0),
				"output_height": l.int(512), "output_width": l.int(512),
			})
		},
		"pad": func(l *large) {
			l.op("pad", mil.Args{"x": l.in(f, many), "pad": l.ints(9, 9), "mode": l.text("reflect")})
		},
		"crop": func(l *large) {
			l.op("crop", mil.Args{"x": l.in(f, 1, 1, 1024, 1024), "crop_height": l.ints(1, 1), "crop_width": l.ints(1, 1)})
		},
		"space_to_batch": func(l *large) {
			l.op("space_to_batch", mil.Args{"x": l.in(f, 1, 1, 1024, 1024), "block_shape": l.ints(2, 2), "paddings": l.b.IntTensor("", i, []int{2, 2}, 0, 0, 0, 0)})
		},
		"batch_to_space": func(l *large) {
			l.op("batch_to_space", mil.Args{"x": l.in(f, 4, 1, 512, 512), "block_shape": l.ints(2, 2), "crops": l.b.IntTensor("", i, []int{2, 2}, 0, 0, 0, 0)})
		},
		"depth_to_space": func(l *large) { l.op("depth_to_space", mil.Args{"x": l.in(f, 1, 4, 512, 512), "block_size": l.int(2)}) },
		"space_to_depth": func(l *large) {
			l.op("space_to_depth", mil.Args{"x": l.in(f, 1, 1, 1024, 1024), "block_size": l.int(2)})
		},
		"pixel_shuffle": func(l *large) {
			l.op("pixel_shuffle", mil.Args{"x": l.in(f, 1, 4, 512, 512), "upscale_factor": l.int(2)})
		},
		"pixel_unshuffle": func(l *large) {
			l.op("pixel_unshuffle", mil.Args{"x": l.in(f, 1, 1, 1024, 1024), "downscale_factor": l.int(2)})
		},
		"non_maximum_suppression": func(l *large) {
			l.results("non_maximum_suppression", mil.Args{
				"boxes": l.in(f, 1, 4, 1<<16), "scores": l.in(f, 1, 8, 1<<16), "iou_threshold": l.float(1), "max_boxes": l.int(100),
			}, f, f, i)
		},
	}
	for _, name := range []string{"max_pool", "avg_pool", "l2_pool"} {
		rows[name] = func(l *large) {
			l.op(name, mil.Args{"x": l.in(f, 1, 1, 512, 512), "kernel_sizes": l.ints(3, 3), "strides": l.ints(1, 1), "pad_type": l.text("valid")})
		}
	}
	return rows
}

func orderRows() map[string]func(l *large) {
	rows := map[string]func(l *large){
		"argsort": func(l *large) { l.results("argsort", mil.Args{"x": l.in(f, many/8)}, i) },
		"topk": func(l *large) {
			l.results("topk", mil.Args{"x": l.in(f, many), "k": l.int(5)}, f, i)
		},
		"cumsum":             func(l *large) { l.op("cumsum", mil.Args{"x": l.in(f, many)}) },
		"softmax":            func(l *large) { l.op("softmax", mil.Args{"x": l.in(f, many), "axis": l.int(0)}) },
		"reduce_argmax":      func(l *large) { l.results("reduce_argmax", mil.Args{"x": l.in(f, many)}, i) },
		"reduce_argmin":      func(l *large) { l.results("reduce_argmin", mil.Args{"x": l.in(f, many)}, i) },
		"reduce_log_sum_exp": func(l *large) { l.op("reduce_log_sum_exp", mil.Args{"x": l.in(f, many)}) },
	}
	for _, name := range []string{
		"reduce_sum", "reduce_mean", "reduce_prod", "reduce_max", "reduce_min", "reduce_l1_norm",
		"reduce_l2_norm", "reduce_sum_square", "reduce_log_sum",
	} {
		rows[name] = func(l *large) { l.op(name, mil.Args{"x": l.in(f, many), "axes": l.ints(0)}) }
	}
	return rows
}

func makeRows() map[string]func(l *large) {
	shape := func(l *large) *mil.Value { return l.with(i, []int{1}, func(int) float32 { return many }) }
	return map[string]func(l *large){
		"fill":      func(l *large) { l.op("fill", mil.Args{"shape": shape(l), "value": l.float(1)}) },
		"fill_like": func(l *large) { l.op("fill_like", mil.Args{"ref_tensor": l.in(f, many), "value": l.float(1)}) },
		"range_1d": func(l *large) {
			l.op("range_1d", mil.Args{"start": l.float(0), "end": l.with(f, nil, func(int) float32 { return many }), "step": l.float(1)})
		},
		"random_uniform":   func(l *large) { l.op("random_uniform", mil.Args{"shape": shape(l), "seed": l.int(1)}) },
		"random_normal":    func(l *large) { l.op("random_normal", mil.Args{"shape": shape(l), "seed": l.int(1)}) },
		"random_bernoulli": func(l *large) { l.op("random_bernoulli", mil.Args{"shape": shape(l), "seed": l.int(1)}) },
		"random_categorical": func(l *large) {
			l.op("random_categorical", mil.Args{"x": l.in(f, 1, many), "size": l.int(9), "seed": l.int(1)})
		},
	}
}

func normRows() map[string]func(l *large) {
	return map[string]func(l *large){
		"layer_norm":    func(l *large) { l.op("layer_norm", mil.Args{"x": l.in(f, many), "axes": l.ints(0)}) },
		"instance_norm": func(l *large) { l.op("instance_norm", mil.Args{"x": l.in(f, 1, 1, many)}) },
		"l2_norm":       func(l *large) { l.op("l2_norm", mil.Args{"x": l.in(f, 1, 1, many)}) },
		"batch_norm": func(l *large) {
			l.op("batch_norm", mil.Args{"x": l.in(f, 1, 2, many/2), "mean": l.in(f, 2), "variance": l.in(f, 2)})
		},
		"local_response_norm": func(l *large) {
			l.op("local_response_norm", mil.Args{"x": l.in(f, 1, 4, many/16), "size": l.int(3)})
		},
	}
}

func recurrentRows() map[string]func(l *large) {
	layer := func(name string, gates int) func(l *large) {
		return func(l *large) {
			const length, batch, input, hidden = 32, 1, 128, 128
			args := mil.Args{
				"x": l.in(f, length, batch, input), "initial_h": l.in(f, batch, hidden),
				"weight_ih": l.in(f, gates*hidden, input), "weight_hh": l.in(f, gates*hidden, hidden), "direction": l.text("forward"),
			}
			types := []dtype.Type{f, f}
			if gates == 4 {
				args["initial_c"], types = l.in(f, batch, hidden), append(types, f)
			}
			l.results(name, args, types...)
		}
	}
	return map[string]func(l *large){"rnn": layer("rnn", 1), "gru": layer("gru", 3), "lstm": layer("lstm", 4)}
}
