package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/npy"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

type predictCmd struct {
	Model    string            `arg:"" optional:"" help:"The package." type:"path" placeholder:"MODEL"`
	Input    map[string]string `short:"i" help:"A value for an input: NAME=FILE.npy, or NAME=FILE.safetensors:TENSOR (without :TENSOR, the tensor called NAME)." placeholder:"NAME=FILE" mapsep:"none"`
	Output   string            `short:"o" help:"Write the outputs to this file." type:"path" placeholder:"FILE.safetensors"`
	StateIn  string            `help:"Start from the state in this file." type:"path" placeholder:"FILE.safetensors"`
	StateOut string            `help:"Write the state to this file afterwards." type:"path" placeholder:"FILE.safetensors"`
	Function string            `help:"The function of the package; the default one when not given." placeholder:"NAME"`
	Units    unitsFlag         `name:"compute-units" help:"Devices that may be used: all, cpu-only, cpu-and-gpu, cpu-and-neural-engine." default:"all" placeholder:"NAME"`
	Stdio    bool              `help:"Serve predictions: one JSON request a line on standard input, one reply a line on standard output."`
	engineFlags
}

// Help is printed by kong below the flags.
func (*predictCmd) Help() string {
	return "With --stdio the command serves any number of models until standard input ends; docs/stdio.md describes the requests."
}

// Run is called by kong.
func (p *predictCmd) Run(ctx context.Context, io *streams) error {
	if p.Stdio {
		if p.Model != "" || len(p.Input) > 0 || p.Output != "" || p.StateIn != "" || p.StateOut != "" || p.Function != "" {
			return usagef("--stdio takes models, inputs and files from the requests alone")
		}
		s := newServer(p.config())
		defer s.close()
		return s.serve(ctx, io.in, io.out)
	}
	if p.Model == "" {
		return usagef("predict needs a MODEL, or --stdio")
	}
	return p.once(ctx, io.out)
}

// once makes one prediction.
func (p *predictCmd) once(ctx context.Context, out io.Writer) (err error) {
	cfg := p.config()
	cfg.Function, cfg.ComputeUnits = p.Function, coreml.ComputeUnits(p.Units)
	m, err := coreml.Load(ctx, p.Model, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	in := coreml.Features{}
	for _, name := range slices.Sorted(maps.Keys(p.Input)) {
		t, err := inputFile(p.Input[name], name)
		if err != nil {
			return fmt.Errorf("input %q: %w", name, err)
		}
		if in[name], err = valueOf(m.Description().Input(name), t); err != nil {
			return fmt.Errorf("input %q: %w", name, err)
		}
	}
	st, err := m.NewState()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	if p.StateIn != "" {
		if err := restoreState(st, p.StateIn); err != nil {
			return err
		}
	}
	result, err := m.Predict(ctx, in, st, nil)
	if err != nil {
		return err
	}
	named, err := namedOutputs(m.Description(), result)
	if err != nil {
		return err
	}
	if p.StateOut != "" {
		if err := storage.WriteFile(ctx, p.StateOut, st.Save); err != nil {
			return err
		}
	}
	if p.Output != "" {
		return storage.WriteFile(ctx, p.Output, func(w io.Writer) error { return safetensors.Write(w, named, nil) })
	}
	for _, n := range named {
		if _, err := fmt.Fprintf(out, "%s = %v\n", n.Name, n.Tensor); err != nil {
			return err
		}
	}
	return nil
}

// inputFile reads the tensor that FILE.npy or FILE.safetensors[:TENSOR] names.
func inputFile(arg, name string) (*tensor.Tensor, error) {
	path, key := arg, name
	if file, k, ok := cutTensor(arg); ok {
		path, key = file, k
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".npy":
		return readNPY(path)
	case ".safetensors":
		return readSafetensors(path, key)
	}
	return nil, usagef("%s is neither an .npy nor a .safetensors file", path)
}

// cutTensor splits FILE.safetensors:TENSOR.
func cutTensor(arg string) (path, key string, ok bool) {
	const mark = ".safetensors:"
	if i := strings.LastIndex(arg, mark); i >= 0 {
		return arg[:i+len(mark)-1], arg[i+len(mark):], true
	}
	return "", "", false
}

func readNPY(path string) (*tensor.Tensor, error) {
	return npy.Open(os.DirFS(filepath.Dir(path)), filepath.Base(path))
}

func readSafetensors(path, key string) (t *tensor.Tensor, err error) {
	f, err := safetensors.Open(os.DirFS(filepath.Dir(path)), filepath.Base(path))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.Tensor(key)
}

// valueOf makes the value of an input of a tensor: its only element where the
// feature is a number, else the tensor. d is nil when there is no such input.
func valueOf(d *coreml.FeatureDescription, t *tensor.Tensor) (coreml.Value, error) {
	if d == nil {
		return coreml.MultiArray(t), nil
	}
	switch d.Kind {
	case coreml.KindInt64:
		i, err := tensor.Item[int64](t.To(tensor.Int64))
		return coreml.Int64(i), err
	case coreml.KindDouble:
		f, err := tensor.Item[float64](t.To(tensor.Float64))
		return coreml.Double(f), err
	default:
		return coreml.MultiArray(t), nil
	}
}

// namedOutputs lists the outputs as tensors in the order of the description.
func namedOutputs(d *coreml.Description, out coreml.Features) ([]safetensors.Named, error) {
	var named []safetensors.Named
	for i := range d.Outputs {
		name := d.Outputs[i].Name
		v := out[name]
		t := v.MultiArray()
		switch v.Kind() {
		case coreml.KindMultiArray:
		case coreml.KindInt64:
			n, _ := v.Int64()
			t = tensor.Vector(n)
		case coreml.KindDouble:
			f, _ := v.Double()
			t = tensor.Vector(f)
		default:
			return nil, fmt.Errorf("output %q is of kind %v, which has no form in a file of tensors", name, v.Kind())
		}
		named = append(named, safetensors.Named{Name: name, Tensor: t})
	}
	return named, nil
}

func restoreState(st *coreml.State, path string) (err error) {
	f, err := storage.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // the file was only read
	if err := st.Restore(f); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// writeFile writes a file of the stdio protocol, whose name the command makes.
func writeFile(path string, write func(io.Writer) error) error {
	return storage.WriteFile(context.Background(), path, write)
}
