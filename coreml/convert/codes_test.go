package convert

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/checkpoint"
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/internal/quantize"
	"github.com/gocoreml/coreml/internal/quantize/declare"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

// codesKind is a kind of codes: their width, and the codes that stand for zero.
type codesKind struct {
	bits, least, most int
	carried           string // the type that they have in the package
}

var codesKinds = []codesKind{
	{4, 8, 8, "int4"},
	{4, 0, 15, "uint4"},
	{4, 0, 0, "uint4"},
	{8, 128, 128, "int8"},
	{8, 0, 255, "uint8"},
}

// kindOf chooses a kind by the last two parts of a module's name, without numbers, so that
// all experts have one.
func kindOf(module string) codesKind {
	if strings.Contains(module, "embed") {
		return codesKinds[1] // with offsets, in a gather
	}
	parts := strings.Split(module, ".")
	return codesKinds[crc32.ChecksumIEEE([]byte(parts[len(parts)-1]))%uint32(len(codesKinds))]
}

// pack writes a checkpoint with the shapes of the one in the folder from, whose matrices
// are codes in MLX's form: scale * code + bias, where the bias is a whole number of scales.
func pack(t *testing.T, from string, group int) string {
	t.Helper()
	file, err := safetensors.Open(os.DirFS(from), "model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	header, data := map[string]any{}, []byte(nil)
	add := func(name, kind string, shape []int, b []byte) {
		header[name] = map[string]any{"dtype": kind, "shape": shape, "data_offsets": []int{len(data), len(data) + len(b)}}
		data = append(data, b...)
	}
	settings := map[string]any{"group_size": group, "bits": 4}
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, e := range file.Entries {
		module, isWeight := strings.CutSuffix(e.Name, ".weight")
		if !isWeight || len(e.Shape) != 2 {
			raw := make([]byte, e.End-e.Begin)
			if err := file.ReadBytes(file.Entry(e.Name), 0, raw); err != nil {
				t.Fatal(err)
			}
			add(e.Name, e.DType, e.Shape, raw)
			continue
		}
		kind := kindOf(module)
		rows, columns, group := e.Shape[0], e.Shape[1], group
		if columns%group != 0 {
			group = columns
		}
		settings[module] = map[string]any{"group_size": group, "bits": kind.bits}
		codes := make([]byte, rows*columns*kind.bits/8)
		for i := range codes {
			codes[i] = byte(rnd.Uint32())
		}
		var scales, biases []byte
		for range rows * columns / group {
			offset := kind.least + rnd.IntN(kind.most-kind.least+1)
			// Of 3 bits, so that the bias is a number of fp16.
			scale := math.Ldexp(float64(1+rnd.IntN(7)), -kind.bits-5)
			if rnd.IntN(3) == 0 {
				scale = -scale
			}
			scales = binary.LittleEndian.AppendUint16(scales, dtype.Float32ToFloat16(float32(scale)))
			biases = binary.LittleEndian.AppendUint16(biases, dtype.Float32ToFloat16(float32(-scale*float64(offset))))
		}
		add(e.Name, "U32", []int{rows, columns * kind.bits / 32}, codes)
		add(module+".scales", "F16", []int{rows, columns / group}, scales)
		add(module+".biases", "F16", []int{rows, columns / group}, biases)
	}
	raw, err := os.ReadFile(filepath.Join(from, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := json.Unmarshal(raw, &config); err != nil {
		t.Fatal(err)
	}
	config["quantization"] = settings
	write := func(name string, v any, rest []byte) {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if rest != nil {
			b = bytes.Join([][]byte{binary.LittleEndian.AppendUint64(nil, uint64(len(b))), b, rest}, nil)
		}
		if err := os.WriteFile(filepath.Join(filepath.Clean(from), name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	from = t.TempDir()
	write("config.json", config, nil)
	write("model.safetensors", header, data)
	return from
}

// viewsOf finds the weights that a package has, by their names in the program.
func viewsOf(t *testing.T, c *checkpoint.Checkpoint, o *Options) map[string]*view {
	t.Helper()
	s, err := o.settings()
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := newConfig(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDecoder(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.context(d); err != nil {
		t.Fatal(err)
	}
	weights, views, err := d.resolve(c, &s.form)
	if err != nil {
		t.Fatal(err)
	}
	newSource(t.Context(), s, views, weights)
	byName := map[string]*view{}
	for _, v := range views {
		byName[v.weight] = v
	}
	return byName
}

// checkCarried converts a checkpoint and compares the weights in the package with those that
// the checkpoint decodes to. It returns the package and the number of carried weights of
// each type of codes.
func checkCarried(t *testing.T, model string, o *Options) (pkg string, types map[string]int) {
	t.Helper()
	pkg = filepath.Join(t.TempDir(), "m.mlpackage")
	report, err := Convert(t.Context(), model, pkg, o)
	if err != nil {
		t.Fatal(err)
	}
	c, err := checkpoint.Open(t.Context(), model)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // it was only read
	views := viewsOf(t, c, o)
	p, err := modelpkg.OpenPath(pkg)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close() //nolint:errcheck // it was only read
	program, err := mil.Read(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]*mil.Value{}
	for _, op := range program.Function("main").Body.Ops {
		if op.Type == "constexpr_blockwise_shift_scale" {
			values[op.Outputs[0].Name] = op.Outputs[0]
		}
	}
	types = map[string]int{}
	for i := range report.Tensors {
		line := &report.Tensors[i]
		if line.Codes == "" {
			continue
		}
		if line.Codes != "carried over" || line.Largest != 0 || line.RMS != 0 {
			t.Errorf("%s: the report says %+v", line.Tensor, line)
		}
		v, x := views[line.Weight], values[line.Weight+"_quantized"]
		if v == nil || x == nil {
			t.Fatalf("%s is not in the package as codes", line.Weight)
		}
		want := make([]float32, v.rows*v.cols)
		if err := v.read(t.Context(), 0, v.rows, want); err != nil {
			t.Fatal(err)
		}
		e, err := declare.Read(x)
		if err != nil {
			t.Fatal(err)
		}
		if e.Type == dtype.Float16 {
			for i, w := range want {
				want[i] = dtype.RoundFloat16(w)
			}
		}
		got, err := e.Decode(t.Context(), 1)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: the weights differ from the checkpoint's: %v", line.Tensor, err)
		}
		f, err := quantize.ParseForm(line.Form)
		if err != nil || f.Linear.Type != e.Codes.Type || int64(e.Bytes()) != line.Bytes {
			t.Errorf("%s: the report says %s of %d bytes (%v), the package has %v of %d", line.Tensor, line.Form, line.Bytes, err, e.Codes.Type, e.Bytes())
		}
		types[e.Codes.Type.String()]++
	}
	return pkg, types
}

// logits feeds five tokens.
func logits(t *testing.T, pkg string) []float32 {
	t.Helper()
	m, err := portable.Engine{}.Load(t.Context(), engine.Source{Path: pkg}, engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // only read
	st, err := m.NewState()
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close() //nolint:errcheck // only read
	var in []*tensor.Tensor
	for _, f := range m.Description().Inputs {
		switch f.Name {
		case "inputIds":
			in = append(in, tensor.FromSlice([]int32{5, 9, 20, 7, 14}, 1, 5))
		case "causalMask":
			in = append(in, tensor.CausalMask(tensor.Float16, 5, 0, nil))
		default:
			t.Fatalf("the package wants %s", f.Name)
		}
	}
	out := make([]*tensor.Tensor, 1)
	if err := m.Predict(t.Context(), in, out, st); err != nil {
		t.Fatal(err)
	}
	y, err := tensor.Values[float32](out[0].To(tensor.Float32))
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// Tied embeddings, runs of rows, and experts one behind the other.
func TestCodesAreCarriedOver(t *testing.T) {
	for _, c := range []struct {
		dir   string
		group int
		least int // of weights that are carried over
	}{
		{"../../testdata/checkpoints/llama-tied", 32, 22},
		{"testdata/architectures/gpt-neox", 8, 10},
		{"testdata/architectures/mixtral", 8, 10},
		{"testdata/architectures/stablelm", 8, 10},
	} {
		model := pack(t, c.dir, c.group)
		decoded := filepath.Join(t.TempDir(), "m.mlpackage")
		if r, err := Convert(t.Context(), model, decoded, &Options{Quantize: "none"}); err != nil || slices.ContainsFunc(r.Tensors, func(l TensorReport) bool { return l.Codes != "" }) {
			t.Fatalf("codes are carried over though the caller asked for none: %v", err)
		}
		want := logits(t, decoded)
		largest := max(slices.Max(want), -slices.Min(want))
		for name, o := range map[string]*Options{"linear": {}, "conv": {Layout: "conv"}, "fp32": {DType: "fp32"}} {
			t.Run(filepath.Base(c.dir)+" "+name, func(t *testing.T) {
				pkg, types := checkCarried(t, model, o)
				total := 0
				for _, n := range types {
					total += n
				}
				if total < c.least {
					t.Errorf("carried over are %v, want %d", types, c.least)
				}
				for i, x := range logits(t, pkg) {
					if float32(math.Abs(float64(x-want[i]))) > 0.02*largest {
						t.Fatalf("logit %d is %v, and %v with decoded weights", i, x, want[i])
					}
				}
			})
		}
	}
}

func TestCodesOfCachesOutsideStatesNeedTheNewOperators(t *testing.T) {
	model := pack(t, "../../testdata/checkpoints/llama-tied", 64)
	for _, cache := range []string{"io", "none"} {
		if _, types := checkCarried(t, model, &Options{Cache: cache}); len(types) < 3 {
			t.Errorf("%s: carried over are %v", cache, types)
		}
	}
}

// What the caller wants otherwise is decoded.
func TestCodesAreCarriedOverUnlessAskedOtherwise(t *testing.T) {
	model := pack(t, "../../testdata/checkpoints/llama-tied", 32)
	carried := func(o *Options) (names []string) {
		t.Helper()
		r, err := Convert(t.Context(), model, filepath.Join(t.TempDir(), "m.mlpackage"), o)
		if err != nil {
			t.Fatal(err)
		}
		for i := range r.Tensors {
			if r.Tensors[i].Codes != "" {
				names = append(names, r.Tensors[i].Tensor)
			}
		}
		return names
	}
	all := carried(nil)
	if got := carried(&Options{Quantize: "int4"}); got != nil {
		t.Errorf("with int4, %v are carried over", got)
	}
	got := carried(&Options{Keep: []string{"*embed*"}})
	if len(got) != len(all)-1 || slices.Contains(got, "model.embed_tokens.weight") {
		t.Errorf("without the embedding, %v are carried over", got)
	}
	if got := carried(&Options{DryRun: true}); !slices.Equal(got, all) {
		t.Errorf("a dry run carries %v over, want %v", got, all)
	}
}

// The codes of other tools.
func TestCodesOfOthersAreCarriedOver(t *testing.T) {
	fixtures := os.Getenv("COREML_FIXTURES")
	for name, path := range map[string]string{"int4 of gguf": "gguf-q4_0/model.gguf", "int4 of gptq": "gptq-4bit"} {
		t.Run(name, func(t *testing.T) {
			if fixtures == "" {
				t.Skip("set COREML_FIXTURES to the fixtures' folder, beside which the checkpoints lie")
			}
			model := filepath.Join(fixtures, "../checkpoints", path)
			pkg, types := checkCarried(t, model, nil)
			if types["int4"] < 21 {
				t.Errorf("carried over are %v", types)
			}
			decoded := filepath.Join(t.TempDir(), "m.mlpackage")
			if _, err := Convert(t.Context(), model, decoded, &Options{Quantize: "none"}); err != nil {
				t.Fatal(err)
			}
			if small, large := weightBytes(t, pkg), weightBytes(t, decoded); small > large*3/4 {
				t.Errorf("%d bytes of weights, and %d with decoded ones", small, large)
			}
		})
	}
}

func weightBytes(t *testing.T, pkg string) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(pkg, "Data/com.apple.CoreML/weights/weight.bin"))
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
