package coreml_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/enginetest"
	"github.com/gocoreml/coreml/tensor"
)

// faultEnv makes this test binary run the conformance suite against an engine
// with one fault.
const faultEnv = "COREML_TEST_FAULT"

// faults maps what an engine does wrong to a check that must notice.
var faults = map[string]string{
	"results are off":                 "fixtures/",
	"outputs share memory":            "contract/gives_outputs_memory_of_their_own",
	"buffers are replaced":            "contract/fills_the_caller's_buffers",
	"state is forgotten":              "contract/keeps_state",
	"clones share memory":             "contract/keeps_state",
	"reset does nothing":              "contract/keeps_state",
	"states die with their program":   "contract/lets_a_state_outlive_its_program",
	"the context is ignored":          "contract/ends_when_the_context_ends",
	"any function name will do":       "contract/refuses_what_it_cannot_load",
	"missing units are not mentioned": "contract/says_what_it_is",
	"optional inputs are zero":        "contract/fills_in_absent_inputs",
	"rows end too early":              "contract/copies_rows_of_every_width",
	"outputs are used again":          "contract/takes_shapes_in_any_order",
	"the first rows are given":        "contract/gives_the_last_rows_alone",
	"a load that is given up fails":   "contract/survives_loads_that_are_given_up",
	"a cancelled state is lost":       "contract/goes_on_after_a_cancelled_prediction",
	"what is dropped is used again":   "contract/holds_on_to_what_it_uses",
}

func TestTheSuiteNoticesFaults(t *testing.T) {
	if fault := os.Getenv(faultEnv); fault != "" {
		enginetest.Run(t, faultyEngine{engine.Lookup("portable"), fault})
		return
	}
	if runtime.GOOS == "js" || testing.Short() {
		t.Skip("runs the suite once for each fault, in processes of their own")
	}
	for fault, check := range faults {
		t.Run(fault, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTheSuiteNoticesFaults$", "-test.short")
			cmd.Env = append(os.Environ(), faultEnv+"="+fault)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Fatal("the suite passed")
			}
			if !strings.Contains(string(out), "--- FAIL: TestTheSuiteNoticesFaults/"+check) {
				t.Errorf("%s did not fail:\n%s", check, out)
			}
		})
	}
}

// faultyEngine is an engine with one of the faults.
type faultyEngine struct {
	engine.Engine
	fault string
}

func (e faultyEngine) Load(ctx context.Context, src engine.Source, cfg engine.Config) (engine.Program, error) {
	p, err := e.Engine.Load(ctx, src, cfg)
	if e.fault == "a load that is given up fails" && ctx.Err() != nil {
		return nil, errors.New("the last load has not been finished")
	}
	if err != nil && e.fault == "any function name will do" && cfg.Function == "none" {
		cfg.Function = ""
		p, err = e.Engine.Load(ctx, src, cfg)
	}
	if err != nil {
		return nil, err
	}
	return &faultyProgram{Program: p, fault: e.fault}, nil
}

type faultyProgram struct {
	engine.Program
	fault    string
	states   []*faultyState
	earlier  []*tensor.Tensor
	collects uint32
}

func (p *faultyProgram) Info() engine.Info {
	i := p.Program.Info()
	if p.fault == "missing units are not mentioned" {
		i.Notes = nil
	}
	return i
}

func (p *faultyProgram) Predict(ctx context.Context, in, out []*tensor.Tensor, st engine.State) error {
	f, ok := st.(*faultyState)
	if ok {
		st = f.State
	}
	switch p.fault {
	case "state is forgotten":
		if ok {
			if err := st.Reset(); err != nil {
				return err
			}
		}
	case "the context is ignored":
		ctx = context.WithoutCancel(ctx)
	case "buffers are replaced":
		clear(out)
	case "optional inputs are zero":
		in = slices.Clone(in)
		for i, f := range p.Description().Inputs {
			if in[i] == nil {
				in[i] = tensor.New(f.DType, f.Shape...)
			}
		}
	}
	given := slices.Clone(out)
	if err := p.Program.Predict(ctx, in, out, st); err != nil {
		if ok && p.fault == "a cancelled state is lost" {
			f.lost = true
		}
		return err
	}
	switch p.fault {
	case "rows end too early":
		for _, t := range out {
			if n := t.Len(); n%7 == 0 {
				return zeroLast(t)
			}
		}
	case "outputs are used again":
		for _, t := range p.earlier {
			if err := zeroLast(t); err != nil {
				return err
			}
		}
		if given[0] == nil {
			p.earlier = append(p.earlier, out[0])
		}
	case "what is dropped is used again":
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		if before := p.collects; before != 0 && before != mem.NumGC {
			return zeroLast(out[0])
		}
		p.collects = mem.NumGC
	case "results are off":
		for i, t := range out {
			if t.DType().IsFloat() {
				out[i] = t.Mul(t.Scalar(1.05)).Contiguous()
			}
		}
	case "outputs share memory":
		// A program that gives back an input is a likely place for this.
		for i, t := range out {
			for _, u := range in {
				if u != nil && t.DType() == u.DType() && slices.Equal(t.Shape(), u.Shape()) {
					out[i] = u
				}
			}
		}
	}
	return nil
}

// PredictRows gives the last rows, but for the fault of giving the first.
func (p *faultyProgram) PredictRows(ctx context.Context, in, out []*tensor.Tensor, rows []int, st engine.State) error {
	program, ok := p.Program.(engine.RowProgram)
	if !ok {
		return errors.ErrUnsupported
	}
	if p.fault != "the first rows are given" {
		return program.PredictRows(ctx, in, out, rows, st)
	}
	if err := program.Predict(ctx, in, out, st); err != nil {
		return err
	}
	for i, t := range out {
		if n := rows[i]; n > 0 && n < t.Dim(-2) {
			out[i] = t.Slice(tensor.All(), tensor.Span(0, n)).Contiguous()
		}
	}
	return nil
}

// zeroLast makes the last element of a tensor zero.
func zeroLast(t *tensor.Tensor) error {
	raw, err := t.Bytes()
	if err != nil {
		return err
	}
	clear(raw[len(raw)-t.DType().Size():])
	return nil
}

func (p *faultyProgram) NewState() (engine.State, error) {
	st, err := p.Program.NewState()
	if err != nil {
		return nil, err
	}
	f := &faultyState{State: st, fault: p.fault}
	if p.fault == "states die with their program" {
		p.states = append(p.states, f)
	}
	return f, nil
}

func (p *faultyProgram) Close() error {
	for _, f := range p.states {
		if err := f.Close(); err != nil {
			return err
		}
	}
	return p.Program.Close()
}

type faultyState struct {
	engine.State
	fault string
	lost  bool
}

func (f *faultyState) Clone() (engine.State, error) {
	if f.fault == "clones share memory" {
		return f, nil
	}
	st, err := f.State.Clone()
	return &faultyState{State: st, fault: f.fault}, err
}

func (f *faultyState) Reset() error {
	if f.fault == "reset does nothing" {
		return nil
	}
	if f.lost {
		return errors.New("in use for ever")
	}
	return f.State.Reset()
}
