package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/storage"
)

// predictCmd is the verb predict. It promises one prediction with values from
// files, for any package and not only for language models, and that nothing is
// replaced by a result that is not whole: an output file appears when everything
// went well. With --stdio it promises any number of predictions for another
// program; docs/stdio.md is that contract.
//
// Values are never made to fit in silence: a picture of another size, an array of
// another shape or a name that is no input is refused with what the model wants.
type predictCmd struct {
	Model    string            `arg:"" optional:"" help:"The model package, a folder with one in it, or org/name[@revision][:path] of a hub." placeholder:"MODEL"`
	Input    map[string]string `short:"i" help:"A value for an input, from a picture (.png, .jpeg), an .npy file, a .json file, or NAME=FILE.safetensors:TENSOR or NAME=FILE.npz:ARRAY (without :TENSOR, the one called NAME)." placeholder:"NAME=FILE" mapsep:"none"`
	Inputs   string            `help:"Values for inputs: a JSON object of values by name, in the forms of docs/stdio.md." type:"path" placeholder:"FILE.json"`
	Resize   bool              `help:"Scale pictures to the size that the model wants, whatever their proportions."`
	Output   string            `short:"o" help:"Write the outputs to this file: .safetensors, .npz, .json, .npy or .png, the last two for one output." type:"path" placeholder:"FILE"`
	Only     []string          `help:"Give these outputs only." placeholder:"NAME" sep:"none"`
	JSON     bool              `help:"Print the outputs as one JSON object, in the forms of docs/stdio.md."`
	StateIn  string            `help:"Start from the state in this file." type:"path" placeholder:"FILE.safetensors"`
	StateOut string            `help:"Write the state to this file afterwards." type:"path" placeholder:"FILE.safetensors"`
	Function string            `help:"The function of the package; the default one when not given." placeholder:"NAME"`
	Units    unitsFlag         `name:"compute-units" help:"Devices that may be used: all, cpu-only, cpu-and-gpu, cpu-and-neural-engine." default:"all" placeholder:"NAME"`
	Timeout  time.Duration     `help:"Longest time for the prediction, and with --stdio for a request that names none, such as 30s; 0 means no limit." default:"0s" placeholder:"TIME"`
	Stdio    bool              `help:"Serve predictions: one JSON request a line on standard input, one reply a line on standard output."`
	engineFlags
	hubFlags
}

// Help is printed by kong above the flags.
func (*predictCmd) Help() string {
	return `Without --output the outputs are printed: arrays, a classifier's label and its probabilities. With --stdio the command serves any number of models until standard input ends; docs/stdio.md describes the requests.

Examples:

    coreml predict Model.mlpackage --input x=x.npy
    coreml predict Classifier.mlpackage --input image=cat.jpeg --resize
    coreml predict Model.mlpackage --inputs values.json --json
    coreml predict Model.mlpackage -i x=in.safetensors:x -o out.safetensors --state-out state.safetensors
    echo '{"id":1,"op":"load","path":"Model.mlpackage"}' | coreml predict --stdio`
}

// idle implements idler.
//
// Both flags would be missed: --json by who waits for an object on standard output,
// --compute-units by who measures what a device does.
func (p *predictCmd) idle(given flagSet) []string {
	switch {
	case p.Stdio:
		return given.without("with --stdio: each load request names its own compute_units", "compute-units")
	case p.Output != "":
		return given.without("with --output: the outputs go to the file, which the ending of its name gives its form", "json")
	}
	return nil
}

// Run is called by kong.
func (p *predictCmd) Run(ctx context.Context, io *streams) error {
	// Zero has a meaning of its own.
	if p.Timeout < 0 {
		return usagef("--timeout: %v is negative", p.Timeout)
	}
	if p.Stdio {
		if p.Model != "" || len(p.Input) > 0 || p.Inputs != "" || p.Output != "" || p.StateIn != "" || p.StateOut != "" || p.Function != "" ||
			p.Resize || p.JSON || len(p.Only) > 0 {
			return usagef("--stdio takes models, inputs and files from the requests alone")
		}
		// A person who has typed this would wait for something to happen.
		if isTerminal(io.in) {
			_, _ = fmt.Fprintln(io.err, `waiting for requests, one JSON object a line, such as {"id":1,"op":"hello"}; docs/stdio.md describes them`)
		}
		s := newServer(p.config())
		s.find = p.finder(io, true).model // nobody watches
		s.timeout = p.Timeout
		defer s.close()
		return s.service().serve(ctx, io.in, io.out)
	}
	if p.Model == "" {
		return usagef("predict needs a MODEL, as in coreml predict Model.mlpackage --input x=x.npy, or --stdio (see coreml predict --help)")
	}
	if p.Output != "" {
		// A prediction may take an hour; the name of the file for its results is
		// known now.
		if _, err := outputFormat(p.Output); err != nil {
			return err // before anything is loaded
		}
	}
	if p.StateOut != "" && sameResult(p.Output, p.StateOut) {
		return usagef("--output and --state-out name the same file")
	}
	if p.Timeout > 0 {
		// A context of its own, to tell this limit from an interrupt, which has
		// another exit status.
		limited, cancel := context.WithTimeout(ctx, p.Timeout)
		defer cancel()
		err := p.once(limited, io)
		if limited.Err() != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("there was no result within %v: %w", p.Timeout, err)
		}
		return err
	}
	return p.once(ctx, io)
}

// sameResult reports whether two names are those of one file, of which the second
// result written would replace the first. Devices and pipes take both.
func sameResult(a, b string) bool {
	if a == b {
		return true
	}
	x, err := os.Stat(a)
	if err != nil || !x.Mode().IsRegular() {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// once makes one prediction.
//
// Everything that can be refused is refused before the prediction is made.
func (p *predictCmd) once(ctx context.Context, s *streams) (err error) {
	cfg := p.config()
	cfg.Function, cfg.ComputeUnits = p.Function, coreml.ComputeUnits(p.Units)
	at, err := p.finder(s, false).model(ctx, p.Model)
	if err != nil {
		return err
	}
	m, err := coreml.Load(ctx, at.path, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	outputs, err := chosen(m.Description(), p.Only)
	if err != nil {
		return err
	}
	format := formatUnknown
	if p.Output != "" {
		if format, err = outputFormat(p.Output); err != nil {
			return err
		}
		if err := checkForm(p.Output, format, outputs); err != nil {
			return err
		}
	}
	in, err := p.inputs(ctx, m.Description())
	if err != nil {
		return err
	}
	result, err := p.predict(ctx, m, in)
	if err != nil {
		return err
	}
	switch {
	case p.Output != "":
		return storage.WriteFile(ctx, p.Output, func(w io.Writer) error { return writeOutputs(w, format, m.Description(), outputs, result) })
	case p.JSON:
		return writeValues(s.out, m.Description(), outputs, result)
	}
	return printOutputs(s.out, m.Description(), outputs, result)
}

// predict runs the model, from and to the files of states that are named.
func (p *predictCmd) predict(ctx context.Context, m *coreml.Model, in coreml.Features) (_ coreml.Features, err error) {
	// A model without states takes one too, which is empty.
	st, err := m.NewState()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	if p.StateIn != "" {
		if err := restoreState(st, p.StateIn); err != nil {
			return nil, err
		}
	}
	result, err := m.Predict(ctx, in, st, nil)
	// The error knows the input; how it is given is the command's affair.
	var missing *coreml.InputError
	if errors.As(err, &missing) && errors.Is(missing.Err, coreml.ErrMissingFeature) {
		return nil, fmt.Errorf("%w: give it with --input %s=FILE", err, plain(missing.Name))
	}
	if err != nil {
		return nil, err
	}
	if p.StateOut != "" {
		if err := storage.WriteFile(ctx, p.StateOut, st.Save); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// inputs reads the values that the flags name.
func (p *predictCmd) inputs(ctx context.Context, d *coreml.Description) (coreml.Features, error) {
	opts := &imageOptions{resize: p.Resize}
	in := coreml.Features{}
	if p.Inputs != "" {
		if err := readInputs(ctx, p.Inputs, d, opts, in); err != nil {
			return nil, err
		}
	}
	// Behind --inputs, which they add to and override, and in an order that does
	// not change from run to run.
	for _, name := range slices.Sorted(maps.Keys(p.Input)) {
		if err := checkName(d, name); err != nil {
			return nil, err
		}
		path, key := cutTensor(p.Input[name])
		v, err := readValue(ctx, path, cmp.Or(key, name), d.Input(name), opts)
		if err != nil {
			return nil, fmt.Errorf("input %q: %w", name, err)
		}
		in[name] = v
	}
	return in, nil
}
