package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gocoreml/coreml/coreml"
)

const (
	// stdioProtocol is the version of the protocol that docs/stdio.md describes.
	stdioProtocol = 1
	// maxRequest bounds the line of one request. Larger arrays are passed as
	// files.
	maxRequest = 256 << 20
	// failedPrediction are Core ML's own words, which callers look for.
	failedPrediction = "Unable to compute the prediction using ML Program"
)

// request is one line on standard input. The operations read different fields.
type request struct {
	ID           json.RawMessage            `json:"id"`
	Op           string                     `json:"op"`
	Path         string                     `json:"path"`
	Function     string                     `json:"function"`
	ComputeUnits string                     `json:"compute_units"`
	Backend      string                     `json:"backend"`
	Model        string                     `json:"model"`
	State        string                     `json:"state"`
	Name         string                     `json:"name"`
	Value        json.RawMessage            `json:"value"`
	Inputs       map[string]json.RawMessage `json:"inputs"`
	Outputs      []string                   `json:"outputs"`
	NPYDir       string                     `json:"npy_dir"`
}

// reply holds the fields of a reply but for id and ok.
type reply map[string]any

// server answers requests. Models and states live until they are unloaded or the
// server is closed; handles are never used twice.
type server struct {
	cfg    *coreml.Config
	models map[string]*coreml.Model
	states map[string]*coreml.State
	loaded, made,
	written int
}

func newServer(cfg *coreml.Config) *server {
	return &server{cfg: cfg, models: map[string]*coreml.Model{}, states: map[string]*coreml.State{}}
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

// line is a line of input, without its end, or why there is none.
type line struct {
	text []byte
	err  error
}

// serve answers requests, one after the other, until in or ctx ends.
func (s *server) serve(ctx context.Context, in io.Reader, out io.Writer) error {
	lines, taken := make(chan line), make(chan struct{})
	stop := make(chan struct{})
	defer close(stop)
	// Reading cannot be interrupted: it has a goroutine of its own, which waits
	// for each line to be answered, so that at most one is in memory.
	go readLines(in, maxRequest, lines, taken, stop)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case l := <-lines:
			if errors.Is(l.err, io.EOF) {
				return nil
			}
			var answer []byte
			switch {
			case errors.Is(l.err, errLongLine):
				answer = encodeReply(nil, nil, badInput(l.err))
			case l.err != nil:
				return fmt.Errorf("standard input: %w", l.err)
			case len(bytes.TrimSpace(l.text)) > 0:
				answer = s.answer(ctx, l.text)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if len(answer) > 0 {
				if _, err := out.Write(append(answer, '\n')); err != nil {
					return err
				}
			}
			taken <- struct{}{}
		}
	}
}

var errLongLine = fmt.Errorf("the request is longer than %d bytes: pass large arrays as files", maxRequest)

// readLines sends the lines of r until it ends or fails. A line above limit is
// skipped and reported.
func readLines(r io.Reader, limit int, lines chan<- line, taken, stop <-chan struct{}) {
	b := bufio.NewReaderSize(r, 1<<16)
	var buf []byte
	for {
		var l line
		l.text, l.err = readLine(b, buf[:0], limit)
		select {
		case lines <- l:
		case <-stop:
			return
		}
		if l.err != nil && !errors.Is(l.err, errLongLine) {
			return
		}
		select {
		case <-taken:
		case <-stop:
			return
		}
		// A large buffer is not kept for small requests.
		if buf = l.text; cap(buf) > 1<<20 {
			buf = nil
		}
	}
}

// readLine appends a line to buf. The last one need not end with a newline.
func readLine(b *bufio.Reader, buf []byte, limit int) ([]byte, error) {
	tooLong := false
	for {
		part, err := b.ReadSlice('\n')
		if !tooLong && len(buf)+len(part) > limit {
			buf, tooLong = nil, true
		}
		if !tooLong {
			buf = append(buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case tooLong && (err == nil || errors.Is(err, io.EOF)):
			return nil, errLongLine
		case errors.Is(err, io.EOF) && len(buf) > 0:
			return buf, nil
		}
		return buf, err
	}
}

// answer carries out one request and returns the reply.
func (s *server) answer(ctx context.Context, text []byte) []byte {
	var q request
	if err := json.Unmarshal(text, &q); err != nil {
		// The id is worth a second look: the rest may be at fault.
		var only struct {
			ID json.RawMessage `json:"id"`
		}
		_ = json.Unmarshal(text, &only) // a nil id then
		return encodeReply(only.ID, nil, badInput(fmt.Errorf("request: %w", err)))
	}
	r, err := s.do(ctx, &q)
	return encodeReply(q.ID, r, err)
}

// encodeReply builds the line of a reply, without its end.
func encodeReply(id json.RawMessage, r reply, err error) []byte {
	if len(id) == 0 {
		id = json.RawMessage("null")
	}
	if err != nil {
		r = reply{"error": map[string]string{"code": errorCode(err), "message": message(err)}}
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

// message is an error's text without the names of packages.
func message(err error) string {
	return strings.TrimPrefix(packagePrefixes.Replace(": "+err.Error()), ": ")
}

func (s *server) do(ctx context.Context, q *request) (reply, error) {
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
		return nil, s.writeState(q)
	case "unload":
		return nil, s.unload(q)
	case "":
		return nil, badInputf("the request has no op")
	}
	return nil, &codedError{codeUnsupported, fmt.Errorf("op %q is unknown", q.Op)}
}

func (s *server) hello() reply {
	backends := []string{}
	for _, e := range []coreml.EngineChoice{coreml.EngineFramework, coreml.EnginePortable} {
		if e.Available() {
			backends = append(backends, e.String())
		}
	}
	return reply{"protocol": stdioProtocol, "engine": "coreml", "version": version(), "backends": backends}
}

func (s *server) load(ctx context.Context, q *request) (reply, error) {
	if q.Path == "" {
		return nil, badInputf("load: path is missing")
	}
	cfg := *s.cfg
	cfg.Function = q.Function
	var err error
	if cfg.ComputeUnits, err = computeUnits(q.ComputeUnits); err != nil {
		return nil, badInput(err)
	}
	if q.Backend != "" {
		if err := choice(&cfg.Engine, []byte(q.Backend)); err != nil {
			return nil, badInput(err)
		}
	}
	m, err := coreml.Load(ctx, q.Path, &cfg)
	if err != nil {
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
		return coreml.All, nil
	case "CPU_ONLY":
		return coreml.CPUOnly, nil
	case "CPU_AND_GPU":
		return coreml.CPUAndGPU, nil
	case "CPU_AND_NE":
		return coreml.CPUAndNeuralEngine, nil
	}
	var u unitsFlag
	err := u.UnmarshalText([]byte(name))
	return coreml.ComputeUnits(u), err
}

func (s *server) model(handle string) (*coreml.Model, error) {
	if m := s.models[handle]; m != nil {
		return m, nil
	}
	return nil, badInputf("there is no model %q", handle)
}

func (s *server) state(handle string) (*coreml.State, error) {
	if st := s.states[handle]; st != nil {
		return st, nil
	}
	return nil, badInputf("there is no state %q", handle)
}

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
			return nil, badInputf("there is no output %q", name)
		}
	}
	in := coreml.Features{}
	for name, raw := range q.Inputs {
		if in[name], err = decodeValue(raw, d.Input(name)); err != nil {
			return nil, &codedError{errorCode(badInput(err)), fmt.Errorf("input %q: %w", name, err)}
		}
	}
	start := time.Now()
	out, err := m.Predict(ctx, in, st, nil)
	if err != nil {
		if errorCode(err) == codeInternal {
			err = fmt.Errorf("%s: %w", failedPrediction, err)
		}
		return nil, err
	}
	ms := float64(time.Since(start).Microseconds()) / 1000
	values, err := s.encodeOutputs(q, d, out)
	if err != nil {
		return nil, err
	}
	return reply{"outputs": values, "ms": ms}, nil
}

func (s *server) newState(q *request) (reply, error) {
	m, err := s.model(q.Model)
	if err != nil {
		return nil, err
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

func (s *server) writeState(q *request) error {
	st, err := s.state(q.State)
	if err != nil {
		return err
	}
	v, err := decodeValue(q.Value, nil)
	if err != nil {
		return badInput(err)
	}
	if v.Kind() != coreml.KindMultiArray {
		return badInputf("the value of a state is an array, not %v", v)
	}
	return st.Write(q.Name, v.MultiArray())
}

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
