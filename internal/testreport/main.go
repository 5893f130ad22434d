// Command testreport says what a run of the tests came to: which tests were
// skipped, by name and reason, what failed, and how many there were of each.
//
//	go test -json work | go run ./internal/testreport
//
// It exits with status 1 when a test failed or none ran, since a run of no tests
// shows nothing.
package main

import (
	"fmt"
	"os"
)

// main exits with status 2 when the input cannot be read or the report not
// written.
func main() {
	rep, err := read(os.Stdin)
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
