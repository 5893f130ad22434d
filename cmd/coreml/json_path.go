package main

import "fmt"

// pathError is an error about a part of a JSON text.
type pathError struct {
	path string
	err  error
}

// Error names the part first.
func (e *pathError) Error() string {
	if e.path == "" {
		return e.err.Error()
	}
	return e.path + ": " + e.err.Error()
}

// Unwrap returns the error without the part.
func (e *pathError) Unwrap() error { return e.err }

// inField puts the name of a field in front of the path of err.
func inField(name string, err error) error {
	if err == nil {
		return nil
	}
	if !plainName(name) {
		name = fmt.Sprintf("%q", name)
	}
	return inPart(name, err)
}

// inElement puts an index of a list in front of the path of err.
func inElement(i int, err error) error {
	if err == nil {
		return nil
	}
	return inPart(fmt.Sprintf("[%d]", i), err)
}

// inPart puts a part in front: callers add theirs from the inside to the outside.
func inPart(part string, err error) error {
	inner, ok := err.(*pathError) //nolint:errorlint // only the outermost error has a path that goes on
	switch {
	case !ok:
		return &pathError{part, err}
	case inner.path == "" || inner.path[0] == '[':
		return &pathError{part + inner.path, inner.err}
	}
	return &pathError{part + "." + inner.path, inner.err}
}

// plainName reports whether a name can stand in a path as it is.
//
// Others are quoted: a name with a dot would pass for two parts.
func plainName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 100
}
