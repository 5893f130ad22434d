package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gocoreml/coreml/coreml"
)

// request is one line on standard input. The operations read different fields.
//
// Values are kept as their text, which is read in its turn, when it is known what
// they are for.
type request struct {
	ID           []byte // JSON; nil where there is none
	Op           string
	Path         string
	Function     string
	Adapters     []coreml.Adapter // nil where the request has none of its own
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

	// Line is the whole line, of those services that read it themselves.
	Line []byte

	err  error  // the line is no request
	free func() // lets the next large line be read; nil once it was called
}

// release gives back the right to hold a large line, whose parts must not be used
// any more.
//
// It may be called twice: early, by who has read all the values, and always at the
// end.
func (q *request) release() {
	q.Value, q.Inputs, q.Line = nil, nil, nil
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
	list, err := t.fieldsOf()
	for _, f := range list {
		switch {
		case f.key == "id" && len(f.value) > maxJSONName:
			err = cmp.Or(err, fmt.Errorf("id: more than %d bytes", maxJSONName))
		case f.key == "id" && !json.Valid(f.value):
			err = cmp.Or(err, inField("id", nonNumber(f.value)))
		case f.key == "id":
			// What is no UTF-8 is none in the reply either.
			q.ID = bytes.ToValidUTF8(f.value, []byte("\uFFFD"))
		// After the first mistake only the id is looked for.
		case err == nil && string(f.value) != "null": // null stands for an absent field
			err = inField(f.key, q.field(f.key, f.value))
		}
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
	case "op":
		q.Op, err = nameOf(value)
	case "path":
		q.Path, err = nameOf(value)
	case "function":
		q.Function, err = nameOf(value)
	case "adapters":
		q.Adapters, err = adaptersIn(value)
	case "compute_units":
		q.ComputeUnits, err = nameOf(value)
	case "backend":
		q.Backend, err = nameOf(value)
	case "model":
		q.Model, err = nameOf(value)
	case "state":
		q.State, err = nameOf(value)
	case "name":
		q.Name, err = nameOf(value)
	case "npy_dir":
		q.NPYDir, err = nameOf(value)
	case "value":
		q.Value = value
	case "inputs":
		q.Inputs, err = valuesOf(value)
	case "outputs":
		q.Outputs, err = namesOf(value)
	case "timeout_ms":
		q.Timeout, err = timeoutOf(value)
	case "cancel":
		if q.Cancel = bytes.Clone(value); len(value) > maxJSONName || !json.Valid(value) {
			err = fmt.Errorf("%s is no id", shorten(value))
		}
	}
	return err
}

// adaptersIn reads a list of adapters, each in the form that the flag --adapter has.
func adaptersIn(value []byte) ([]coreml.Adapter, error) {
	names, err := namesOf(value)
	if err != nil {
		return nil, err
	}
	flags := make([]adapterFlag, len(names))
	for i, name := range names {
		if err := flags[i].UnmarshalText([]byte(name)); err != nil {
			return nil, err
		}
	}
	return append([]coreml.Adapter{}, adaptersOf(flags)...), nil
}

// valuesOf lists the values of an object by name. They share its memory. Those
// that are null are kept, to be told of.
func valuesOf(raw []byte) (map[string][]byte, error) {
	if raw[0] != '{' {
		return nil, wantJSON("an object", raw)
	}
	t := &jsonText{text: raw, checked: true}
	list, err := t.fieldsOf()
	values := make(map[string][]byte, len(list))
	for _, f := range list {
		values[f.key] = f.value
	}
	return values, err
}

// timeoutOf reads a number of milliseconds. 0 means no limit.
func timeoutOf(raw []byte) (*time.Duration, error) {
	ms, err := floatOf(raw)
	if err != nil {
		return nil, err
	}
	// More does not fit into a time of Go's, which counts nanoseconds in an int64.
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
