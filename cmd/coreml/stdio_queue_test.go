package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// blocked is a service whose requests of the operation "wait" take until they are
// cancelled, and whose others succeed at once.
func blocked() *service {
	return &service{parse: parseRequest, encode: encodeReply, do: func(ctx context.Context, q *request) (reply, error) {
		if q.Op == "wait" {
			<-ctx.Done()
		}
		return nil, ctx.Err()
	}}
}

const waitFirst = `{"id":"first","op":"wait"}` + "\n"

func TestACancelRequestBehindThousandsOfOthersIsHeard(t *testing.T) {
	const between = 20_000
	var in strings.Builder
	in.WriteString(waitFirst)
	for i := range between {
		fmt.Fprintf(&in, `{"id":%d,"op":"hello"}`+"\n", i)
	}
	in.WriteString(`{"id":"last","cancel":"first"}` + "\n")
	// Nothing but the cancel request ends the first one: were it not read, the
	// server would never end, and the bubble would report a deadlock.
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		if err := blocked().serve(t.Context(), strings.NewReader(in.String()), &out); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != between+2 {
			t.Fatalf("%d replies", len(lines))
		}
		for at, want := range map[int]string{
			0:           `{"error":{"code":"cancelled","message":"the request was cancelled"},"id":"first","ok":false}`,
			1:           `{"id":0,"ok":true}`,
			between:     `{"id":19999,"ok":true}`,
			between + 1: `{"cancelled":1,"id":"last","ok":true}`,
		} {
			if lines[at] != want {
				t.Errorf("reply %d is %s, want %s", at, lines[at], want)
			}
		}
	})
}

// longHello is long enough for some ten thousand to fill the queue.
var longHello = `{"op":"hello","x":"` + strings.Repeat("x", 4<<10) + `"}` + "\n"

// endlessLines repeats a line behind a first one and counts what is read of it.
type endlessLines struct {
	first, line string
	lines       float64 // read so far
	rest        string
}

func (e *endlessLines) Read(p []byte) (int, error) {
	if e.first != "" {
		n := copy(p, e.first)
		e.first = e.first[n:]
		return n, nil
	}
	if e.rest == "" {
		e.rest = e.line
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	e.lines += float64(n) / float64(len(e.line))
	return n, nil
}

func TestReadingStopsWhenWaitingRequestsFillTheirMemory(t *testing.T) {
	object := func(field string) string { return `{"op":"hello",` + field + "}\n" }
	names := strings.TrimSuffix(strings.Repeat(`"a",`, 10_000), ",")
	for name, line := range map[string]string{
		"a few long ones":              object(`"x":"` + strings.Repeat("x", 1<<19) + `"`),
		"very many short ones":         "{}\n",
		"names, longer than they look": object(`"outputs":[` + names + `]`),
	} {
		t.Run(name, func(t *testing.T) {
			q := parseRequest([]byte(line))
			cost := float64(len(line) + requestCost + nameCost*len(q.Outputs))
			synctest.Test(t, func(t *testing.T) {
				in := &endlessLines{first: waitFirst, line: line}
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				go func() { _ = blocked().serve(ctx, in, io.Discard) }()
				synctest.Wait() // until the reader, too, waits for something
				// The reader holds a line beyond the bound, and its buffer more of them.
				least, most := maxWaiting/cost-1, maxWaiting/cost+2+float64(1<<16)/float64(len(line))
				if in.lines < least || in.lines > most {
					t.Errorf("%.1f lines are read, want %.1f to %.1f", in.lines, least, most)
				}
				stop()
				synctest.Wait()
			})
		})
	}
}

// waitingJob is a job with this id.
func waitingJob(id string, cost int) *job {
	j := &job{request: &request{ID: []byte(id)}, key: idKey([]byte(id)), cost: cost}
	j.ctx, j.cancel = context.WithCancelCause(context.Background())
	return j
}

func TestTheQueueCountsWhatItHolds(t *testing.T) {
	q := newQueue()
	if !q.offer(waitingJob("1", 2*maxWaiting)) {
		t.Fatal("an empty queue has no room for a request that is larger than all of it")
	}
	if q.offer(waitingJob("2", 1)) {
		t.Fatal("a queue that is full has room")
	}
	q.done()
	for i := range 4 {
		if !q.offer(waitingJob("3", maxWaiting/4)) {
			t.Fatalf("no room for quarter %d", i)
		}
	}
	if q.offer(waitingJob("4", 1)) {
		t.Error("a queue that is full to the byte has room")
	}
	for range 4 {
		q.done()
	}
	if q.held != 0 || len(q.byID) != 0 {
		t.Errorf("an empty queue holds %d bytes and %d ids", q.held, len(q.byID))
	}
}

func TestACancelRequestCountsEachRequestOnce(t *testing.T) {
	q := newQueue()
	for _, id := range []string{"7", `"x"`, "7.0", "8"} {
		q.offer(waitingJob(id, 1))
	}
	cancel := waitingJob("7", 1)
	cancel.Op = opCancel
	q.offer(cancel)
	for _, step := range []struct {
		id   string
		want int
	}{{"9", 0}, {"70e-1", 2}, {"7", 0}, {`"x"`, 1}} {
		if got := q.cancel(idKey([]byte(step.id))); got != step.want {
			t.Errorf("cancel %s ended %d requests, want %d", step.id, got, step.want)
		}
	}
	if cancel.ctx.Err() != nil {
		t.Error("a cancel request was cancelled by its own id")
	}
	q.done()
	q.offer(waitingJob("7", 1))
	if got := q.cancel(idKey([]byte("7"))); got != 1 {
		t.Errorf("an id that is used again: %d requests ended", got)
	}
}

func TestARequestThatIsAnsweredCannotBeCancelled(t *testing.T) {
	q := newQueue()
	q.offer(waitingJob("1", 1))
	q.offer(waitingJob("1", 1))
	q.done()
	if got := q.cancel(idKey([]byte("1"))); got != 1 {
		t.Errorf("%d requests ended, want the one that waits", got)
	}
}

func TestRequestsWithoutAnIDAreNobodysToCancel(t *testing.T) {
	for name, service := range map[string]*service{
		"predict":  {parse: parseRequest, encode: encodeReply},
		"tokenize": {parse: parseTokenRequest, encode: encodeTokens},
	} {
		service.do = func(ctx context.Context, _ *request) (reply, error) { return reply{}, ctx.Err() }
		var out strings.Builder
		if err := service.serve(t.Context(), strings.NewReader("{\"text\":\"a\"}\n{\"cancel\":null}\n"), &out); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), codeCancelled) {
			t.Errorf("%s: replies %s", name, out.String())
		}
	}
}

func TestAServerThatStopsAnswersThousandsOfWaitingRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := &endlessLines{first: waitFirst, line: longHello}
		ctx, stop := context.WithCancel(t.Context())
		var out bytes.Buffer
		ended := make(chan error, 1)
		go func() { ended <- blocked().serve(ctx, in, &out) }()
		synctest.Wait()
		stop()
		if err := <-ended; err == nil {
			t.Error("a server that was stopped reports nothing")
		}
		if n := bytes.Count(out.Bytes(), []byte(`"code":"cancelled"`)); n < 10_000 || n != bytes.Count(out.Bytes(), []byte("\n")) {
			t.Errorf("%d requests are told that they were cancelled, on %d lines", n, bytes.Count(out.Bytes(), []byte("\n")))
		}
	})
}

// TestAReaderWhoDozesDoesNotKeepAServerForHours would take one second for each of
// the requests otherwise.
func TestAReaderWhoDozesDoesNotKeepAServerForHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := &endlessLines{first: waitFirst, line: longHello}
		r, out := io.Pipe()
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			for lines := bufio.NewReader(r); ; {
				time.Sleep(lastWords * 9 / 10) // in the bubble's time
				if _, err := lines.ReadSlice('\n'); err != nil {
					return
				}
			}
		}()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- blocked().serve(ctx, in, out) }()
		synctest.Wait()
		stop()
		began := time.Now()
		<-ended
		if took := time.Since(began); took > 3*lastWords {
			t.Errorf("the server went on for %v", took)
		}
		_ = out.Close()
		<-gone
	})
}

func TestEqualIDsHaveOneKey(t *testing.T) {
	for name, same := range map[string][]string{
		"a whole number":             {`2`, `2.0`, `2e0`, `2E+0`, `0.2e1`, `20e-1`, `200.00e-2`},
		"a negative one":             {`-15`, `-1.5e1`, `-15.000`, `-150E-1`},
		"nothing, with either sign":  {`0`, `-0`, `0.0`, `0e99`, `-0.00e-3`},
		"a fraction":                 {`0.5`, `5e-1`, `0.50`, `50e-2`},
		"a number as long as it is":  {`9007199254740993`, `9007199254740993.0`, `9.007199254740993e15`},
		"beyond every float64":       {`1e400`, `10e399`, `0.1e401`},
		"with a power of many zeros": {`1e0007`, `10000000`},
		"a text":                     {`"a"`, `"\u0061"`},
		"a list":                     {`[1,"x"]`, `[1.0, "x"]`, ` [ 10e-1 , "\u0078" ] `},
		"an object":                  {`{"a":1,"b":{"c":2}}`, `{"b":{"c":2.0},"a":1}`},
	} {
		for _, text := range same {
			if got, want := idKey([]byte(text)), idKey([]byte(same[0])); got != want || got == "" {
				t.Errorf("%s: %s has the key %q, and %s has %q", name, text, got, same[0], want)
			}
		}
	}
}

func TestDifferentIDsHaveDifferentKeys(t *testing.T) {
	seen := map[string]string{}
	for _, text := range []string{
		`2`, `"2"`, `20`, `-2`, `[2]`, `{"2":2}`, `0.2`, `2e10`, `2e-10`, `null`, `true`, `false`, `"null"`, `""`, `[]`, `{}`, `0`,
		`9007199254740992`, `9007199254740993`, // one number to a float64
		`1e400`, `1e401`, `"2e0"`, `1e99999999999999999999999999`, `1e99999999999999999999999998`,
	} {
		key := idKey([]byte(text))
		if other, ok := seen[key]; ok {
			t.Errorf("%s and %s both have the key %q", text, other, key)
		}
		seen[key] = text
	}
	if key := idKey(nil); key != "" {
		t.Errorf("no id has the key %q", key)
	}
}

func TestAnIDComesBackAsItWasWritten(t *testing.T) {
	var out strings.Builder
	in := `{"id":2.0,"op":"wait"}` + "\n" + `{"id":3e0,"op":"hello"}` + "\n" + `{"id":"c","cancel":2}` + "\n"
	if err := blocked().serve(t.Context(), strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	want := `{"error":{"code":"cancelled","message":"the request was cancelled"},"id":2.0,"ok":false}
{"id":3e0,"ok":true}
{"cancelled":1,"id":"c","ok":true}
`
	if out.String() != want {
		t.Errorf("replies %s, want %s", out.String(), want)
	}
}
