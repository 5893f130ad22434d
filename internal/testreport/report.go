package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// event is one line that go test -json writes: test2json's TestEvent, and the
// go command's own build-output lines. Fields that are not needed here, such as
// the time, are left out. Build output has an ImportPath in place of a Package.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Output     string
}

// testID names a test, or a whole package when its name is empty. A subtest's
// name has its parents' before it, with slashes between.
type testID struct{ pkg, name string }

// String is the name as the report shows it.
func (id testID) String() string {
	if id.name == "" {
		return id.pkg
	}
	return id.pkg + " " + id.name
}

// skip is a test that did not run, and why.
type skip struct {
	testID
	reason string
}

// report is what the events of one run come to. output holds what a test has
// written until it ends; of those that pass it is dropped, so that memory
// follows the tests that run at the moment.
type report struct {
	passed, failed int
	skipped        []skip
	failures       []string // the output of what failed, a text each
	output         map[testID]*strings.Builder
	builds         strings.Builder
}

// read gathers the events of one run. A line that is no event belongs to what
// the go command printed by itself and is kept as output of a build. Lines may
// have any length, which is why no Scanner reads them.
func read(r io.Reader) (*report, error) {
	rep := &report{output: map[testID]*strings.Builder{}}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			rep.line(line)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(rep.skipped, func(a, b skip) int { return strings.Compare(a.pkg, b.pkg) })
	return rep, nil
}

// line takes in one line. Actions that are not named, such as run and pause,
// say nothing about the end.
func (rep *report) line(line []byte) {
	var e event
	if err := json.Unmarshal(line, &e); err != nil {
		rep.builds.Write(line)
		return
	}
	id := testID{pkg: e.Package, name: e.Test}
	switch e.Action {
	case "output":
		b := rep.output[id]
		if b == nil {
			b = &strings.Builder{}
			rep.output[id] = b
		}
		b.WriteString(e.Output)
	case "build-output":
		rep.builds.WriteString(e.Output)
	case "pass", "skip", "fail":
		rep.end(id, e.Action)
	}
}

// end counts a test, or a package: a package without tests counts as nothing,
// and one that failed as a failure of its own only when no test of it did,
// because it did not build or ended early.
func (rep *report) end(id testID, action string) {
	text := ""
	if b := rep.output[id]; b != nil {
		text = b.String()
		delete(rep.output, id)
	}
	switch {
	case action == "fail" && (id.name != "" || !rep.failedIn(id.pkg)):
		rep.failed++
		rep.failures = append(rep.failures, fmt.Sprintf("%v\n%s", id, text))
	case id.name == "":
	case action == "pass":
		rep.passed++
	case action == "skip":
		rep.skipped = append(rep.skipped, skip{testID: id, reason: reasonIn(text)})
	}
}

// failedIn reports whether a test of the package, or the package itself, has
// failed before.
func (rep *report) failedIn(pkg string) bool {
	return slices.ContainsFunc(rep.failures, func(f string) bool { return strings.HasPrefix(f, pkg+" ") })
}

// reasonIn returns what a skipped test said: its output without the lines that
// go test writes around it, and without the place in the source.
func reasonIn(text string) string {
	var said []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ") {
			continue
		}
		said = append(said, line)
	}
	reason := strings.Join(said, " ")
	if place, rest, ok := strings.Cut(reason, ": "); ok && strings.Contains(place, "_test.go:") {
		reason = rest
	}
	if reason == "" {
		return "no reason given"
	}
	return reason
}

// write prints the skipped tests by reason, then what failed, then the count.
// Tests with one reason stand together, since one missing tool skips many.
// Output of builds is shown only when something failed.
func (rep *report) write(w io.Writer) error {
	var b strings.Builder
	var reasons []string
	by := map[string][]skip{}
	for _, s := range rep.skipped {
		if by[s.reason] == nil {
			reasons = append(reasons, s.reason)
		}
		by[s.reason] = append(by[s.reason], s)
	}
	for _, reason := range reasons {
		fmt.Fprintf(&b, "skipped: %s\n", reason)
		for _, s := range by[reason] {
			fmt.Fprintf(&b, "    %v\n", s.testID)
		}
	}
	if rep.failed > 0 {
		b.WriteString(rep.builds.String())
	}
	for _, f := range rep.failures {
		fmt.Fprintf(&b, "failed: %s\n", strings.TrimRight(f, "\n"))
	}
	fmt.Fprintf(&b, "%d passed, %d failed, %d skipped\n", rep.passed, rep.failed, len(rep.skipped))
	_, err := io.WriteString(w, b.String())
	return err
}
