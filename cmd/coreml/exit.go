package main

import (
	"errors"
	"fmt"
)

// What every verb ends with: the exit statuses, and the errors that choose one of
// them or change how an error is told of. run, in cli.go, is where they are read.

// The exit statuses.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitUnsupported = 3 // a JSON schema that is right and outside of what is supported
	exitInterrupted = 130
)

// exitStatuses say what the statuses mean, for the manual. docs/command.md has the same
// table.
var exitStatuses = []struct {
	status int
	means  string
}{
	{exitOK, "All went well, also when the reader of the output went away."},
	{exitFailure, "There was an error, a comparison failed, or something could not be done."},
	{exitUsage, "The call is wrong, or a setting of the environment or of the file of settings."},
	{exitUnsupported, "A JSON schema is right and has a keyword that is not supported."},
	{exitInterrupted, "The command was interrupted."},
}

// usageError is a call that cannot be understood.
type usageError struct{ text string }

// Error returns what is wrong with the call.
func (e *usageError) Error() string { return e.text }

// usagef makes the error of a call that cannot be understood; its exit status is 2.
func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// refusal is an error that was found while the arguments were read, in a call
// that is right as such.
type refusal struct{ error }

// Unwrap returns the error.
func (r *refusal) Unwrap() error { return r.error }

// errFailed ends a command with a failure that it has told about already.
var errFailed = errors.New("failed")

// silent is an error that adds nothing to the text of what wraps it.
type silent struct{ error }

// Error returns nothing.
func (silent) Error() string { return "" }

// Unwrap returns the error.
func (s silent) Unwrap() error { return s.error }
