package main

import (
	"bufio"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestEveryFieldOfARequestIsRead(t *testing.T) {
	got := parseRequest([]byte(`{"id":{"a":1},"op":"o","path":"p","function":"f","compute_units":"c","backend":"b","model":"m","state":"s",` +
		`"name":"n","npy_dir":"d","value":[1],"inputs":{"x":2,"y":null},"outputs":["z"],"timeout_ms":1.5,"cancel":"k","unknown":{"deep":[]}}`))
	limit := 1500 * time.Microsecond
	want := &request{
		ID: []byte(`{"a":1}`), Op: "o", Path: "p", Function: "f", ComputeUnits: "c", Backend: "b", Model: "m", State: "s",
		Name: "n", NPYDir: "d", Value: []byte("[1]"), Inputs: map[string][]byte{"x": []byte("2"), "y": []byte("null")},
		Outputs: []string{"z"}, Timeout: &limit, Cancel: []byte(`"k"`),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestNullStandsForAnAbsentField(t *testing.T) {
	got := parseRequest([]byte(`{"id":null,"op":"o","path":null,"inputs":null,"outputs":null,"timeout_ms":null,"cancel":null,"value":null}`))
	if want := (&request{ID: []byte("null"), Op: "o"}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestACancelRequestNeedsNoOperation(t *testing.T) {
	for text, want := range map[string]string{
		`{"cancel":1}`:               opCancel,
		`{"op":"cancel","cancel":1}`: opCancel,
		`{"op":"hello","cancel":1}`:  "hello", // the operation says what it is
		`{}`:                         "",
	} {
		if q := parseRequest([]byte(text)); q.Op != want || q.err != nil {
			t.Errorf("%s is the operation %q, %v", text, q.Op, q.err)
		}
	}
	if q := parseRequest([]byte(`{"cancel":NaN}`)); q.err == nil || q.err.Error() != "request: cancel: NaN is no id" {
		t.Errorf("no id: %v", q.err)
	}
}

func TestTimesOfARequest(t *testing.T) {
	for raw, want := range map[string]time.Duration{
		"0": 0, "1": time.Millisecond, "0.5": 500 * time.Microsecond, "1e3": time.Second,
		"1e-9": 1, // shorter than any clock, and still a limit
		"1e12": time.Duration(1e12) * time.Millisecond,
	} {
		got, err := timeoutOf([]byte(raw))
		if err != nil || *got != want {
			t.Errorf("%s is %v, %v, want %v", raw, got, err, want)
		}
	}
	for _, raw := range []string{"-1", "1.1e12", `"NaN"`, `"Infinity"`, `"soon"`, "true", "[]"} {
		if got, err := timeoutOf([]byte(raw)); err == nil {
			t.Errorf("%s is %v", raw, *got)
		}
	}
}

func TestLinesAreCutAtTheirEnds(t *testing.T) {
	long := strings.Repeat("x", 100)
	r := &lineReader{in: bufio.NewReaderSize(strings.NewReader("a\r\n\n"+long+"\nb"), 16), limit: 50, large: make(chan struct{}, 1)}
	for i, want := range []struct {
		text string
		err  error
	}{{"a\r\n", nil}, {"\n", nil}, {"", errLongLine}, {"b", nil}, {"", io.EOF}} {
		text, free, err := r.next(t.Context())
		if string(text) != want.text || !errors.Is(err, want.err) || free != nil {
			t.Errorf("line %d: %q, %v, want %q, %v", i, text, err, want.text, want.err)
		}
	}
}

// TestALongLineAtTheEndIsToldOf holds for the limit and for the end of the text
// inside of a line that is too long.
func TestALongLineAtTheEndIsToldOf(t *testing.T) {
	for length, want := range map[int]error{49: nil, 50: nil, 51: errLongLine, 500: errLongLine} {
		r := &lineReader{in: bufio.NewReaderSize(strings.NewReader(strings.Repeat("x", length)), 16), limit: 50, large: make(chan struct{}, 1)}
		text, _, err := r.next(t.Context())
		if !errors.Is(err, want) || want == nil && len(text) != length {
			t.Errorf("%d bytes: %d, %v", length, len(text), err)
		}
		if _, _, err := r.next(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("behind %d bytes: %v", length, err)
		}
	}
}

func TestInputThatBreaksOffIsAnErrorOfTheCommand(t *testing.T) {
	torn := errors.New("torn")
	in := io.MultiReader(strings.NewReader(`{"id":1,"op":"hello"}`+"\n"+`{"id":2`), readerOf(func([]byte) (int, error) { return 0, torn }))
	var out strings.Builder
	err := blocked().serve(t.Context(), in, &out)
	if !errors.Is(err, torn) || !strings.HasPrefix(err.Error(), "standard input: ") {
		t.Errorf("got %v", err)
	}
	if out.String() != `{"id":1,"ok":true}`+"\n" {
		t.Errorf("replies %q", out.String())
	}
}

type readerOf func([]byte) (int, error)

func (f readerOf) Read(p []byte) (int, error) { return f(p) }

func TestOutputThatFailsEndsTheServer(t *testing.T) {
	full := errors.New("full")
	out := &failing{left: 25, err: full}
	in := strings.Repeat(`{"id":1,"op":"hello"}`+"\n", 3)
	if err := blocked().serve(t.Context(), strings.NewReader(in), out); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

func TestARequestIsReleasedOnce(t *testing.T) {
	n := 0
	q := &request{Value: []byte("1"), Line: []byte("2"), Inputs: map[string][]byte{"x": nil}, free: func() { n++ }}
	q.release()
	q.release()
	if n != 1 || q.Value != nil || q.Line != nil || q.Inputs != nil {
		t.Errorf("let go %d times, left %+v", n, q)
	}
}
