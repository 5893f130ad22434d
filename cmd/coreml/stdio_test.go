package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// hang is how long a test waits for what ought to come at once.
const hang = 2 * time.Minute

// conversation is a server that a test talks to line by line.
type conversation struct {
	t     *testing.T
	in    io.WriteCloser
	lines chan string
	ended chan int
	stop  context.CancelFunc
}

func converse(t *testing.T, flags ...string) *conversation {
	t.Helper()
	in, w := io.Pipe()
	r, out := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	c := &conversation{t, w, make(chan string, 100), make(chan int, 1), stop}
	go func() {
		status := run(ctx, append([]string{"predict", "--stdio"}, flags...), in, out, io.Discard)
		_ = out.Close()
		c.ended <- status
	}()
	go func() {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, maxRequest)
		for lines.Scan() {
			c.lines <- lines.Text()
		}
		close(c.lines)
	}()
	t.Cleanup(func() {
		stop()
		_ = w.Close()
	})
	return c
}

func (c *conversation) send(requests ...string) {
	c.t.Helper()
	for _, q := range requests {
		if _, err := io.WriteString(c.in, q+"\n"); err != nil {
			c.t.Fatal(err)
		}
	}
}

// next returns the next reply, or nil at the end.
func (c *conversation) next() object {
	c.t.Helper()
	select {
	case text, ok := <-c.lines:
		if !ok {
			return nil
		}
		var reply object
		if err := json.Unmarshal([]byte(text), &reply); err != nil {
			c.t.Fatalf("%v in %q", err, text)
		}
		return reply
	case <-time.After(hang):
		c.t.Fatal("no reply")
		return nil
	}
}

// want reads the next reply, of this id and with this code, "" for success.
func (c *conversation) want(id any, code string) object {
	c.t.Helper()
	r := c.next()
	failure, _ := r["error"].(object)
	got, _ := failure["code"].(string)
	if r == nil || r["id"] != id || got != code || r["ok"] != (code == "") {
		c.t.Fatalf("reply %v, want id %v and code %q", r, id, code)
	}
	return r
}

func (c *conversation) status() int {
	c.t.Helper()
	select {
	case status := <-c.ended:
		return status
	case <-time.After(hang):
		c.t.Fatal("the server goes on")
		return 0
	}
}

func load(path string) string {
	text, err := json.Marshal(object{"id": "load", "op": "load", "path": path})
	if err != nil {
		panic(err) // a path is a string
	}
	return string(text)
}

const (
	runForever = `{"id":1,"op":"predict","model":"m1","inputs":{"x":[1]}}`
	sayHello   = `{"id":2,"op":"hello"}`
)

func TestACancelRequestEndsAPrediction(t *testing.T) {
	c := converse(t)
	c.send(load(endless(t)), runForever)
	c.want("load", "")
	time.Sleep(20 * time.Millisecond) // it may have begun or not: both must work
	began := time.Now()
	c.send(`{"id":3,"op":"cancel","cancel":1}`, sayHello)
	c.want(1.0, codeCancelled)
	t.Logf("obeyed after %v", time.Since(began))
	if r := c.want(3.0, ""); r["cancelled"] != 1.0 {
		t.Errorf("reply %v", r)
	}
	c.want(2.0, "")
	// Without op, and of what has been answered.
	c.send(`{"id":4,"cancel":1}`)
	if r := c.want(4.0, ""); r["cancelled"] != 0.0 {
		t.Errorf("reply %v", r)
	}
	c.send(`{"id":5,"op":"cancel"}`)
	c.want(5.0, codeBadInput)
}

func TestACancelRequestReachesRequestsThatWait(t *testing.T) {
	c := converse(t)
	c.send(load(endless(t)), runForever,
		`{"id":{"n":7},"op":"predict","model":"m1","inputs":{"x":[1]}}`, `{"id":"kept","op":"hello"}`,
		`{"id":9,"cancel":{"n": 7}}`, `{"id":10,"cancel":1}`)
	c.want("load", "")
	c.want(1.0, codeCancelled)
	if r := c.next(); r["ok"] != false || r["error"].(object)["code"] != codeCancelled {
		t.Errorf("reply %v", r)
	}
	c.want("kept", "") // in the order of the requests
	c.want(9.0, "")
	c.want(10.0, "")
}

func TestAPredictionThatTakesTooLongIsEnded(t *testing.T) {
	model := endless(t)
	c := converse(t)
	c.send(load(model), `{"id":1,"op":"predict","model":"m1","inputs":{"x":[1]},"timeout_ms":30}`, sayHello)
	c.want("load", "")
	r := c.want(1.0, codeTimeout)
	if text := r["error"].(object)["message"].(string); !strings.Contains(text, "30ms") {
		t.Errorf("message %q", text)
	}
	c.want(2.0, "")
	c.send(`{"id":3,"op":"hello","timeout_ms":-1}`, `{"id":4,"op":"hello","timeout_ms":"x"}`, `{"id":5,"op":"hello","timeout_ms":0}`, `{"id":6,"op":"hello","timeout_ms":1e300}`)
	c.want(3.0, codeBadInput)
	c.want(4.0, codeBadInput)
	c.want(5.0, "")
	c.want(6.0, codeBadInput)

	c = converse(t, "--timeout", "30ms")
	// Loading has all the time that it takes on a busy machine.
	c.send(strings.TrimSuffix(load(model), "}")+`,"timeout_ms":0}`, runForever, `{"id":7,"op":"predict","model":"m1","inputs":{"x":[1]},"timeout_ms":10}`)
	c.want("load", "")
	c.want(1.0, codeTimeout)
	c.want(7.0, codeTimeout)
	r2 := call(t, "predict", model, "--input", "x="+writeNPY(t, tensor.New(tensor.Float32, 1)), "--timeout", "50ms")
	r2.want(t, exitFailure, "", "no result within 50ms")
	call(t, "predict", "--stdio", "--timeout=-1s").want(t, exitUsage, "", "negative")
}

func TestAServerThatIsToldToStopAnswersWhatItHasRead(t *testing.T) {
	c := converse(t)
	c.send(load(endless(t)), runForever, sayHello)
	c.want("load", "")
	c.stop()
	c.want(1.0, codeCancelled)
	if got := c.status(); got != exitInterrupted {
		t.Errorf("status %d", got)
	}
}

// TestAServerStopsThoughNobodyReads would wait for the reader otherwise.
func TestAServerStopsThoughNobodyReads(t *testing.T) {
	r, out := io.Pipe() // nobody reads from r
	defer r.Close()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"predict", "--stdio"}, strings.NewReader(sayHello+"\n"), out, io.Discard)
	}()
	time.Sleep(20 * time.Millisecond)
	stop()
	select {
	case status := <-ended:
		if status != exitInterrupted {
			t.Errorf("status %d", status)
		}
	case <-time.After(hang):
		t.Fatal("the server waits for its reader")
	}
}

func TestTheEndOfInputLeavesNoRequestUnanswered(t *testing.T) {
	requests := []any{object{"op": "load", "path": adder(t), "id": -1}}
	for i := range 200 {
		requests = append(requests, object{"op": "new_state", "model": "m1", "id": i})
	}
	for i, reply := range talk(t, requests...) {
		if reply["id"] != float64(i-1) || reply["ok"] != true {
			t.Fatalf("reply %d: %v", i, reply)
		}
	}
}

func TestOnlyOneLargeLineIsInMemory(t *testing.T) {
	large := bytes.Repeat([]byte{' '}, smallRequest+1)
	in := io.MultiReader(bytes.NewReader(large), strings.NewReader("\n{}\n"), bytes.NewReader(large), strings.NewReader("\n"))
	r := &lineReader{in: bufio.NewReader(in), limit: maxRequest, large: make(chan struct{}, 1)}
	_, free, err := r.next(t.Context())
	if err != nil || free == nil {
		t.Fatalf("the first: %v", err)
	}
	if text, free, err := r.next(t.Context()); string(text) != "{}\n" || free != nil || err != nil {
		t.Fatalf("a small one while a large one is held: %q, %v", text, err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	if _, _, err := r.next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a second large one: %v", err)
	}
	free()
	r.in = bufio.NewReader(io.MultiReader(bytes.NewReader(large), strings.NewReader("\n")))
	if text, free, err := r.next(t.Context()); len(text) != len(large)+1 || free == nil || err != nil {
		t.Errorf("when the first is done: %d bytes, %v", len(text), err)
	}
}

func TestAHugeLineIsLetGo(t *testing.T) {
	r := talk(t, `{"id":1,"op":"hello","x":"`+strings.Repeat("x", hugeRequest)+`"}`, `{"id":2,"op":"hello","x":"`+strings.Repeat("x", hugeRequest)+`"}`)
	if r[0]["ok"] != true || r[1]["id"] != 2.0 {
		t.Errorf("replies %v", r)
	}
}

func TestRequestsThatAreHardToRead(t *testing.T) {
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	var keys strings.Builder
	keys.WriteString(`{"id":1,"op":"hello"`)
	for i := range maxJSONFields {
		keys.WriteString(`,"k` + jsonNumber(i) + `":0`)
	}
	for name, tc := range map[string]struct {
		text string
		id   any
		want string
	}{
		"deep nesting":              {`{"id":1,"op":"hello","x":` + deep + `}`, 1.0, "nested deeper than 64"},
		"a key that comes twice":    {`{"id":1,"op":"hello","op":"load"}`, 1.0, "op: the key comes twice"},
		"an input that does":        {`{"id":1,"op":"predict","model":"m1","inputs":{"x":1,"x":2}}`, 1.0, "inputs.x: the key comes twice"},
		"too many keys":             {keys.String() + "}", 1.0, "more than 65536 keys"},
		"a list for a text":         {`{"id":1,"op":["hello"]}`, 1.0, "op: a list where a string is expected"},
		"a text for the inputs":     {`{"id":1,"op":"predict","model":"m1","inputs":"x"}`, 1.0, "inputs: a string where an object is expected"},
		"a number among outputs":    {`{"id":1,"op":"predict","outputs":["a",7]}`, 1.0, "outputs[1]: a number where a string is expected"},
		"cut off":                   {`{"id":1,"op":"hello"`, 1.0, "byte 21: the text ends where a comma or the end of the object is expected"},
		"an id behind the mistake":  {`{"op":7,"id":"late"}`, "late", "op: a number"},
		"an id of NaN":              {`{"id":NaN,"op":"hello"}`, nil, "NaN is no number of JSON"},
		"a strange escape":          {`{"id":1,"op":"\x"}`, 1.0, `the escape \x`},
		"half a character":          {`{"id":1,"op":"` + "\xff" + `"}`, 1.0, "unknown"},
		"half a character in an id": {`{"id":"` + "\xff" + `","op":"zz"}`, "\uFFFD", "unknown"},
		"a number with a comma":     {`{"id":1,"op":"hello","x":01}`, 1.0, "starts with 0"},
	} {
		r := talk(t, tc.text)[0]
		failure, _ := r["error"].(object)
		text, _ := failure["message"].(string)
		if r["ok"] != false || r["id"] != tc.id || !strings.Contains(text, tc.want) {
			t.Errorf("%s: reply %v, want %q", name, r, tc.want)
		}
	}
}

func jsonNumber(i int) string { return string(mustJSON(i)) }

func mustJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // the values of the tests can be written
	}
	return text
}

func TestNumbersThatJSONLacks(t *testing.T) {
	model := "testdata/classifier/model.mlpackage"
	r := talk(t, object{"op": "load", "path": model},
		`{"id":"bare","op":"predict","model":"m1","inputs":{"x":[[1,2,-Infinity,4]]}}`,
		`{"id":"text","op":"predict","model":"m1","inputs":{"x":[[1,2,"-Infinity",4]]}}`,
		`{"id":"nan","op":"predict","model":"m1","inputs":{"x":[["NaN",2,3,4]]}}`)
	failure, _ := r[1]["error"].(object)
	if r[1]["id"] != "bare" || failure["code"] != codeBadInput ||
		!strings.Contains(failure["message"].(string), `[0][2]: -Infinity is no number of JSON: write the string "NaN", "Infinity" or "-Infinity"`) {
		t.Errorf("as Python writes it: %v", r[1])
	}
	if r[2]["ok"] != true || r[3]["ok"] != true {
		t.Fatalf("as texts: %v, %v", r[2], r[3])
	}
	first := r[3]["outputs"].(object)["classLabel_probs"].(object)["dictionary"].([]any)[0].([]any)
	if first[1] != "NaN" {
		t.Errorf("a probability that is no number is written as %v", first)
	}
	for text, want := range map[string]float64{`"NaN"`: math.NaN(), `"Infinity"`: math.Inf(1), `"-Infinity"`: math.Inf(-1)} {
		v, err := decodeValue(t.Context(), []byte(`{"double":`+text+`}`), nil, nil)
		got, _ := v.Double()
		back, failed := json.Marshal(jsonFloat(got))
		if err != nil || failed != nil || string(back) != text || got != want && !math.IsNaN(want) {
			t.Errorf("%s: %v, %v; written as %s, %v", text, v, err, back, failed)
		}
	}
}

func TestModelsAndStatesAreBounded(t *testing.T) {
	s := newServer((&engineFlags{}).config())
	for i := range maxModels {
		s.models[jsonNumber(i)] = nil
	}
	if _, err := s.load(t.Context(), &request{Path: "x"}); errorCode(err) != codeBadInput || !strings.Contains(err.Error(), "unload") {
		t.Errorf("a model too many: %v", err)
	}
	m, err := coreml.Load(t.Context(), adder(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	s.models["m"] = m
	for i := range maxStates {
		s.states[jsonNumber(i)] = nil
	}
	if _, err := s.newState(&request{Model: "m"}); errorCode(err) != codeBadInput || !strings.Contains(err.Error(), "unload") {
		t.Errorf("a state too many: %v", err)
	}
}

func TestListsAreBounded(t *testing.T) {
	text := "[" + strings.Repeat("1,", maxListed) + "1]"
	if _, err := decodeList([]byte(text), nil); err == nil || !strings.Contains(err.Error(), "base64") {
		t.Errorf("%d numbers: %v", maxListed+1, err)
	}
}

func TestTheValuesOfARequestAreBounded(t *testing.T) {
	text := `{"id":1,"op":"hello","x":[` + strings.Repeat("1,", maxJSONValues) + "1]}"
	if q := parseRequest([]byte(text)); q.err == nil || !strings.Contains(q.err.Error(), "more than 16777216 values") || string(q.ID) != "1" {
		t.Errorf("id %s: %v", q.ID, q.err)
	}
	lists := "[" + strings.Repeat("[],", maxListed) + "[]]"
	if _, err := decodeList([]byte(lists), nil); err == nil || !strings.Contains(err.Error(), "base64") {
		t.Errorf("%d lists: %v", maxListed+1, err)
	}
}

func TestOnATerminalTheServerSaysWhatItWaitsFor(t *testing.T) {
	var out, errs strings.Builder
	status := run(t.Context(), []string{"predict", "--stdio"}, new(keyboard), &out, &errs)
	if status != exitOK || out.String() != "" || !strings.Contains(errs.String(), "waiting for requests") {
		t.Errorf("status %d, standard output %q, standard error %q", status, out.String(), errs.String())
	}
	if r := callWith(t, "", "predict", "--stdio"); r.err != "" {
		t.Errorf("from a pipe: %q", r.err)
	}
}

// FuzzJSONText holds the reader of requests against encoding/json.
func FuzzJSONText(f *testing.F) {
	for _, text := range []string{
		`{"a":[1,-2.5e+3,true,false,null,"x\u00e9\n"]}`, `[`, `"\ud800"`, `-`, `01`, `1.`, `{"a":1,"a":2}`, `[NaN]`, "\"\x01\"", ` [ ] `, `{"a" : {}}`, `tru`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		walk := &jsonText{text: []byte(text)}
		raw, err := walk.value(maxJSONDepth)
		if err == nil {
			err = walk.end()
		}
		special := strings.Contains(text, "NaN") || strings.Contains(text, "Infinity")
		deep := strings.Count(text, "[")+strings.Count(text, "{") >= maxJSONDepth
		if valid := json.Valid([]byte(text)); valid != (err == nil) && !special && !deep {
			t.Fatalf("%q: %v, and encoding/json says %v", text, err, valid)
		}
		if err == nil && strings.TrimSpace(text) != "" && !bytes.Equal(bytes.TrimSpace(raw), bytes.Trim([]byte(text), " \t\r\n")) {
			t.Fatalf("%q is read as %q", text, raw)
		}
		if err == nil && raw[0] == '"' {
			var want string
			if err := json.Unmarshal(raw, &want); err != nil {
				t.Fatal(err)
			}
			if got, err := textOf(raw); err != nil || got != want {
				t.Fatalf("%q is %q, %v, want %q", raw, got, err, want)
			}
		}
		if err == nil {
			_, _ = decodeValue(t.Context(), raw, nil, nil)
		}
	})
}
