package conformance

import (
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Point 9: an answer that has begun is finished, and nothing new is begun.
func TestSIGTERMFinishesWhatHasBegun(t *testing.T) {
	const tokens = 4000
	s := command(t, config(t))
	long := endless(s)
	long["max_tokens"] = tokens
	answer := openStream(t, s, long)
	answer.begin(t)
	if err := s.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	// Either the server says that it drains, or it takes no connection any more.
	eventually(t, "the server is healthy behind SIGTERM", func() bool {
		resp, err := s.Do(t.Context(), http.MethodGet, "/health", nil)
		if err != nil {
			return true
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusServiceUnavailable
	})
	if resp, err := s.Do(t.Context(), http.MethodPost, "/v1/chat/completions", chat(s, nil)); err == nil {
		if r := read(t, resp); resp.StatusCode != http.StatusServiceUnavailable || r.Error == nil {
			t.Errorf("a new request is answered with %d and the error %+v", resp.StatusCode, r.Error)
		}
	}
	reason := ""
	for r := answer.chunk(t); r != nil; r = answer.chunk(t) {
		if len(r.Choices) > 0 && r.Choices[0].FinishReason != nil {
			reason = *r.Choices[0].FinishReason
		}
	}
	if reason != "length" {
		t.Errorf("the answer ended with the reason %q", reason)
	}
	if code, err := s.Wait(t.Context()); err != nil || code != 0 {
		t.Errorf("the command ended with status %d (%v)", code, err)
	}
}

// Point 11: the metrics are in Prometheus' form, and counters only grow.
func TestMetricsAreReadAndGrow(t *testing.T) {
	s := command(t, config(t))
	scrape := func() string {
		resp, err := s.Do(t.Context(), http.MethodGet, "/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("status %d (%v)", resp.StatusCode, err)
		}
		return string(text)
	}
	text(t, s, chat(s, nil))
	before := scrape()
	for range 3 {
		text(t, s, chat(s, nil))
	}
	text(t, s, chat(s, fields{"max_tokens": 7}))
	openStream(t, s, endless(s)).drop(t)
	after := scrape()
	grown := 0
	counters := counted(t, after)
	for name, value := range counted(t, before) {
		if counters[name] < value {
			t.Errorf("the counter %s went from %v to %v", name, value, counters[name])
		}
		if counters[name] > value {
			grown++
		}
	}
	if grown == 0 {
		t.Error("no counter has grown")
	}
	parsed(t, before, after)
}

// counted returns the counters of a page of metrics, by name and labels.
func counted(t *testing.T, page string) map[string]float64 {
	t.Helper()
	counters, kinds := map[string]float64{}, map[string]string{}
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		if f := strings.Fields(line); len(f) == 4 && f[0] == "#" && f[1] == "TYPE" {
			kinds[f[2]] = f[3]
			continue
		}
		if line == "" || line[0] == '#' {
			continue
		}
		name, number := line[:strings.LastIndexByte(line, ' ')], line[strings.LastIndexByte(line, ' ')+1:]
		family, _, _ := strings.Cut(name, "{")
		if kinds[family] != "counter" {
			continue
		}
		value, err := strconv.ParseFloat(number, 64)
		if err != nil {
			t.Errorf("the line %q: %v", line, err)
		}
		counters[name] = value
	}
	return counters
}

// parsed has pages read by Prometheus' own library for Python, where it is installed.
func parsed(t *testing.T, pages ...string) {
	t.Helper()
	if clients == "" {
		t.Log("prometheus_client has not read it: run make openai-conformance")
		return
	}
	for _, page := range pages {
		cmd := exec.CommandContext(t.Context(), filepath.Join(clients, "python/bin/python"), "-c", `
import sys
from prometheus_client.parser import text_string_to_metric_families
names = [s.name for f in text_string_to_metric_families(sys.stdin.read()) for s in f.samples]
assert len(names) > 10, names`)
		cmd.Stdin = strings.NewReader(page)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}
