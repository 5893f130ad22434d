package mil_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

func TestControlFlowPrintsItsBlocks(t *testing.T) {
	p, err := mil.Read(t.Context(), open(t, "testdata/forms/control-flow/model.mlpackage"))
	if err != nil {
		t.Fatal(err)
	}
	// The loop as coremltools prints it, but for the names of the blocks.
	text := printed(t, p)
	_, text, _ = strings.Cut(text, "    %while_loop_0_0")
	text, _, _ = strings.Cut(text, "    %while_loop_0_1_to_fp16")
	want := `: (int32)(Scalar), %while_loop_0_1: (1,fp32)(Tensor) = while_loop(loop_vars=(0, %cond_0), name="while_loop_0")
      block3(%while_loop_0_loop_vars0_0_x0_1_1_1: (int32)(Scalar), %cond_0_x0_1_1_1: (1,fp32)(Tensor)) {
        %less_1: (bool)(Scalar) = less(x=%while_loop_0_loop_vars0_0_x0_1_1_1, y=5, name="less_1")
      } -> (%less_1)
      block4(%while_loop_0_loop_vars0_0_x0_1_1_1: (int32)(Scalar), %cond_0_x0_1_1_1: (1,fp32)(Tensor)) {
        %add_3: (int32)(Scalar) = add(x=%while_loop_0_loop_vars0_0_x0_1_1_1, y=1, name="add_3")
        %cond_0_x0_1_to_fp16: (1,fp16)(Tensor) = cast(x=%cond_0_x0_1_1_1, dtype="fp16", name="cast_4")
        %mul_1_cast_fp16: (1,fp16)(Tensor) = mul(x=%cond_0_x0_1_to_fp16, y=2.0, name="mul_1_cast_fp16")
        %mul_1_cast_fp16_to_fp32: (1,fp32)(Tensor) = cast(x=%mul_1_cast_fp16, dtype="fp32", name="cast_3")
      } -> (%add_3, %mul_1_cast_fp16_to_fp32)
`
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConstantsPrintAsPythonWritesThem(t *testing.T) {
	b := mil.NewBuilder("main", "CoreML8")
	inf := float32(1)
	for range 1000 {
		inf *= 2
	}
	tests := []struct {
		value *mil.Value
		want  string
	}{
		{b.Float("", dtype.Float16, 1e-5), "1.0013580322265625e-05"},
		{b.Float("", dtype.Float32, 3), "3.0"},
		{b.Float("", dtype.Float32, inf), "inf"},
		{b.Float("", dtype.Float32, -inf), "-inf"},
		{b.Float("", dtype.Float16, inf-inf), "nan"},
		{b.Bools("", true, false), "[True, False]"},
		{b.IntTensor("", dtype.Int4, []int{2, 2}, -8, 7, 0, 1), "[[-8, 7], [0, 1]]"},
		{b.Ints(""), "[]"},
		{b.IntTensor("", dtype.Int32, []int{3, 0}), "[]"},
		{b.Text("", "a \"b\"\n"), `"a \"b\"\n"`},
		{b.Const("", dtype.Float8E5M2, nil, []byte{0x3c}), "0x3c"},
		{b.Ints("eleven", make([]int, 11)...), "%eleven"},
	}
	args := mil.Args{}
	for i, test := range tests {
		args[string(rune('a'+i))] = test.value
	}
	b.Do("show", "", args)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	text := printed(t, p)
	for i, test := range tests {
		if want := string(rune('a'+i)) + "=" + test.want + ", "; !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestNamesCannotReachTheTerminal(t *testing.T) {
	b := mil.NewBuilder("main", "CoreML8")
	x := b.Input("x\x1b[2J\n", dtype.Float16, 1)
	b.Output("y", b.Op("relu", "", x.Type, mil.Args{"x": x}))
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	if text := printed(t, p); strings.Contains(text, "\x1b") || strings.Contains(text, "2J\n") {
		t.Errorf("control characters in %q", text)
	}
}
