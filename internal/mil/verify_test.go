package mil_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

var halves = mil.TensorType(dtype.Float16, 2)

// parts are those of a program that verifies, for tests to damage.
type parts struct {
	program *mil.Program
	fn      *mil.Function
	x, s    *mil.Value // inputs: a tensor and a state
	c       *mil.Op    // a constant of two numbers
	add     *mil.Op    // x + c
	read    *mil.Op
	write   *mil.Op
	cond    *mil.Op
	loop    *mil.Op
	weight  *mil.Op // a constexpr operation
}

func wholeProgram(t *testing.T) *parts {
	t.Helper()
	b := mil.NewBuilder("main", "CoreML8")
	p := &parts{}
	p.x, p.s = b.Input("x", dtype.Float16, 2), b.State("s", dtype.Float16, 2)
	c := b.Float16s("c", []int{2}, 1, 2)
	sum := b.Op("add", "sum", halves, mil.Args{"x": p.x, "y": c})
	old := b.Op("read_state", "old", halves, mil.Args{"input": p.s})
	b.Do("write_state", "store", mil.Args{"input": p.s, "data": sum})
	branch := func() *mil.Block {
		return b.Block(nil, func([]*mil.Value) []*mil.Value {
			return []*mil.Value{b.Op("relu", "", halves, mil.Args{"x": old})}
		})
	}
	y := b.MultiOp("cond", "choice", []mil.Type{halves}, mil.Args{"pred": b.Bool("", true)}, branch(), branch())[0]
	test := b.Block([]mil.Type{halves}, func([]*mil.Value) []*mil.Value { return []*mil.Value{b.Bool("", false)} })
	body := b.Block([]mil.Type{halves}, func(in []*mil.Value) []*mil.Value {
		return []*mil.Value{b.Op("relu", "", halves, mil.Args{"x": in[0]})}
	})
	z := b.MultiOp("while_loop", "turns", []mil.Type{halves}, mil.Args{"loop_vars": mil.Values{y}}, test, body)[0]
	w := b.Op("constexpr_cast", "w", mil.TensorType(dtype.Float32, 2), mil.Args{"source_val": b.Float16s("", []int{2}, 1, 2)})
	b.Output("y", b.Op("relu", "", halves, mil.Args{"x": z}))
	b.Output("v", b.Op("relu", "", w.Type, mil.Args{"x": w}))
	var err error
	if p.program, err = b.Program(); err != nil {
		t.Fatal(err)
	}
	p.fn = p.program.Functions[0]
	for _, o := range p.fn.Body.Ops {
		switch o.Type {
		case "const":
			if p.c == nil {
				p.c = o
			}
		case "add":
			p.add = o
		case "read_state":
			p.read = o
		case "write_state":
			p.write = o
		case "cond":
			p.cond = o
		case "while_loop":
			p.loop = o
		case "constexpr_cast":
			p.weight = o
		}
	}
	return p
}

func TestAWholeProgramVerifies(t *testing.T) {
	if err := mil.Verify(wholeProgram(t).program); err != nil {
		t.Error(err)
	}
}

func TestEachRuleOfAWellFormedProgramIsChecked(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(p *parts)
		want   error
		says   string
	}{
		{"a program without functions", func(p *parts) { p.program.Functions = nil }, mil.ErrStructure, "program has no functions"},
		{"a function that is not there", func(p *parts) { p.program.Functions[0] = nil }, mil.ErrStructure, "function without a name"},
		{"two functions of one name", func(p *parts) { p.program.Functions = append(p.program.Functions, p.fn) }, mil.ErrDuplicate, "function \"main\""},
		{"a function without a body", func(p *parts) { p.fn.Body = nil }, mil.ErrStructure, "function without a body"},
		{"a function without an operator set", func(p *parts) { p.fn.Opset = "" }, mil.ErrStructure, "function without an operator set"},
		{"an outermost block with inputs", func(p *parts) { p.fn.Body.Inputs = p.fn.Inputs }, mil.ErrStructure, "takes no inputs of its own"},
		{"an input without a name", func(p *parts) { p.x.Name = "" }, mil.ErrStructure, "value without a name"},
		{"an input that belongs to an operation", func(p *parts) { p.x.Producer = p.add }, mil.ErrStructure, "value belongs to another operation"},
		{"an input that is stored", func(p *parts) { p.x.Const = p.c.Outputs[0].Const }, mil.ErrStructure, "only a const operation gives a stored value"},
		{"a type without elements", func(p *parts) { p.x.Type.DType = dtype.Invalid }, mil.ErrType, "element type is missing"},
		{"a kind that is not known", func(p *parts) { p.x.Type.Kind = 99 }, mil.ErrType, "kind 99 is not known"},
		{"too many dimensions", func(p *parts) { p.x.Type.Shape = make([]int, mil.MaxRank+1) }, mil.ErrType, "17 dimensions are more than 16"},
		{"a negative dimension", func(p *parts) { p.x.Type.Shape = []int{-2} }, mil.ErrType, "dimension of size -2"},
		{"a state of open size", func(p *parts) { p.s.Type.Shape = []int{mil.Unknown} }, mil.ErrType, "a state needs a fixed size"},
		{"a state that an operation makes", func(p *parts) { p.add.Outputs[0].Type.Kind = mil.State }, mil.ErrType, "only a function's input can be a state"},
		{"an operation that is not there", func(p *parts) { p.fn.Body.Ops[1] = nil }, mil.ErrStructure, "operation is nil"},
		{"an operation without a type", func(p *parts) { p.add.Type = "" }, mil.ErrStructure, "operation without a type"},
		{"operands out of order", func(p *parts) { p.add.Inputs[0], p.add.Inputs[1] = p.add.Inputs[1], p.add.Inputs[0] }, mil.ErrStructure, "operands must have different names, in order"},
		{"two operands of one name", func(p *parts) { p.add.Inputs[1].Name = "x" }, mil.ErrStructure, "operands must have different names, in order"},
		{"an operand that is nil", func(p *parts) { p.add.Inputs[0].Values[0] = nil }, mil.ErrStructure, "operand is nil"},
		{"an operand from nowhere", func(p *parts) { p.add.Inputs[0].Values[0] = &mil.Value{Name: "ghost", Type: halves} }, mil.ErrUndefined, "value \"ghost\""},
		{"an operation that is its own operand", func(p *parts) { p.add.Inputs[0].Values[0] = p.add.Outputs[0] }, mil.ErrUndefined, "value \"sum\""},
		{"a constant in place whose bytes are missing", func(p *parts) {
			p.add.Inputs[0].Values[0] = &mil.Value{Type: halves, Const: &mil.Const{DType: dtype.Float16, Shape: []int{2}}}
		}, mil.ErrConst, "0 bytes for 2 elements of fp16"},
		{"a result without a name", func(p *parts) { p.add.Outputs[0].Name = "" }, mil.ErrStructure, "value without a name"},
		{"a result with a name that is taken", func(p *parts) { p.add.Outputs[0].Name = "x" }, mil.ErrDuplicate, "value \"x\""},
		{"a const without a value", func(p *parts) { p.c.Outputs[0].Const = nil }, mil.ErrStructure, "const must give one stored value"},
		{"a const of no fixed size", func(p *parts) { p.c.Outputs[0].Const.Shape = []int{-1} }, mil.ErrConst, "has no fixed size"},
		{"a const of another shape than declared", func(p *parts) { p.c.Outputs[0].Type.Shape = []int{3} }, mil.ErrConst, "is stored where"},
		{"a const with too many bytes", func(p *parts) { p.c.Outputs[0].Const.Data = make([]byte, 5) }, mil.ErrConst, "5 bytes for 2 elements of fp16"},
		{"a const whose bytes lie in a file", func(p *parts) {
			k := p.c.Outputs[0].Const
			k.Data, k.Blob = nil, "@model_path/weights/weight.bin"
		}, mil.ErrConst, "0 bytes for 2 elements of fp16"},
		{"a const of a kind that is not stored", func(p *parts) { p.c.Outputs[0].Type.Kind = mil.Tuple }, mil.ErrConst, "tuple cannot be stored"},
		{"texts of another number than the shape says", func(p *parts) {
			v := p.c.Outputs[0]
			v.Type = mil.TensorType(dtype.String, 2)
			v.Const = &mil.Const{DType: dtype.String, Shape: []int{2}, Strings: []string{"one"}}
		}, mil.ErrConst, "1 strings for 2 elements"},
		{"a state as an operand of arithmetic", func(p *parts) { p.add.Inputs[0].Values[0] = p.s }, mil.ErrType, "operand x is a state"},
		{"a state as the data of a write", func(p *parts) { p.write.Inputs[0].Values[0] = p.s }, mil.ErrType, "operand data is a state"},
		{"a read of what is no state", func(p *parts) { p.read.Inputs[0].Values[0] = p.x }, mil.ErrType, "input must be one state"},
		{"a read without a result", func(p *parts) { p.read.Outputs = nil }, mil.ErrStructure, "it must have one output"},
		{"a read of another shape", func(p *parts) { p.read.Outputs[0].Type.Shape = []int{3} }, mil.ErrType, "does not agree with"},
		{"a write without data", func(p *parts) { p.write.Inputs = p.write.Inputs[1:] }, mil.ErrStructure, "it must have one data operand and no output"},
		{"a block that is not there", func(p *parts) { p.cond.Blocks[1] = nil }, mil.ErrStructure, "block 1 is nil"},
		{"a block that gives what it does not have", func(p *parts) { p.cond.Blocks[0].Outputs[0] = &mil.Value{Name: "ghost"} }, mil.ErrUndefined, "block output"},
		{"a block that gives a state", func(p *parts) { p.cond.Blocks[0].Outputs[0] = p.s }, mil.ErrType, "a block cannot give a state"},
		{"a cond of one branch", func(p *parts) { p.cond.Blocks = p.cond.Blocks[:1] }, mil.ErrStructure, "cond has 1 blocks, not 2"},
		{"a branch that gives too little", func(p *parts) { p.cond.Blocks[1].Outputs = nil }, mil.ErrStructure, "a branch takes 0 values and gives 0 where cond gives 1"},
		{"a loop without a body", func(p *parts) { p.loop.Blocks = p.loop.Blocks[:1] }, mil.ErrStructure, "while_loop has 1 blocks, not 2"},
		{"a loop whose body forgets a variable", func(p *parts) { p.loop.Blocks[1].Outputs = nil }, mil.ErrStructure, "do not all have the 1 loop variables"},
		{"a condition of two values", func(p *parts) {
			b := p.loop.Blocks[0]
			b.Outputs = append(b.Outputs, b.Outputs[0])
		}, mil.ErrStructure, "the condition gives 2 values, not 1"},
		{"a weight of what is computed", func(p *parts) { p.weight.Inputs[0].Values[0] = p.add.Outputs[0] }, mil.ErrStructure, "operand source_val of a constexpr operation is not constant"},
		{"an output that is not there", func(p *parts) { p.fn.Body.Outputs[0] = nil }, mil.ErrUndefined, "block output"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := wholeProgram(t)
			c.damage(p)
			err := mil.Verify(p.program)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error is %v, want %v that says %q", err, c.want, c.says)
			}
		})
	}
	if err := mil.Verify(nil); !errors.Is(err, mil.ErrStructure) {
		t.Errorf("no program: %v", err)
	}
}

func TestErrorsNameFunctionOperationAndValue(t *testing.T) {
	p := wholeProgram(t)
	p.add.Inputs[0].Values[0] = &mil.Value{Name: "gh\x1bost", Type: halves}
	err := mil.Verify(p.program)
	var at *mil.Error
	if !errors.As(err, &at) || at.Function != "main" || at.OpType != "add" || at.Op != "sum" {
		t.Fatalf("error is %#v", err)
	}
	if text := err.Error(); strings.ContainsRune(text, 0x1b) || !strings.HasPrefix(text, `function "main", operation add "sum", value `) {
		t.Errorf("the text is %q", text)
	}
}

// The two branches of a cond may use one name, and so may what comes behind it.
func TestNamesOfABlockAreFreeBehindIt(t *testing.T) {
	p := wholeProgram(t)
	for _, b := range p.cond.Blocks {
		b.Outputs[0].Name = "inner"
	}
	p.add.Outputs[0].Name = "total"
	if err := mil.Verify(p.program); err != nil {
		t.Errorf("two branches of one name: %v", err)
	}
	p.cond.Outputs[0].Name = "inner"
	if err := mil.Verify(p.program); err != nil {
		t.Errorf("a name of a block behind it: %v", err)
	}
	p.cond.Blocks[0].Outputs[0].Name = "x"
	if err := mil.Verify(p.program); !errors.Is(err, mil.ErrDuplicate) {
		t.Errorf("a name from around a block within it: %v", err)
	}
}

func TestStatesAreComparedAsFarAsTheirTensorsSay(t *testing.T) {
	p := wholeProgram(t)
	p.read.Outputs[0].Type.Shape = []int{mil.Unknown}
	if err := mil.Verify(p.program); err != nil {
		t.Errorf("a read whose size is open: %v", err)
	}
	p.read.Outputs[0].Type = mil.Type{DType: dtype.Float16, Variadic: true}
	if err := mil.Verify(p.program); err != nil {
		t.Errorf("a read whose rank is open: %v", err)
	}
	p.read.Outputs[0].Type = mil.TensorType(dtype.Float32, 2)
	if err := mil.Verify(p.program); !errors.Is(err, mil.ErrType) {
		t.Errorf("a read of another element type: %v", err)
	}
}

// Whoever decodes weights follows the chain by recursion.
func TestOnlySoManyConstexprOperationsMayFeedEachOther(t *testing.T) {
	chain := func(n int) error {
		b := mil.NewBuilder("main", "CoreML8")
		w := b.Float16s("", []int{2}, 1, 2)
		for range n {
			w = b.Op("constexpr_cast", "", halves, mil.Args{"source_val": w})
		}
		b.Output("y", b.Op("relu", "", halves, mil.Args{"x": w}))
		_, err := b.Function()
		return err
	}
	if err := chain(16); err != nil {
		t.Errorf("16 operations: %v", err)
	}
	if err := chain(17); !errors.Is(err, mil.ErrStructure) || !strings.Contains(err.Error(), "more than 16 constexpr operations feed each other") {
		t.Errorf("17 operations: %v", err)
	}
}
