package gotype

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// The keywords that the tag jsonschema may have. Those of numbers have a number as their
// value, the others a text.
var tagKeywords = map[string]bool{
	"title": false, "description": false, "pattern": false, "format": false, "enum": false,
	"minimum": true, "maximum": true, "exclusiveMinimum": true, "exclusiveMaximum": true, "multipleOf": true,
	"minLength": true, "maxLength": true, "minItems": true, "maxItems": true, "minProperties": true, "maxProperties": true,
}

// assignment is the beginning of a tag that holds keywords; any other is a description.
var assignment = regexp.MustCompile(`^[A-Za-z]+=`)

// tagged adds to a schema what the tags of its field say: description:"…", and
// jsonschema:"minimum=1,maximum=5" with keywords of JSON schema; enum may come several
// times, and a comma in a value is written \\,.
func tagged(o object, t reflect.Type, tag reflect.StructTag) (object, error) {
	if text := tag.Get("description"); text != "" {
		o = o.with("description", quote(text))
	}
	text := tag.Get("jsonschema")
	if text == "" {
		return o, nil
	}
	if !assignment.MatchString(text) {
		return o.with("description", quote(text)), nil
	}
	var enum []string
	var bounds object
	for _, part := range split(text) {
		key, value, _ := strings.Cut(part, "=")
		number, ok := tagKeywords[key]
		switch {
		case !ok:
			return nil, fmt.Errorf("the tag jsonschema has the unknown keyword %q", key)
		case key == "enum":
			enum = append(enum, value)
		case number && !json.Valid([]byte(value)):
			return nil, fmt.Errorf("the tag jsonschema has %s=%s, want a number", key, value)
		case number:
			bounds = bounds.with(key, value)
		default:
			o = o.with(key, quote(value))
		}
	}
	o = bounded(o, bounds)
	if enum == nil {
		return o, nil
	}
	return enumerated(o, t, enum)
}

// bounded adds bounds to a schema. They come beside those that the type has.
func bounded(o, bounds object) object {
	for _, b := range bounds {
		if o.get(b.key) != "" {
			return o.with("allOf", "["+bounds.text()+"]")
		}
	}
	return append(slices.Clip(o), bounds...)
}

// enumerated restricts a schema to some values, which for a slice are those of its
// items and for a pointer come beside null.
func enumerated(o object, t reflect.Type, values []string) (object, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Slice || t.Kind() == reflect.Array {
		items, err := enumerated(object{}, t.Elem(), values)
		return o.with("items", items.text()), err
	}
	list := make([]string, 0, len(values)+1)
	for _, v := range values {
		if t.Kind() == reflect.String {
			list = append(list, quote(v))
			continue
		}
		if !json.Valid([]byte(v)) {
			return nil, errors.New("the tag jsonschema has enum=" + v + ", which is no JSON value")
		}
		list = append(list, v)
	}
	if o.get("anyOf") != "" { // a pointer
		list = append(list, "null")
	}
	return o.with("enum", "["+strings.Join(list, ",")+"]"), nil
}

// split parts a tag at its commas, but for those behind a backslash.
func split(s string) []string {
	parts := strings.Split(s, ",")
	for i := 0; i+1 < len(parts); {
		if head, ok := strings.CutSuffix(parts[i], `\`); ok {
			parts[i] = head + "," + parts[i+1]
			parts = append(parts[:i+1], parts[i+2:]...)
			continue
		}
		i++
	}
	return parts
}
