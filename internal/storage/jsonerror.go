package storage

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// JSONError says an error of package encoding/json in the words of the file:
// the field's path in place of the names of Go types. Other errors stay as they
// are. Users write some of these files by hand, and know nothing of Go.
func JSONError(err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		where := "the top level"
		if e.Field != "" {
			where = Quote(e.Field)
		}
		return fmt.Errorf("%s is a JSON %s where %s is wanted", where, e.Value, jsonKind(e.Type))
	}
	return err
}

// jsonKind names what of JSON becomes a Go type.
func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return jsonKind(t.Elem())
	case reflect.Bool:
		return "a bool"
	case reflect.String:
		return "a string"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Map, reflect.Struct:
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return "an integer"
	}
}
