package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// request is one line on standard input. The operations read different fields.
type request struct {
	ID           []byte // JSON; nil where there is none
	Op           string
	Path         string
	Function     string
	ComputeUnits string
	Backend      string
	Model        string
	State        string
	Name         string
	Value        []byte
	Inputs       map[string][]byte
	Outputs      []string
	NPYDir       string
	Timeout      *time.Duration
	Cancel       []byte // JSON: the id of the request to cancel

	err  error  // the line is no request
	free func() // lets the next large line be read; nil once it was called
}

// release gives back the right to hold a large line, whose parts must not be used
// any more.
func (q *request) release() {
	q.Value, q.Inputs = nil, nil
	if q.free != nil {
		q.free()
		q.free = nil
	}
}

// parseRequest reads a request. What can be read of a wrong one, above all its
// id, is there too.
func parseRequest(text []byte) *request {
	q := &request{}
	t := &jsonText{text: text}
	// The whole text is walked through first, so that fields of the wrong kind do
	// not hide an id that comes after them.
	err := t.fields(maxJSONDepth, func(key string, value []byte) error {
		if key == "id" && q.ID == nil && !isNonNumber(value) && json.Valid(value) {
			q.ID = bytes.Clone(value)
		}
		return nil
	})
	if err == nil {
		err = t.end()
	}
	if err == nil {
		err = eachField(bytes.TrimSpace(text), q.field)
	}
	if err == nil && q.Op == "" && q.Cancel != nil {
		q.Op = opCancel
	}
	if err != nil {
		q.err = fmt.Errorf("request: %w", err)
	}
	return q
}

// field takes in one field. Unknown ones are ignored.
func (q *request) field(key string, value []byte) (err error) {
	switch key {
	case "id":
		if isNonNumber(value) || !json.Valid(value) {
			err = nonNumber(value)
		}
	case "op":
		q.Op, err = textOf(value)
	case "path":
		q.Path, err = textOf(value)
	case "function":
		q.Function, err = textOf(value)
	case "compute_units":
		q.ComputeUnits, err = textOf(value)
	case "backend":
		q.Backend, err = textOf(value)
	case "model":
		q.Model, err = textOf(value)
	case "state":
		q.State, err = textOf(value)
	case "name":
		q.Name, err = textOf(value)
	case "npy_dir":
		q.NPYDir, err = textOf(value)
	case "value":
		q.Value = value
	case "inputs":
		q.Inputs, err = valuesOf(value)
	case "outputs":
		q.Outputs, err = textsOf(value)
	case "timeout_ms":
		q.Timeout, err = timeoutOf(value)
	case "cancel":
		q.Cancel = bytes.Clone(value)
	}
	return err
}

// valuesOf lists the values of an object by name. They share its memory. Those
// that are null are kept, to be told of.
func valuesOf(raw []byte) (map[string][]byte, error) {
	if raw[0] != '{' {
		return nil, wantJSON("an object", raw)
	}
	values := map[string][]byte{}
	t := &jsonText{text: raw}
	return values, t.fields(maxJSONDepth, func(name string, value []byte) error {
		if values[name] != nil {
			return inField(name, errors.New("the key comes twice"))
		}
		if len(values) == maxJSONFields {
			return fmt.Errorf("an object of more than %d keys", maxJSONFields)
		}
		values[name] = value
		return nil
	})
}

// timeoutOf reads a number of milliseconds. 0 means no limit.
func timeoutOf(raw []byte) (*time.Duration, error) {
	ms, err := floatOf(raw)
	if err != nil {
		return nil, err
	}
	const most = 1e12 // thirty years
	if !(ms >= 0 && ms <= most) {
		return nil, fmt.Errorf("%v: want milliseconds from 0, which means no limit, to %.0e", ms, most)
	}
	// A time that rounds to 0 is not one without a limit.
	d := time.Duration(ms * float64(time.Millisecond))
	if ms > 0 {
		d = max(d, 1)
	}
	return &d, nil
}

// sameID reports whether two ids are the same value, however they are written.
func sameID(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	return reflect.DeepEqual(plainID(a), plainID(b))
}

func plainID(raw []byte) any {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil
	}
	return v
}
