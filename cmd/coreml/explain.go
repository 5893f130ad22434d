package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/hub"
)

// innerNames are the packages that an error passed through and what each was
// doing, which a program needs to know and a person does not: "generate: open:
// coreml: load model: X: reason" is "X: reason" to them.
//
// Only at the beginning of a part, so that a path or a word of a package which
// happens to be one of these names stays.
var innerNames = regexp.MustCompile(`(^|: )(?:` +
	`generate(?:: (?:open|new|close|session|sequence))?|` +
	`embed(?:: (?:open|new|close|score|classify))?|` +
	`coreml(?:: (?:load model|predict|new state|close model|compute plan|(?:read|write|clone|reset|close|save|restore) state))?|` +
	`hub|tokenizer|safetensors|npy|storage|modelpkg|milpb): `)

// explain is the text of an error for a person, one line of it.
//
// The errors themselves are left alone: a program that uses the library gets the
// longer texts, which say what was being done.
func explain(err error) string {
	text := err.Error()
	for _, e := range flatten(err) {
		if own, better := e.Error(), reword(e); better != "" && own != better {
			text = strings.Replace(text, own, better, 1)
		}
	}
	// Names stand behind each other; each pass takes one away.
	for {
		shorter := innerNames.ReplaceAllString(text, "$1")
		if shorter == text {
			break
		}
		text = shorter
	}
	return plain(once(text))
}

// once removes what says again what was said before it, such as a path that two
// callers added: "X: X: reason", and "X: decode X: reason".
//
// Each layer adds the path, since it does not know whether another one did.
func once(text string) string {
	parts := strings.Split(text, ": ")
	kept := parts[:1]
	first := parts[0]
	for _, part := range parts[1:] {
		part = strings.TrimSuffix(part, " "+first)
		if part != kept[len(kept)-1] {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, ": ")
}

// flatten returns err and every error that it wraps, the outer before the inner.
//
// An error may wrap several, as a tree.
func flatten(err error) []error {
	list := []error{err}
	switch e := err.(type) { //nolint:errorlint // each error of the chain is looked at by itself
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			list = append(list, flatten(inner)...)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if inner != nil {
				list = append(list, flatten(inner)...)
			}
		}
	}
	return list
}

// reword returns what an error that was made for programs means, empty where it
// is clear as it is.
func reword(err error) string {
	switch e := err.(type) { //nolint:errorlint // flatten has unwrapped it
	case *json.UnmarshalTypeError:
		return fmt.Sprintf("%s (byte %d)", misfit(e), e.Offset)
	case *generate.VocabularyError:
		return e.Error() + ": --tokenizer FOLDER"
	case *embed.PackageError:
		return forEmbed(e)
	case *hub.Error:
		// Which question to the hub it was says nothing to a person.
		if slices.Contains(askingOps, e.Op) {
			return strings.Replace(e.Error(), "hub: "+e.Op+" ", "hub: ", 1)
		}
	case *fs.PathError:
		// What was tried with the path is clear from why it failed.
		if slices.Contains(readingOps, e.Op) {
			return e.Path + ": " + why(e.Err)
		}
	case *json.SyntaxError:
		return fmt.Sprintf("not JSON at byte %d: %v", e.Offset, e)
	}
	switch err {
	case io.ErrUnexpectedEOF:
		return "it ends too early"
	case coreml.ErrNoEngine:
		return "there is no such engine here"
	}
	return ""
}

// why is the system's reason for an error, the usual ones in the same words on
// every system.
//
// Windows says "The system cannot find the file specified.", and tests and users
// should not have to know two texts.
func why(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file or directory"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	}
	return err.Error()
}

// readingOps are the system's calls that look at what is there, as the errors of
// package os name them on the systems that Go knows.
var readingOps = []string{"stat", "lstat", "open", "read", "fdopendir", "readdirent", "CreateFile", "GetFileAttributesEx"}

// askingOps are what an [hub.Error] calls the questions about a repository.
var askingOps = []string{"info", "look up", "snapshot"}

// explainJSON says of an error of encoding/json where in the text it is, by its
// line, and leaves out the names that the program has for the text's parts.
func explainJSON(err error, text []byte) error {
	var typ *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &typ):
		return fmt.Errorf("%s (line %d)", misfit(typ), lineOf(text, typ.Offset))
	case errors.As(err, &syntax):
		// With %v: what explain would find in it is said.
		return fmt.Errorf("not JSON at line %d: %v", lineOf(text, syntax.Offset), syntax) //nolint:errorlint // as above
	}
	return err
}

// lineOf counts from 1, as editors do.
func lineOf(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:max(0, min(int(offset), len(text)))], []byte("\n"))
}

// misfit says of a JSON value which one it is and what belongs there.
func misfit(e *json.UnmarshalTypeError) string {
	where := ""
	if e.Field != "" {
		where = e.Field + ": "
	}
	return fmt.Sprintf("%s%s where %s belongs", where, withArticle(e.Value), goodJSON(e.Type))
}

// withArticle puts an article before the name that encoding/json has for a value:
// "array", "number", "number 1.5".
func withArticle(value string) string {
	switch {
	case strings.HasPrefix(value, "number "):
		return "the " + value
	case value == "array" || value == "object":
		return "an " + value
	}
	return "a " + value
}

// goodJSON is the kind of JSON value that a Go type is read from.
func goodJSON(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return goodJSON(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.String:
		return "a text"
	case reflect.Slice, reflect.Array:
		return "a list"
	default:
		return "an object"
	}
}

// complain prints an error. Errors that happened side by side get a line each.
func complain(stderr io.Writer, err error) {
	for _, e := range sideBySide(err) {
		_, _ = io.WriteString(stderr, told(stderr, explain(e)))
	}
}

// sideBySide splits what errors.Join put together, as deep as nothing else was
// said about it.
func sideBySide(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // what wraps a joined error says something about it
	if !ok {
		return []error{err}
	}
	parts := joined.Unwrap()
	if errors.Join(parts...).Error() != err.Error() {
		return []error{err}
	}
	var list []error
	for _, part := range parts {
		list = append(list, sideBySide(part)...)
	}
	return list
}
