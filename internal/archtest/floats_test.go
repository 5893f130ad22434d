package archtest_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// computing are the rooms whose floating-point results reach the output of a model or
// the choice of a token, and must not depend on the processor.
var computing = []string{
	"internal/dtype", "internal/samebits", "internal/kernel", "internal/engine/portable", "internal/engine/portable/array",
	"internal/engine/portable/weight", "internal/engine/portable/op", "internal/engine/portable/plan", "tensor", "generate",
}

// mayFuse are functions in which it makes no difference that a product is fused into a
// sum, and why.
var mayFuse = map[string]string{
	"internal/kernel.fma32":           "a product of two float32 is exact in a float64",
	"internal/kernel.fmaOdd":          "likewise",
	"internal/kernel.fmaLanes":        "likewise",
	"internal/kernel.expPolynomial":   "likewise",
	"internal/kernel.dotStep":         "products and sums of small integers are exact",
	"internal/engine/portable/op.add": "a product of two float32 is exact in a float64",
}

// fused are the instructions of arm64 that fuse.
var fused = regexp.MustCompile(`\((\S+\.go):(\d+)\)\s+FN?M(?:ADD|SUB)[SD]\s`)

// TestNoProductIsFusedIntoASum looks at what the compiler makes for a processor that has
// fused products: Go allows it to round x*y+z once, and prevents it where the product is
// converted to its own type. A place that is found and matters is mended by writing
// float32(x*y)+z.
func TestNoProductIsFusedIntoASum(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles for another processor")
	}
	args := []string{"build", "-gcflags=-S"}
	for _, dir := range computing {
		args = append(args, "./"+dir)
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	var listing bytes.Buffer
	cmd.Stderr = &listing
	if err := cmd.Run(); err != nil {
		t.Fatalf("go build: %v", err)
	}
	found := map[string][]string{}
	for _, m := range fused.FindAllStringSubmatch(listing.String(), -1) {
		// The compiler names files by their import path, or by where they lie.
		at := slices.IndexFunc(computing, func(dir string) bool { return strings.HasSuffix(filepath.ToSlash(filepath.Dir(m[1])), "/"+dir) })
		if at < 0 {
			continue // inlined from elsewhere
		}
		line, _ := strconv.Atoi(m[2])
		name := filepath.Join(root, computing[at], filepath.Base(m[1]))
		place := computing[at] + "." + functionAt(t, name, line)
		found[place] = append(found[place], fmt.Sprintf("%s:%d", filepath.Base(m[1]), line))
	}
	for _, place := range slices.Sorted(maps.Keys(found)) {
		if mayFuse[place] == "" {
			t.Errorf("%s fuses products into sums at %v", place, slices.Compact(found[place]))
		}
	}
	for place := range mayFuse {
		if found[place] == nil {
			t.Errorf("%s may fuse products, and has none that are fused", place)
		}
	}
}

// functionAt returns the name of the function that has the line.
func functionAt(t *testing.T, name string, line int) string {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range file.Decls {
		if fset.Position(decl.Pos()).Line > line || fset.Position(decl.End()).Line < line {
			continue
		}
		if f, ok := decl.(*ast.FuncDecl); ok {
			return f.Name.Name
		}
	}
	return "a variable"
}

// roundedOnce are the functions of package math that round once, or not at all, and so
// have the same bits everywhere. For others there is package samebits.
var roundedOnce = []string{
	"Abs", "Ceil", "Copysign", "Float32bits", "Float32frombits", "Float64bits", "Float64frombits", "Floor", "Frexp", "Inf", "IsInf",
	"IsNaN", "Ldexp", "Max", "Min", "Mod", "Modf", "NaN", "Nextafter32", "RoundToEven", "Signbit", "Sqrt", "Trunc",
}

// mayCall are functions of package math that a room may use besides, and why.
var mayCall = map[string]string{
	"internal/samebits.Pow": "where one of the operands is a special value, which leaves nothing to round",
}

func TestFunctionsThatDependOnTheProcessorAreNotCalled(t *testing.T) {
	seen := map[string]bool{}
	for _, dir := range computing {
		files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s has no files: %v", dir, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			for _, f := range mathFunctions(t, name) {
				place := dir + "." + f
				seen[place] = true
				if !slices.Contains(roundedOnce, f) && mayCall[place] == "" {
					t.Errorf("%s uses math.%s, whose bits depend on the processor", name, f)
				}
			}
		}
	}
	for place := range mayCall {
		if !seen[place] {
			t.Errorf("%s may be called, and is not", place)
		}
	}
}

// mathFunctions are the functions of package math that a file names.
func mathFunctions(t *testing.T, name string) (list []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		// Constants and what begins with one, as MaxFloat32, Pi or Ln2, are numbers.
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "math" && !mathConstant.MatchString(s.Sel.Name) {
				list = append(list, s.Sel.Name)
			}
		}
		return true
	})
	return list
}

var mathConstant = regexp.MustCompile(`^(Max|Smallest|Min)(Float|U?[iI]nt)|^(Pi|Sqrt2|SqrtPi|Ln2|Log2E|E)$`)
