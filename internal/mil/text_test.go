package mil_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// dump writes all that there is of a program, a line for each thing.
func dump(p *mil.Program) string {
	var b strings.Builder
	fmt.Fprintln(&b, "version", p.Version)
	for _, key := range slices.Sorted(maps.Keys(p.Attributes)) {
		fmt.Fprintf(&b, "attribute %q = %q\n", key, p.Attributes[key])
	}
	for _, f := range p.Functions {
		fmt.Fprintf(&b, "function %q %q\n", f.Name, f.Opset)
		dumpValues(&b, "parameter", f.Inputs)
		dumpBlock(&b, f.Body)
	}
	return b.String()
}

func dumpBlock(b *strings.Builder, block *mil.Block) {
	dumpValues(b, "block", block.Inputs)
	for _, op := range block.Ops {
		fmt.Fprintf(b, "operation %q %q %q\n", op.Type, op.Name, op.Opset)
		for _, a := range op.Inputs {
			dumpValues(b, fmt.Sprintf("operand %q", a.Name), a.Values)
		}
		dumpValues(b, "result", op.Outputs)
		for _, nested := range op.Blocks {
			dumpBlock(b, nested)
		}
	}
	dumpValues(b, "gives", block.Outputs)
}

func dumpValues(b *strings.Builder, what string, list []*mil.Value) {
	fmt.Fprintf(b, "%s: %d\n", what, len(list))
	for _, v := range list {
		fmt.Fprintf(b, "  %q %+v", v.Name, v.Type)
		if v.Producer != nil {
			fmt.Fprintf(b, " of %q", v.Producer.Name)
		}
		if c := v.Const; c != nil {
			fmt.Fprintf(b, " %v %v %q at %d: %x %q", c.DType, c.Shape, c.Blob, c.Offset, sha256.Sum256(c.Data), c.Strings)
		}
		fmt.Fprintln(b)
	}
}

func text(t testing.TB, p *mil.Program) string {
	t.Helper()
	var b bytes.Buffer
	if err := mil.WriteText(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// readsBack checks that the text of a program gives the same program, and that program
// the same text.
func readsBack(t *testing.T, want *mil.Program, blobs mil.BlobSource) {
	t.Helper()
	first := text(t, want)
	got, err := mil.FromText(t.Context(), []byte(first), blobs)
	if err != nil {
		t.Fatalf("%v\n%.2000s", err, first)
	}
	if diff := cmp.Diff(dump(want), dump(got)); diff != "" {
		t.Errorf("another program (-want +got):\n%.4000s", diff)
	}
	if second := text(t, got); second != first {
		t.Errorf("another text:\n%.4000s", cmp.Diff(first, second))
	}
}

// TestTheTextOfAFixtureIsTheFixture reads the text of every package that there is back.
func TestTheTextOfAFixtureIsTheFixture(t *testing.T) {
	for _, path := range append(fixturePackages(t), formPackages(t)...) {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			pkg := open(t, path)
			p, err := mil.Read(t.Context(), pkg)
			if err != nil {
				t.Fatal(err)
			}
			readsBack(t, p, pkg)
		})
	}
}

func formPackages(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob("testdata/forms/*/model.mlpackage")
	if err != nil || len(list) == 0 {
		t.Fatalf("no forms: %v", err)
	}
	return list
}

// TestACompiledModelReadsBack has the texts of Apple's compiler.
func TestACompiledModelReadsBack(t *testing.T) {
	list, err := filepath.Glob("../../testdata/compiled/*.mlmodelc")
	if err != nil || len(list) != 6 {
		t.Fatalf("%d compiled models: %v", len(list), err)
	}
	for _, path := range list {
		t.Run(filepath.Base(path), func(t *testing.T) {
			pkg := open(t, path)
			p, err := mil.Read(t.Context(), pkg)
			if err != nil {
				t.Fatal(err)
			}
			readsBack(t, p, pkg)
			// The compiler's own text comes out again where it has all that is written:
			// names of operations, the spelling of its operator set, no shapes twice.
			if got := text(t, p); filepath.Base(path) == "token_duration.mlmodelc" && got != string(pkg.Text())+"\n" {
				t.Errorf("another text than the compiler's: %s", cmp.Diff(string(pkg.Text()), got))
			}
		})
	}
}

// TestEveryConstantReadsBack has constants of every type, with their ends.
func TestEveryConstantReadsBack(t *testing.T) {
	b := mil.NewBuilder("main", "CoreML8")
	var values []*mil.Value
	add := func(t dtype.Type, data ...byte) {
		n := len(data) * 8 / t.Bits()
		values = append(values, b.Const("", t, []int{n}, data))
	}
	for _, d := range []dtype.Type{
		dtype.Int8, dtype.UInt8, dtype.Int16, dtype.UInt16, dtype.Int32, dtype.UInt32, dtype.Int64, dtype.UInt64, dtype.Int4,
		dtype.UInt1, dtype.UInt2, dtype.UInt4, dtype.UInt3, dtype.UInt6, dtype.Float16, dtype.BFloat16, dtype.Float32, dtype.Float64,
	} {
		zero, ones := make([]byte, 24), bytes.Repeat([]byte{0xff}, 24)
		top, most := make([]byte, 24), bytes.Repeat([]byte{0xff}, 24)
		if w := d.Size(); w > 0 {
			for i := w - 1; i < 24; i += w {
				top[i], most[i] = 0x80, 0x7f
			}
		}
		mixed := make([]byte, 24)
		for i := range mixed {
			mixed[i] = byte(37*i + 11)
		}
		for _, data := range [][]byte{zero, ones, top, most, mixed} {
			add(d, data...)
		}
	}
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	add(dtype.Float8E4M3FN, all...)
	add(dtype.Float8E5M2, all...)
	halves := make([]byte, 2<<16)
	for i := range 1 << 16 {
		halves[2*i], halves[2*i+1] = byte(i), byte(i>>8)
	}
	add(dtype.Float16, halves...)
	add(dtype.BFloat16, halves...)
	values = append(values,
		b.Text("", "a \"b\" \\ \n\t\x1b \u202e é 日本"), b.Text("", ""), b.Bool("", true), b.Bools("", true, false),
		b.Float("", dtype.Float32, float32(math.Copysign(0, -1))), b.Int("", -1), b.Ints(""),
		b.IntTensor("", dtype.Int32, []int{3, 0}), b.IntTensor("", dtype.Int32, []int{2, 1, 2}, 1, 2, 3, 4), b.Ints("named", 1, 2),
	)
	args := mil.Args{"list": mil.Values(values[:3]), "none": mil.Values{}}
	for i, v := range values {
		args[fmt.Sprintf("v%03d", i)] = v
	}
	b.Do("show", "", args)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	p.Attributes = map[string]string{"plain": "x", "buildInfo.a": "1", "buildInfo.b.c": "\"", "z.": ""}
	readsBack(t, p, nil)
}

// TestStrangeNamesReadBack has names that Core ML does not have and messages may.
func TestStrangeNamesReadBack(t *testing.T) {
	for _, name := range []string{"plain", "9", "a b", "x\x1b[2J", "\"", `\`, "é", "tensor", "int32", "true", "inf", "nan", "BLOBFILE", "func"} {
		b := mil.NewBuilder(name, "CoreML7")
		x := b.Input(name, dtype.Float32, mil.Unknown)
		y := b.Op(name, "", x.Type, mil.Args{name: x, "both": mil.Values{x, x}})
		b.Do(name, "", mil.Args{"x": y})
		b.Output("out", y)
		p, err := b.Program()
		if err != nil {
			t.Fatal(err)
		}
		readsBack(t, p, nil)
		if s := text(t, p); strings.Contains(s, "\x1b") {
			t.Errorf("a control character in %q", s)
		}
	}
}

func TestControlFlowAndStatesReadBack(t *testing.T) {
	readsBack(t, buildStep(t), nil)
}

// TestBothSpellingsAreOne reads a program as the systems of two years write it.
func TestBothSpellingsAreOne(t *testing.T) {
	old := `program(1.0)
[buildInfo = dict<tensor<string, []>, tensor<string, []>>({{"a", "b"}})]
{
    func main<ios17>(tensor<fp16, [1, ?]> x) {
            tensor<fp16, []> y = const()[name = tensor<string, []>("c"), val = tensor<fp16, []>(0x1.8p-3)];
            tensor<fp16, [1, ?]> z = mul(x = x, y = y)[name = tensor<string, []>("m"), other = tuple<tensor<string, []>, dict<tensor<string, []>, tensor<int32, [?]>>>(("a", {{"b", [1]}}))];
            tensor<fp16, [1, ?]> w = mul(x = z, y = tensor<fp16, [1]>([-0.5]));
        } -> (w);
}`
	plain := `program(1.3)[buildInfo=dict<string,string>({{"a","b"}})]{func main<ios17>(tensor<fp16,[1,?]>x){
fp16 y=const()[name=string("c"),val=fp16(0.1875)];tensor<fp16,[1,?]>z=mul(x=x,y=y)[name=string("m")];
tensor<fp16,[1,?]>w=mul<ios17>(x=z,y=tensor<fp16,[1]>([-0x1p-1]));}->(w);}`
	a, err := mil.FromText(t.Context(), []byte(old), nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := mil.FromText(t.Context(), []byte(plain), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(dump(a), dump(b)); diff != "" {
		t.Errorf("two programs:\n%s", diff)
	}
}

// TestWhatIsWrongWithATextIsPlaced has a mistake of each sort, and where it is.
func TestWhatIsWrongWithATextIsPlaced(t *testing.T) {
	in := func(ops string) string {
		return "program(1.3)\n{\n func main<ios18>(tensor<fp16, [2]> x, state<tensor<fp16, [2]>> s) {\n" + ops + "\n} -> (x);\n}"
	}
	tests := map[string]struct {
		text   string
		line   int
		column int
		sort   error
	}{
		"no program":                 {"prog", 1, 1, mil.ErrText},
		"an end too early":           {"program(1.0)\n{", 2, 2, mil.ErrText},
		"a character":                {"program(1.0) @", 1, 14, mil.ErrText},
		"characters, not bytes":      {in("é = 1"), 4, 1, mil.ErrText},
		"text behind it":             {in("") + ";", 6, 2, mil.ErrText},
		"no version":                 {"program(one)", 1, 9, mil.ErrText},
		"an unknown operator set":    {"program(1.0){ func f<ios99>() {} -> (); }", 1, 22, mil.ErrStructure},
		"an unknown type":            {in("tensor_buffer<fp16, [2]> y = relu(x = x);"), 4, 1, mil.ErrType},
		"an unknown scalar":          {in("fp12 y = relu(x = x);"), 4, 1, mil.ErrType},
		"an unknown element type":    {in("tensor<fp12, [2]> y = relu(x = x);"), 4, 8, mil.ErrText},
		"an unknown operand":         {in("fp16 y = relu(x = é);"), 4, 19, mil.ErrText},
		"an undefined operand":       {in("  fp16 y = relu(x = q);"), 4, 21, mil.ErrUndefined},
		"a name twice":               {in("fp16 x = relu(x = x);"), 4, 1, mil.ErrDuplicate},
		"an operand twice":           {in("fp16 y = relu(x = x, x = x);"), 4, 10, mil.ErrDuplicate},
		"a const without a value":    {in("fp16 y = const();"), 4, 10, mil.ErrConst},
		"too few elements":           {in("tensor<fp16, [2]> y = const()[val = tensor<fp16, [2]>([1])];"), 4, 55, mil.ErrConst},
		"too many elements":          {in("tensor<fp16, [1]> y = const()[val = tensor<fp16, [1]>([1, 2])];"), 4, 59, mil.ErrConst},
		"more than the text":         {in("tensor<fp16, [9999999]> y = const()[val = tensor<fp16, [9999999]>([1])];"), 4, 43, mil.ErrConst},
		"a size that overflows":      {in("int8 y = const()[val = tensor<int8, [9223372036854775807, 9]>([])];"), 4, 24, mil.ErrConst},
		"an integer too large":       {in("int8 y = const()[val = int8(128)];"), 4, 29, mil.ErrConst},
		"a negative unsigned":        {in("uint8 y = const()[val = uint8(-1)];"), 4, 31, mil.ErrConst},
		"a half too large":           {in("fp16 y = const()[val = fp16(65520)];"), 4, 29, mil.ErrConst},
		"a word for a number":        {in("fp16 y = const()[val = fp16(-Infinity)];"), 4, 29, mil.ErrText},
		"a number for a bool":        {in("bool y = const()[val = bool(1)];"), 4, 29, mil.ErrText},
		"an escape":                  {in(`string y = const()[val = string("\q")];`), 4, 33, mil.ErrText},
		"a string without end":       {in(`string y = const()[val = string("q)];`), 4, 33, mil.ErrText},
		"no weight file":             {in(`fp16 y = const()[val = fp16(BLOBFILE(path = string("@model_path/w"), offset = uint64(64)))];`), 4, 24, mil.ErrConst},
		"half a blob":                {in(`fp16 y = const()[val = fp16(BLOBFILE(path = string("@model_path/w")))];`), 4, 24, mil.ErrText},
		"a type that another has":    {in("fp32 y = const()[val = fp16(1)];"), 4, 1, mil.ErrConst},
		"a state as an operand":      {in("tensor<fp16, [2]> y = relu(x = s);"), 4, 1, mil.ErrType},
		"a value that leaves":        {in("bool p = const()[val = bool(true)]; fp16 y = cond(pred = p) () { fp16 a = relu(x = x); } -> (a) () {} -> (a);"), 4, 107, mil.ErrUndefined},
		"one branch":                 {in("bool p = const()[val = bool(true)]; fp16 y = cond(pred = p) () {} -> (x);"), 4, 37, mil.ErrStructure},
		"two functions of one name":  {"program(1.0){ func f<ios18>() {} -> ();\nfunc f<ios18>() {} -> (); }", 2, 6, mil.ErrDuplicate},
		"no function":                {"program(1.0){ }", 1, 1, mil.ErrStructure},
		"brackets that do not match": {in("fp16 y = relu(x = x)[z = tuple<fp16>((1])];"), 4, 40, mil.ErrText},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := mil.FromText(t.Context(), []byte(test.text), nil)
			e, ok := errors.AsType[*mil.TextError](err)
			if !ok || !errors.Is(err, test.sort) {
				t.Fatalf("error is %v, want %v", err, test.sort)
			}
			if e.Line != test.line || e.Column != test.column {
				t.Errorf("%v, want line %d, column %d", err, test.line, test.column)
			}
		})
	}
}

// TestATextThatAsksForTooMuchIsRefused has texts that cost much for their length.
func TestATextThatAsksForTooMuchIsRefused(t *testing.T) {
	head := "program(1.0){ func f<ios18>(fp16 x) {"
	for name, s := range map[string]string{
		"nested blocks":   head + strings.Repeat("cond(pred = x) () {", 1e5),
		"nested types":    head + strings.Repeat("list<", 1e5),
		"nested brackets": head + "fp16 y = relu(x = x)[a = tuple<fp16>(" + strings.Repeat("(", 1e5),
		"operations":      head + strings.Repeat("a();", 1e6),
		"parameters":      "program(1.0){ func f<ios18>(" + strings.Repeat("fp16 x,", 1e6),
		"types":           head + "tuple<" + strings.Repeat("fp16,", 1e6),
		"operands":        head + "a(" + strings.Repeat("x=x,", 1e6),
		"functions":       "program(1.0){" + strings.Repeat("func f<ios18>(){}->();", 1e5),
		"outputs":         head + "}->(" + strings.Repeat("x,", 1e6),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := mil.FromText(t.Context(), []byte(s), nil); err == nil {
				t.Error("it was read")
			} else if _, ok := errors.AsType[*mil.TextError](err); !ok {
				t.Errorf("error %v has no place", err)
			}
		})
	}
}

func TestReadingATextEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := mil.FromText(ctx, []byte("program(1.0){ func f<ios18>(fp16 x) { a(x = x); } -> (x); }"), nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func FuzzFromText(f *testing.F) {
	list, err := filepath.Glob("../../testdata/compiled/*.mlmodelc/model.mil")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range list {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[:min(len(data), 4096)]) // a text that ends too early, where it is long
	}
	f.Add([]byte(text(f, buildStep(f))))
	f.Add([]byte(`program(1.3){func m<CoreML9>(dict<string, fp64> d, list<string, ?> l, tuple<> u, tensor<fp16, [...]> v){list<string, 2> c = const()[val = list<string, 2>(("a", "b"))]; x<ios15>(a = nan, b = fp16(nan(0x7e01)), c = (l, int4(-8)), "é" = uint3(7));}->(d);}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := mil.FromText(t.Context(), data, nil)
		if err != nil {
			if _, ok := errors.AsType[*mil.TextError](err); !ok {
				t.Fatalf("error %v has no place", err)
			}
			return
		}
		first := text(t, p)
		again, err := mil.FromText(t.Context(), []byte(first), nil)
		if err != nil {
			t.Fatalf("what was written is not read: %v\n%s", err, first)
		}
		if diff := cmp.Diff(dump(p), dump(again)); diff != "" {
			t.Fatalf("another program:\n%s", diff)
		}
	})
}
