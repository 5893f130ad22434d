// Command testreport says what a run of the tests came to: which tests were
// skipped, by name and reason, what failed, and how many there were of each.
//
//	go test -json work | go run ./internal/testreport
//
// A test that failed but said nothing other than what -forgive matches counts as
// passed: for systems under the tests that have a fault of their own.
//
// It exits with status 1 when a test failed or none ran, since a run of no tests
// shows nothing.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
)

func main() {
	pattern := flag.String("forgive", "", "what a failed test may say and yet count as passed, a regular expression")
	flag.Parse()
	var forgiven *regexp.Regexp
	var err error
	if *pattern != "" {
		forgiven, err = regexp.Compile(*pattern)
	}
	var rep *report
	if err == nil {
		rep, err = read(os.Stdin, forgiven)
	}
	if err == nil {
		err = rep.write(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(2)
	}
	if rep.failed > 0 || rep.passed == 0 {
		os.Exit(1)
	}
}
