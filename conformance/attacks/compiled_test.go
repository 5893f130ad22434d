//go:build linux

package attacks_test

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/tensor"
)

// textHead begins a program whose function takes x and gives y; the operations follow.
const (
	textHead = "program(1.3)\n{\n    func main<ios18>(tensor<fp32, [2]> x) {\n"
	textTail = "\n    } -> (y);\n}\n"
)

// compiledModels are hostile texts of programs, and descriptions of compiled models.
func compiledModels() []*attack {
	var list []*attack
	for name, text := range map[string]func() string{
		"blocks in each other":   func() string { return textHead + strings.Repeat("cond(pred = x) () {", 1<<20) },
		"brackets in each other": func() string { return textHead + "fp32 y = relu(x = x)[a = tuple<fp32>(" + strings.Repeat("(", 16<<20) },
		"types in each other":    func() string { return textHead + strings.Repeat("list<", 4<<20) },
		"operations without end": func() string { return textHead + strings.Repeat("a();", 16<<20) },
		"results without end":    func() string { return textHead + strings.Repeat("fp32 a, ", 8<<20) },
		"names without end":      func() string { return "program(1.0){ func f<ios18>() {} -> (" + strings.Repeat("x, ", 16<<20) },
		"functions without end":  func() string { return "program(1.0){" + strings.Repeat("func f<ios18>() {} -> ();", 2<<20) },
		"attributes without end": func() string { return "program(1.0)[" + strings.Repeat(`a = string("b"), `, 4<<20) },
		"a dictionary without end": func() string {
			return "program(1.0)[a = dict<string, string>({" + strings.Repeat(`{"a", "b"}, `, 8<<20)
		},
		"dimensions without end": func() string { return textHead + "tensor<fp32, [" + strings.Repeat("1, ", 16<<20) },
		"a string without end":   func() string { return textHead + `string y = const()[val = string("` + strings.Repeat("x", 64<<20) },
		"a name of 64 MB":        func() string { return textHead + strings.Repeat("x", 64<<20) },
		"a number of 64 MB": func() string {
			return textHead + "fp32 y = const()[val = fp32(0x" + strings.Repeat("1", 64<<20) + "p-3)];"
		},
		"nothing but white space": func() string { return strings.Repeat(" \n", 32<<20) },
		"a mistake behind 64 MB":  func() string { return textHead + strings.Repeat("\n", 64<<20) + "?" },
		"more elements than the text": func() string {
			return textHead + "tensor<int8, [4611686018427387904]> y = const()[val = tensor<int8, [4611686018427387904]>([1])];" + textTail
		},
		"a size that overflows": func() string {
			return textHead + "tensor<int8, [9223372036854775807, 2]> y = const()[val = tensor<int8, [9223372036854775807, 2]>([])];" + textTail
		},
		"a file outside": func() string {
			return textHead + `tensor<fp32, [2]> y = const()[val = tensor<fp32, [2]>(BLOBFILE(path = string("@model_path/../../etc/passwd"), offset = uint64(64)))];` + textTail
		},
		"an offset beyond all": func() string {
			return textHead + `tensor<fp32, [2]> y = const()[val = tensor<fp32, [2]>(BLOBFILE(path = string("@model_path/weights.bin"), offset = uint64(18446744073709551552)))];` + textTail
		},
		"escapes for the terminal":  func() string { return textHead + "\x1b]0;owned\x07\x1b[2J" + textTail },
		"a name for the terminal":   func() string { return textHead + "fp32 y = relu(x = \"\\x1b]0;owned\\x07\\u202e\");" + textTail },
		"an operator for it":        func() string { return textHead + "fp32 y = \"\\x1b]0;owned\\x07\\u202e\"(x = x);" + textTail },
		"an operator set for it":    func() string { return textHead + "fp32 y = relu<\"\\x1b[2J\">(x = x);" + textTail },
		"a string of broken UTF-8":  func() string { return textHead + "string y = const()[val = string(\"\xff\xfe\")];" + textTail },
		"an escape of broken UTF-8": func() string { return textHead + `string y = const()[val = string("\xff\xfe")];` + textTail },
		"a chain of constexpr":      func() string { return textHead + chain(1000) + textTail },
		"a state that is no memory": func() string {
			return "program(1.3){ func main<ios18>(tensor<fp32, [2]> x, state<tensor<fp16, [1048576, 1048576, 1048576]>> s) { tensor<fp32, [2]> y = relu(x = x); } -> (y); }"
		},
	} {
		list = append(list, textAttack(name, text))
	}
	return append(list, descriptionAttacks()...)
}

// chain writes operations of compressed weights, each over the one before.
func chain(n int) string {
	var b strings.Builder
	b.WriteString("int8 c0 = const()[val = int8(1)];\n")
	for i := range n {
		k := strconv.Itoa(i)
		b.WriteString("int8 c" + strconv.Itoa(i+1) + " = constexpr_lut_to_dense(indices = c" + k + ", lut = c" + k + ");\n")
	}
	return b.String() + "fp32 y = relu(x = x);"
}

// textAttack prints and loads a compiled model with the text: both give an error. A blob
// that is not there is an error of its file.
func textAttack(name string, text func() string) *attack {
	return &attack{
		name: "model.mil/" + name,
		prepare: func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "m.mlmodelc", "model.mil"), []byte(text()))
			_, d := adderProgram(t)
			write(t, filepath.Join(dir, "m.mlmodelc", "coremldata.bin"), modelpkg.CompiledData(9, d))
		},
		command: []string{"inspect", "m.mlmodelc", "--mil"}, status: textStatus(name),
	}
}

// textStatus is the status with which a text is printed: a well-formed one is, whatever
// it asks an engine for.
func textStatus(name string) int {
	if name == "an operator for it" {
		return 0
	}
	return 1
}

// descriptionAttacks have hostile files around a text that is right.
func descriptionAttacks() []*attack {
	good := textHead + "tensor<fp32, [2]> y = relu(x = x);" + textTail
	header := func(kind milpb.ModelType, length uint64, rest ...byte) []byte {
		b := make([]byte, 28)
		binary.LittleEndian.PutUint32(b, uint32(kind))
		b = append(binary.LittleEndian.AppendUint64(b, 7), "generic"...)
		b = append(b, make([]byte, 32)...)
		return append(binary.LittleEndian.AppendUint64(b, length), rest...)
	}
	deep := []byte{}
	for range 2000 { // messages in each other: a sequence of sequences
		deep = append(binary.AppendUvarint([]byte{0x0a}, uint64(len(deep))), deep...)
	}
	many := func() []byte { return []byte(strings.Repeat("\x0a\x00", 8<<20)) } // an input of two bytes, many times
	pipeline := func(n uint64) []byte {
		return binary.LittleEndian.AppendUint64(header(milpb.TypePipeline, 0), n)
	}
	var list []*attack
	for name, data := range map[string]func() []byte{
		"a length beyond all":      func() []byte { return header(milpb.TypeMLProgram, 1<<63) },
		"messages in each other":   func() []byte { return header(milpb.TypeMLProgram, uint64(len(deep)), deep...) },
		"features without end":     func() []byte { return header(milpb.TypeMLProgram, uint64(len(many())), many()...) },
		"zeros of 60 MB":           func() []byte { return make([]byte, 60<<20) },
		"a file of 200 MB":         func() []byte { return make([]byte, 200<<20) },
		"models without end":       func() []byte { return pipeline(1 << 62) },
		"a pipeline of itself":     func() []byte { return pipeline(2) },
		"a pipeline of no model":   func() []byte { return pipeline(0) },
		"a type beyond all":        func() []byte { return []byte{0xff, 0xff, 0xff, 0xff} },
		"one byte":                 func() []byte { return []byte{1} },
		"a target of 2^64-1 bytes": func() []byte { return append(make([]byte, 28), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) },
	} {
		list = append(list, &attack{
			name: "coremldata.bin/" + name,
			prepare: func(t *testing.T, dir string) {
				m := filepath.Join(dir, "m.mlmodelc")
				write(t, filepath.Join(m, "model.mil"), []byte(good))
				write(t, filepath.Join(m, "coremldata.bin"), data())
				if err := os.Symlink(".", filepath.Join(m, "model0")); err != nil {
					t.Fatal(err)
				}
			},
			inside: func(ctx context.Context, dir string) error {
				_, err := coreml.Load(ctx, filepath.Join(dir, "m.mlmodelc"), &coreml.Config{Engine: coreml.EnginePortable})
				return wantError(err, coreml.ErrCompiledModel)
			},
		})
	}
	return append(list, specialCompiled(good)...)
}

// specialCompiled are compiled models whose files are none, and one whose text is large
// and right.
func specialCompiled(good string) []*attack {
	var list []*attack
	for _, file := range []string{"model.mil", "coremldata.bin", "metadata.json"} {
		list = append(list, &attack{
			name: "special files/a pipe as " + file + " of a compiled model",
			prepare: func(t *testing.T, dir string) {
				m := filepath.Join(dir, "m.mlmodelc")
				_, d := adderProgram(t)
				write(t, filepath.Join(m, "model.mil"), []byte(good))
				if file != "metadata.json" { // which is read where the other is missing
					write(t, filepath.Join(m, "coremldata.bin"), modelpkg.CompiledData(9, d))
				}
				pipe(t, filepath.Join(m, file))
			},
			inside: func(ctx context.Context, dir string) error {
				_, err := coreml.Load(ctx, filepath.Join(dir, "m.mlmodelc"), &coreml.Config{Engine: coreml.EnginePortable})
				return wantError(err, coreml.ErrNotRegular)
			},
		})
	}
	const n = 4 << 20
	return append(list, &attack{
		name: "model.mil/a tensor of 4 million numbers in the text",
		prepare: func(t *testing.T, dir string) {
			size := "[" + strconv.Itoa(n) + "]"
			text := textHead + "tensor<fp32, " + size + "> c = const()[val = tensor<fp32, " + size + ">([" +
				strings.TrimSuffix(strings.Repeat("0x1.8p-3, ", n), ", ") + "])];\nfp32 s = reduce_sum(x = c); tensor<fp32, [2]> y = add(x = x, y = s);" + textTail
			_, d := adderProgram(t)
			write(t, filepath.Join(dir, "m.mlmodelc", "model.mil"), []byte(text))
			write(t, filepath.Join(dir, "m.mlmodelc", "coremldata.bin"), modelpkg.CompiledData(9, d))
		},
		inside: func(ctx context.Context, dir string) error {
			err := predictOnce(ctx, filepath.Join(dir, "m.mlmodelc"), map[string]*tensor.Tensor{"x": tensor.New(tensor.Float32, 2)})
			if err != nil {
				return err
			}
			_, err = mil.FromText(ctx, []byte(textHead+"y"), nil)
			return wantType[*mil.TextError](err)
		},
	})
}
