package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gocoreml/coreml/coreml"
)

const (
	// maxModels and maxStates bound what a client that never unloads can pile up.
	maxModels = 1 << 10
	maxStates = 1 << 12
)

// server answers requests. Models and states live until they are unloaded or the
// server is closed; handles are never used twice.
//
// It is used by one goroutine. The service around it reads ahead and knows nothing
// of models.
type server struct {
	cfg     *coreml.Config
	timeout time.Duration // of requests that name none; 0 means no limit
	// find returns the package that a path of a request means.
	find   func(ctx context.Context, name string) (place, error)
	models map[string]*coreml.Model
	states map[string]*coreml.State
	files  outputFiles
	// How many models and states there have been, for their handles.
	loaded, made int
}

// newServer returns a server without models, which are all run as cfg says. Its
// requests name packages by paths alone.
func newServer(cfg *coreml.Config) *server {
	find := func(_ context.Context, name string) (place, error) {
		path, err := packagePath(name)
		return place{path: path}, err
	}
	return &server{cfg: cfg, find: find, models: map[string]*coreml.Model{}, states: map[string]*coreml.State{}}
}

// close gives back everything that is loaded.
func (s *server) close() {
	for _, st := range s.states {
		_ = st.Close() // nobody is left to tell
	}
	for _, m := range s.models {
		_ = m.Close() // nobody is left to tell
	}
}

// service is what the server does with each line.
func (s *server) service() *service {
	return &service{parse: parseRequest, do: s.do, encode: encodeReply, timeout: s.timeout}
}

// encodeReply builds the line of a reply, without its end.
func encodeReply(id json.RawMessage, r reply, err error) []byte {
	if len(id) == 0 {
		id = json.RawMessage("null")
	}
	if err != nil {
		r = reply{"error": map[string]string{"code": errorCode(err), "message": inRequests(err)}}
	} else if r == nil {
		r = reply{}
	}
	r["id"], r["ok"] = id, err == nil
	text, failed := json.Marshal(r)
	if failed != nil {
		return encodeReply(id, nil, fmt.Errorf("reply: %w", failed))
	}
	return text
}

// inRequests is the text of an error with the operation of the protocol where the
// method of package coreml is named.
func inRequests(err error) string {
	text := explain(err)
	if errors.Is(err, coreml.ErrStateRequired) {
		text = strings.Replace(text, "make one with NewState", `make one with the operation "new_state"`, 1)
	}
	return text
}

// do carries out a request by its operation.
func (s *server) do(ctx context.Context, q *request) (reply, error) {
	// A request that was cancelled while it waited.
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	switch q.Op {
	case "hello":
		return s.hello(), nil
	case "load":
		return s.load(ctx, q)
	case "predict":
		return s.predict(ctx, q)
	case "new_state":
		return s.newState(q)
	case "read_state":
		return s.readState(q)
	case "write_state":
		return nil, s.writeState(ctx, q)
	case "unload":
		return nil, s.unload(q)
	case "":
		return nil, badInputf("the request has no op")
	}
	// Not bad_input: a client of a later protocol can tell what this server lacks.
	return nil, &codedError{codeUnsupported, fmt.Errorf("op %q is unknown", q.Op)}
}

// hello says with whom the client speaks, so that it can choose another engine or
// refuse.
func (s *server) hello() reply {
	backends := []string{}
	for _, e := range []coreml.EngineChoice{coreml.EngineFramework, coreml.EnginePortable} {
		if e.Available() {
			backends = append(backends, e.String())
		}
	}
	return reply{"protocol": stdioProtocol, "engine": "coreml", "version": version(), "backends": backends}
}

// A path that fails is the package's fault and not the request's: a client shows
// its user where to look.
func (s *server) load(ctx context.Context, q *request) (reply, error) {
	if q.Path == "" {
		return nil, badInputf("load: path is missing")
	}
	if len(s.models) == maxModels {
		return nil, badInputf("%d models are loaded: unload one first", maxModels)
	}
	// A copy: what a request asks for is for its model alone.
	cfg := *s.cfg
	cfg.Function = q.Function
	if q.Adapters != nil {
		cfg.Adapters = q.Adapters
	}
	var err error
	if cfg.ComputeUnits, err = computeUnits(q.ComputeUnits); err != nil {
		return nil, badInput(err)
	}
	if q.Backend != "" {
		if err := choice(&cfg.Engine, []byte(q.Backend)); err != nil {
			return nil, badInput(err)
		}
	}
	at, err := s.find(ctx, q.Path)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, loadError(err)
	}
	m, err := coreml.Load(ctx, at.path, &cfg)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, loadError(err)
	}
	s.loaded++
	handle := fmt.Sprintf("m%d", s.loaded)
	s.models[handle] = m
	d := m.Description()
	return reply{"model": handle, "function": d.Function, "description": describeModel(d)}, nil
}

// computeUnits reads the name of compute units as coremltools spells it.
func computeUnits(name string) (coreml.ComputeUnits, error) {
	switch name {
	case "", "ALL":
		return coreml.UnitsAll, nil
	case "CPU_ONLY":
		return coreml.UnitsCPUOnly, nil
	case "CPU_AND_GPU":
		return coreml.UnitsCPUAndGPU, nil
	case "CPU_AND_NE":
		return coreml.UnitsCPUAndNeuralEngine, nil
	}
	var u unitsFlag
	err := u.UnmarshalText([]byte(name))
	return coreml.ComputeUnits(u), err
}

// model finds a loaded model.
func (s *server) model(handle string) (*coreml.Model, error) {
	if m := s.models[handle]; m != nil {
		return m, nil
	}
	return nil, badInputf("there is no model %q", handle)
}

// state finds a state that was made.
func (s *server) state(handle string) (*coreml.State, error) {
	if st := s.states[handle]; st != nil {
		return st, nil
	}
	return nil, badInputf("there is no state %q", handle)
}

// predict makes one prediction. All that the request says is looked at first: a
// state is changed by a prediction even when its outputs then cannot be written.
func (s *server) predict(ctx context.Context, q *request) (reply, error) {
	m, err := s.model(q.Model)
	if err != nil {
		return nil, err
	}
	var st *coreml.State
	if q.State != "" {
		if st, err = s.state(q.State); err != nil {
			return nil, err
		}
	}
	d := m.Description()
	for _, name := range q.Outputs {
		if d.Output(name) == nil {
			return nil, badInputf("there is no output %q; %s", name, among("outputs", name, d.Outputs))
		}
	}
	if err := checkFolder(q.NPYDir); err != nil {
		return nil, err // before the prediction changes a state
	}
	in, opts := coreml.Features{}, &imageOptions{stdio: true}
	for name, raw := range q.Inputs {
		if err := checkName(d, name); err != nil {
			return nil, badInput(err)
		}
		if in[name], err = decodeValue(ctx, raw, d.Input(name), opts); err != nil {
			return nil, &codedError{errorCode(badInput(err)), fmt.Errorf("input %q: %w", name, err)}
		}
	}
	// The arrays have been read; their text need not wait for the prediction to
	// end.
	q.release()
	// The measure is of the model: reading the values and writing the reply are not
	// in it.
	start := time.Now()
	out, err := m.Predict(ctx, in, st, nil)
	if err != nil {
		if errorCode(err) == codeInternal {
			err = fmt.Errorf("%s: %w", failedPrediction, err)
		}
		return nil, err
	}
	ms := float64(time.Since(start).Microseconds()) / 1000
	values, err := s.files.encodeOutputs(ctx, q, d, out)
	if err != nil {
		return nil, err
	}
	return reply{"outputs": values, "ms": ms}, nil
}

// newState makes a state, all zero. It lives on when its model is unloaded.
func (s *server) newState(q *request) (reply, error) {
	m, err := s.model(q.Model)
	if err != nil {
		return nil, err
	}
	if len(s.states) == maxStates {
		return nil, badInputf("%d states are there: unload one first", maxStates)
	}
	st, err := m.NewState()
	if err != nil {
		return nil, err
	}
	s.made++
	handle := fmt.Sprintf("s%d", s.made)
	s.states[handle] = st
	return reply{"state": handle}, nil
}

// readState gives a copy of one of a state's buffers.
func (s *server) readState(q *request) (reply, error) {
	st, err := s.state(q.State)
	if err != nil {
		return nil, err
	}
	t, err := st.Read(q.Name)
	if err != nil {
		return nil, err
	}
	v, err := encodeTensor(t)
	return reply{"value": v}, err
}

// writeState replaces the content of one of a state's buffers, and nothing else of
// it.
func (s *server) writeState(ctx context.Context, q *request) error {
	st, err := s.state(q.State)
	if err != nil {
		return err
	}
	v, err := decodeValue(ctx, q.Value, nil, nil)
	if err != nil {
		return badInput(inField("value", err))
	}
	if v.Kind() != coreml.KindMultiArray {
		return badInputf("the value of a state is an array, not %v", v)
	}
	return st.Write(q.Name, v.MultiArray())
}

// The handle is gone even where closing fails: it could not be used again.
func (s *server) unload(q *request) error {
	switch {
	case (q.Model == "") == (q.State == ""):
		return badInputf("unload: name a model or a state")
	case q.Model != "":
		m, err := s.model(q.Model)
		if err != nil {
			return err
		}
		delete(s.models, q.Model)
		return m.Close()
	}
	st, err := s.state(q.State)
	if err != nil {
		return err
	}
	delete(s.states, q.State)
	return st.Close()
}
