//go:build linux

package attacks_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/tensor"
)

// sizes are packages with too much of something.
func sizes() []*attack {
	return []*attack{
		{
			name:    "size/100 MB of metadata",
			prepare: described(func(d *milpb.ModelDescription) { d.Metadata = metadata(strings.Repeat("x", 1<<20), 100) }),
			command: []string{"inspect", "m.mlpackage"}, status: 1,
		}, {
			name: "size/40,000 states",
			prepare: func(t *testing.T, dir string) {
				b := mil.NewBuilder("main", "CoreML8")
				x := b.Input("x", dtype.Float16, 1)
				for i := range 40_000 {
					b.State(fmt.Sprintf("s%d", i), dtype.Float16, 1)
				}
				b.Output("y", b.Op("relu", "", mil.TensorType(dtype.Float16, 1), mil.Args{"x": x}))
				save(t, filepath.Join(dir, "m.mlpackage"), b)
			},
			inside: func(ctx context.Context, dir string) error {
				m, err := coreml.Load(ctx, filepath.Join(dir, "m.mlpackage"), nil)
				if err != nil {
					return err
				}
				st, err := m.NewState()
				if err != nil {
					return err
				}
				for range 20 {
					if _, err := m.Predict(ctx, coreml.Features{"x": coreml.MultiArray(tensor.New(tensor.Float16, 1))}, st, nil); err != nil {
						return err
					}
				}
				return errors.Join(st.Close(), m.Close())
			},
		}, {
			name: "state/an output buffer of a wrong shape is noticed before the run",
			prepare: func(t *testing.T, dir string) {
				b := mil.NewBuilder("main", "CoreML8")
				x, s := b.Input("x", dtype.Float16, 2), b.State("s", dtype.Float16, 2)
				two := mil.TensorType(dtype.Float16, 2)
				sum := b.Op("add", "", two, mil.Args{"x": x, "y": b.Op("read_state", "", two, mil.Args{"input": s})})
				b.Do("write_state", "", mil.Args{"input": s, "data": sum})
				b.Output("y", sum)
				save(t, filepath.Join(dir, "m.mlpackage"), b)
			},
			inside: wrongBuffer,
		}, {
			name: "silent/a cast to a type that does not exist",
			prepare: func(t *testing.T, dir string) {
				b := mil.NewBuilder("main", "CoreML8")
				x := b.Input("x", dtype.Float32, 2)
				b.Output("y", b.Op("cast", "", mil.TensorType(dtype.Float32, 2), mil.Args{"x": x, "dtype": b.Text("", "complex128")}))
				save(t, filepath.Join(dir, "m.mlpackage"), b)
			},
			inside: func(ctx context.Context, dir string) error {
				return wantType[error](predictOnce(ctx, filepath.Join(dir, "m.mlpackage"), map[string]*tensor.Tensor{"x": tensor.New(tensor.Float32, 2)}))
			},
		},
	}
}

func wrongBuffer(ctx context.Context, dir string) error {
	m, err := coreml.Load(ctx, filepath.Join(dir, "m.mlpackage"), nil)
	if err != nil {
		return err
	}
	st, err := m.NewState()
	if err != nil {
		return err
	}
	in := coreml.Features{"x": coreml.MultiArray(tensor.Ones(tensor.Float16, 2))}
	for _, shape := range [][]int{{3}, {1, 2}, {}, {0}} {
		buffer := coreml.Features{"y": coreml.MultiArray(tensor.New(tensor.Float16, shape...))}
		if _, err := m.Predict(ctx, in, st, &coreml.PredictOptions{Outputs: buffer}); err == nil {
			return fmt.Errorf("a buffer of shape %v was accepted", shape)
		}
	}
	out, err := m.Predict(ctx, in, st, nil)
	if err != nil {
		return fmt.Errorf("the state is of no more use: %w", err)
	}
	got, err := tensor.Values[float32](out.Tensor("y"))
	if err != nil || got[0] != 1 {
		return fmt.Errorf("the state was changed: y is %v, %w", got, err)
	}
	return errors.Join(st.Close(), m.Close())
}

// cancelled ends the context of one large operation.
func cancelled() []*attack {
	const rows, columns = 20_000, 20_000 // 1.6 GB of float32
	large := mil.TensorType(dtype.Float32, rows, columns)
	operations := map[string]func(b *mil.Builder, x *mil.Value) *mil.Value{
		"tile": func(b *mil.Builder, x *mil.Value) *mil.Value {
			return b.Op("tile", "", large, mil.Args{"x": x, "reps": b.Ints("", rows/10, columns/10)})
		},
		"concat": func(b *mil.Builder, x *mil.Value) *mil.Value {
			wide := b.Op("tile", "", mil.TensorType(dtype.Float32, rows/2, columns), mil.Args{"x": x, "reps": b.Ints("", rows/20, columns/10)})
			return b.Op("concat", "", large, mil.Args{"values": mil.Values{wide, wide}, "axis": b.Int("", 0), "interleave": b.Bool("", false)})
		},
		"upsample_nearest_neighbor": func(b *mil.Builder, x *mil.Value) *mil.Value {
			four := b.Op("reshape", "", mil.TensorType(dtype.Float32, 1, 1, 10, 10), mil.Args{"x": x, "shape": b.Ints("", 1, 1, 10, 10)})
			return b.Op("upsample_nearest_neighbor", "", mil.TensorType(dtype.Float32, 1, 1, rows, columns), mil.Args{
				"x": four, "scale_factor_height": b.Int("", rows/10), "scale_factor_width": b.Int("", columns/10),
			})
		},
	}
	var list []*attack
	for name, operation := range operations {
		list = append(list, &attack{
			name: "cancelled/" + name, memory: 4 << 30,
			prepare: func(t *testing.T, dir string) {
				b := mil.NewBuilder("main", "CoreML8")
				b.Output("y", operation(b, b.Input("x", dtype.Float32, 10, 10)))
				save(t, filepath.Join(dir, "m.mlpackage"), b)
			},
			inside: func(ctx context.Context, dir string) error {
				m, err := coreml.Load(ctx, filepath.Join(dir, "m.mlpackage"), nil)
				if err != nil {
					return err
				}
				ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
				defer cancel()
				in := coreml.Features{"x": coreml.MultiArray(tensor.Ones(tensor.Float32, 10, 10))}
				return within(20*time.Second, func() error {
					_, err := m.Predict(ctx, in, nil, nil)
					return wantError(err, context.DeadlineExceeded)
				})
			},
		})
	}
	return list
}

const escape = "\x1b]0;owned\x07\x1b[2J\u009b31m\u202e\r"

// terminal puts escape sequences wherever a package has text.
func terminal() []*attack {
	prepare := func(t *testing.T, dir string) {
		story(t, dir)
		p, d := adderProgram(t)
		for _, f := range p.Functions {
			for _, op := range f.Body.Ops {
				op.Name = escape + op.Name
			}
		}
		d.Metadata = metadata(escape, 2)
		d.Metadata.UserDefined[0].Key = escape
		for _, list := range [][]milpb.FeatureDescription{d.Input, d.Output} {
			for i := range list {
				list[i].ShortDescription = escape
			}
		}
		if err := mil.Write(filepath.Join(dir, "add.mlpackage"), p, d); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "x.npy"), npy(2))
	}
	verbs := map[string]struct {
		command []string
		status  int
	}{
		"inspect":           {[]string{"inspect", "add.mlpackage"}, 0},
		"inspect --mil":     {[]string{"inspect", "add.mlpackage", "--mil"}, 0},
		"inspect --plan":    {[]string{"inspect", "add.mlpackage", "--plan"}, 0},
		"inspect --json":    {[]string{"inspect", "add.mlpackage", "--json"}, 0},
		"predict":           {[]string{"predict", "add.mlpackage", "--input", "x=x.npy"}, 0},
		"a feature's name":  {[]string{"predict", "add.mlpackage", "--input", escape + "=x.npy"}, 1},
		"a path":            {[]string{"inspect", escape}, 1},
		"a model's path":    {[]string{"generate", "--model", escape, "Once"}, 1},
		"generate":          {[]string{"generate", "--model", "add.mlpackage", "Once"}, 1},
		"an unknown option": {[]string{"inspect", "--" + escape}, 2},
	}
	var list []*attack
	for name, verb := range verbs {
		list = append(list, &attack{name: "terminal/" + name, prepare: prepare, command: verb.command, status: verb.status})
	}
	return append(list, &attack{
		name: "terminal/raise_exception", status: 1, says: "owned",
		prepare: func(t *testing.T, dir string) {
			withTemplate("{{ raise_exception(messages[0].content) }}")(t, dir)
			chat, err := json.Marshal([]map[string]string{{"role": "user", "content": escape}})
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "chat.json"), chat)
		},
		command: []string{"tokenize", "--tokenizer", ".", "--chat", "chat.json"},
	})
}

// protocol talks to predict --stdio.
func protocol() []*attack {
	request := func(what, line, code string) *attack {
		return &attack{
			name: "stdio/" + what, command: []string{"predict", "--stdio"}, prepare: endless,
			during: func(t *testing.T, _ string, p *process) {
				say(t, p, line, `{"id":99,"op":"hello"}`)
				_ = p.stdin.Close()
				t.Cleanup(func() {
					wantReply(t, p, code)
					wantReply(t, p, `"id":99`)
				})
			},
		}
	}
	load := `{"id":1,"op":"load","path":"m.mlpackage"}`
	return []*attack{
		request("an endless loop ends with its time", load+"\n"+`{"id":2,"op":"predict","model":"m1","inputs":{"x":[1]},"timeout_ms":300}`, "timeout"),
		{
			name: "stdio/an endless loop is cancelled", command: []string{"predict", "--stdio"}, prepare: endless,
			during: func(t *testing.T, _ string, p *process) {
				say(t, p, load, `{"id":2,"op":"predict","model":"m1","inputs":{"x":[1]}}`)
				time.Sleep(time.Second)
				say(t, p, `{"id":3,"op":"cancel","cancel":2}`, `{"id":99,"op":"hello"}`)
				_ = p.stdin.Close()
				t.Cleanup(func() {
					wantReply(t, p, "cancelled")
					wantReply(t, p, `"id":99`)
				})
			},
		},
		request("NaN as Python writes it", load+"\n"+`{"id":2,"op":"predict","model":"m1","inputs":{"x":[NaN]}}`, `"id":2`),
		request("nested lists without end", load+"\n"+`{"id":2,"op":"predict","model":"m1","inputs":{"x":`+strings.Repeat("[", 1<<20)+`}}`, "bad_input"),
		request("a shape of absurd size", load+"\n"+`{"id":2,"op":"predict","model":"m1","inputs":{"x":{"dtype":"float32","shape":[1000000,1000000,1000000],"data":""}}}`, "bad_input"),
	}
}

// say writes lines to the command's input, and may not wait for its output.
func say(t *testing.T, p *process, lines ...string) {
	t.Helper()
	w := bufio.NewWriter(p.stdin)
	for _, line := range lines {
		if _, err := w.WriteString(line + "\n"); err != nil {
			t.Error(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Error(err)
	}
}

func wantReply(t *testing.T, p *process, part string) {
	t.Helper()
	if !strings.Contains(p.output.String(), part) {
		t.Errorf("no reply has %q:\n%.2000q", part, p.output.String())
	}
}

// endless writes a package whose loop goes on for as long as the engine lets it.
func endless(t *testing.T, dir string) {
	t.Helper()
	b := mil.NewBuilder("main", "CoreML8")
	x := b.Input("x", dtype.Float32, 1)
	types := []mil.Type{mil.TensorType(dtype.Float32, 1), mil.TensorType(dtype.Int32)}
	cond := b.Block(types, func(in []*mil.Value) []*mil.Value {
		return []*mil.Value{b.Op("less", "", mil.TensorType(dtype.Bool), mil.Args{"x": in[1], "y": b.Int("", 1)})}
	})
	body := b.Block(types, func(in []*mil.Value) []*mil.Value {
		return []*mil.Value{
			b.Op("sin", "", types[0], mil.Args{"x": in[0]}),
			b.Op("mul", "", types[1], mil.Args{"x": in[1], "y": b.Int("", 1)}),
		}
	})
	out := b.MultiOp("while_loop", "", types, mil.Args{"loop_vars": mil.Values{x, b.Int("", 0)}}, cond, body)
	b.Output("y", out[0])
	save(t, filepath.Join(dir, "m.mlpackage"), b)
}

func adderProgram(t *testing.T) (*mil.Program, *milpb.ModelDescription) {
	t.Helper()
	b := mil.NewBuilder("main", "CoreML8")
	x := b.Input("x", dtype.Float32, 2)
	b.Output("y", b.Op("add", "sum", mil.TensorType(dtype.Float32, 2), mil.Args{"x": x, "y": b.Float("", dtype.Float32, 1)}))
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	d, err := mil.Describe(p, "")
	if err != nil {
		t.Fatal(err)
	}
	return p, d
}

// described writes the adder as m.mlpackage with a changed description.
func described(change func(d *milpb.ModelDescription)) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		p, d := adderProgram(t)
		change(d)
		if err := mil.Write(filepath.Join(dir, "m.mlpackage"), p, d); err != nil {
			t.Fatal(err)
		}
	}
}

func metadata(text string, n int) *milpb.Metadata {
	m := &milpb.Metadata{ShortDescription: text, Author: text, License: text, VersionString: text}
	for i := range n {
		m.UserDefined = append(m.UserDefined, milpb.StringPair{Key: fmt.Sprint(i), Value: text})
	}
	return m
}
