package embed_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// toy is an encoder of one layer, small enough to be computed by hand: the row of a
// token is its entry of a table, and those of its type and its place, plus a tenth
// of the sum of all such entries that the mask lets through.
type toy struct {
	batch, length int // mil.Unknown for an open size
	// mask is the name of the mask's input, "" for none, and pads says that a package
	// without one leaves out the token 0 by itself.
	mask string
	pads bool
	half bool // the mask is of half floats
	// types and positions are the names of their inputs, and flat gives the positions
	// one axis.
	types, positions string
	flat             bool
	// form is the order of the output's axes: "" for [B, S, D], "channels" for
	// [B, D, 1, S], "pooled" for the last row [B, D], "one" for [B, 1, D], "logit" for
	// its first number [B, 1].
	form     string
	output   string
	infinite bool // the vector of "u"
}

const (
	toyVocab = 24
	toyWidth = 6
	toyMost  = 64 // positions
)

// toyWords are the tokens; 0 to 2 are special.
var toyWords = strings.Fields("[PAD] [CLS] [SEP] a b c d e f g h i j k l m n o p q r s t u")

// tables are the entries of tokens, types and places.
func (e *toy) tables() (tokens, types, places []float32) {
	fill := func(n int, seed float64) []float32 {
		out := make([]float32, n*toyWidth)
		for i := range out {
			out[i] = float32(math.Round(math.Sin(float64(i)*seed+seed)*64) / 64)
		}
		return out
	}
	tokens = fill(toyVocab, 1.7)
	if e.infinite {
		tokens[len(tokens)-toyWidth] = float32(math.Inf(1))
	}
	return tokens, fill(2, 2.9), fill(toyMost, 0.37)
}

// write makes the package and its tokenizer in a folder, and returns the package's
// path.
func (e *toy) write(t *testing.T, template bool) string {
	t.Helper()
	dir := t.TempDir()
	p, err := e.program()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "Toy.mlpackage")
	if err := mil.Write(path, p, nil); err != nil {
		t.Fatal(err)
	}
	words := map[string]int{}
	for i, w := range toyWords {
		words[w] = i
	}
	file := map[string]any{
		"version": "1.0", "model": map[string]any{"type": "WordLevel", "vocab": words, "unk_token": "u"},
		"pre_tokenizer": map[string]any{"type": "WhitespaceSplit"},
	}
	if template {
		file["post_processor"] = map[string]any{"type": "BertProcessing", "sep": []any{"[SEP]", 2}, "cls": []any{"[CLS]", 1}}
	}
	writeJSON(t, filepath.Join(dir, "tokenizer.json"), file)
	writeJSON(t, filepath.Join(dir, "tokenizer_config.json"), map[string]any{"pad_token": "[PAD]"})
	return path
}

func writeJSON(t *testing.T, name string, v any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// program builds the function.
func (e *toy) program() (*mil.Program, error) {
	f32, i32 := dtype.Float32, dtype.Int32
	b := mil.NewBuilder("main", "CoreML8")
	rows := mil.TensorType(f32, e.batch, e.length, toyWidth)
	tokens, types, places := e.tables()
	gather := func(table []float32, n int, ids *mil.Value, shape ...int) *mil.Value {
		return b.Op("gather", "", mil.TensorType(f32, append(shape, toyWidth)...), mil.Args{
			"x": b.Float32s("", []int{n, toyWidth}, table...), "indices": ids, "axis": b.Int("", 0),
			"batch_dims": b.Int("", 0), "validate_indices": b.Bool("", false),
		})
	}
	ids := b.Input("input_ids", i32, e.batch, e.length)
	x := gather(tokens, toyVocab, ids, e.batch, e.length)
	var mask *mil.Value
	switch {
	case e.mask != "" && e.half:
		mask = b.Op("cast", "", mil.TensorType(f32, e.batch, e.length), mil.Args{"x": b.Input(e.mask, dtype.Float16, e.batch, e.length), "dtype": b.Text("", "fp32")})
	case e.mask != "":
		mask = b.Op("cast", "", mil.TensorType(f32, e.batch, e.length), mil.Args{"x": b.Input(e.mask, i32, e.batch, e.length), "dtype": b.Text("", "fp32")})
	case e.pads:
		there := b.Op("not_equal", "", mil.TensorType(dtype.Bool, e.batch, e.length), mil.Args{"x": ids, "y": b.Int("", 0)})
		mask = b.Op("cast", "", mil.TensorType(f32, e.batch, e.length), mil.Args{"x": there, "dtype": b.Text("", "fp32")})
	}
	add := func(y *mil.Value) { x = b.Op("add", "", rows, mil.Args{"x": x, "y": y}) }
	if e.types != "" {
		add(gather(types, 2, b.Input(e.types, i32, e.batch, e.length), e.batch, e.length))
	}
	if e.flat {
		add(gather(places, toyMost, b.Input(e.positions, i32, e.length), e.length))
	} else if e.positions != "" {
		add(gather(places, toyMost, b.Input(e.positions, i32, e.batch, e.length), e.batch, e.length))
	}
	seen := x
	if mask != nil {
		column := b.Op("expand_dims", "", mil.TensorType(f32, e.batch, e.length, 1), mil.Args{"x": mask, "axes": b.Ints("", -1)})
		seen = b.Op("mul", "", rows, mil.Args{"x": x, "y": column})
	}
	sum := b.Op("reduce_sum", "", mil.TensorType(f32, e.batch, 1, toyWidth), mil.Args{"x": seen, "axes": b.Ints("", 1), "keep_dims": b.Bool("", true)})
	add(b.Op("mul", "", mil.TensorType(f32, e.batch, 1, toyWidth), mil.Args{"x": sum, "y": b.Float("", f32, 0.1)}))
	e.finish(b, x)
	return b.Program()
}

// finish gives the rows in the form that is asked for.
func (e *toy) finish(b *mil.Builder, x *mil.Value) {
	f32 := dtype.Float32
	slice := func(shape []int, begin, end []int, beginMask, endMask, squeeze []bool) *mil.Value {
		return b.Op("slice_by_index", "", mil.TensorType(f32, shape...), mil.Args{
			"x": x, "begin": b.Ints("", begin...), "end": b.Ints("", end...), "stride": b.Ints("", 1, 1, 1),
			"begin_mask": b.Bools("", beginMask...), "end_mask": b.Bools("", endMask...), "squeeze_mask": b.Bools("", squeeze...),
		})
	}
	switch e.form {
	case "channels":
		x = b.Op("transpose", "", mil.TensorType(f32, e.batch, toyWidth, e.length), mil.Args{"x": x, "perm": b.Ints("", 0, 2, 1)})
		x = b.Op("expand_dims", "", mil.TensorType(f32, e.batch, toyWidth, 1, e.length), mil.Args{"x": x, "axes": b.Ints("", 2)})
	case "one", "pooled":
		shape := []int{e.batch, 1, toyWidth}
		if e.form == "pooled" {
			shape = []int{e.batch, toyWidth}
		}
		x = slice(shape, []int{0, -1, 0}, []int{0, 0, 0}, []bool{true, false, true}, []bool{true, true, true}, []bool{false, e.form == "pooled", false})
	case "logit":
		x = slice([]int{e.batch, 1}, []int{0, 0, 0}, []int{0, 1, 1}, []bool{true, false, false}, []bool{true, false, false}, []bool{false, true, false})
	}
	b.Output(e.output, x)
}

// rowsOf computes the rows of a text's tokens, without padding, in plain Go.
func (e *toy) rowsOf(ids, typeIDs []int) [][]float64 {
	tokens, types, places := e.tables()
	rows := make([][]float64, len(ids))
	sum := make([]float64, toyWidth)
	for i, id := range ids {
		rows[i] = make([]float64, toyWidth)
		for j := range toyWidth {
			rows[i][j] = float64(tokens[id*toyWidth+j])
			if e.types != "" {
				rows[i][j] += float64(types[typeIDs[i]*toyWidth+j])
			}
			if e.positions != "" {
				rows[i][j] += float64(places[i*toyWidth+j])
			}
			sum[j] += rows[i][j]
		}
	}
	for _, row := range rows {
		for j := range row {
			row[j] += sum[j] / 10
		}
	}
	return rows
}

// pooled computes a pooling in plain Go.
func pooled(how embed.Pooling, rows [][]float64) []float64 {
	n := float64(len(rows))
	out := make([]float64, toyWidth)
	for j := range out {
		switch how {
		case embed.PoolingCLS:
			out[j] = rows[0][j]
		case embed.PoolingLast, embed.PoolingNone, "":
			out[j] = rows[len(rows)-1][j]
		case embed.PoolingMax:
			out[j] = math.Inf(-1)
		}
		for i, row := range rows {
			switch how {
			case embed.PoolingMax:
				out[j] = math.Max(out[j], row[j])
			case embed.PoolingMean:
				out[j] += row[j] / n
			case embed.PoolingMeanSqrt:
				out[j] += row[j] / math.Sqrt(n)
			case embed.PoolingWeightedMean:
				out[j] += row[j] * float64(i+1) / (n * (n + 1) / 2)
			}
		}
	}
	return out
}
