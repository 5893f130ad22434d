package gotype

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Schemer is a type that knows its own JSON schema.
type Schemer interface {
	JSONSchema() string
}

var (
	schemer         = reflect.TypeFor[Schemer]()
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// known are the schemas of types that read themselves.
var known = map[reflect.Type]string{
	// RFC 3339 as package time reads it: no leap seconds, capital letters.
	reflect.TypeFor[time.Time](): `{"type":"string","format":"date-time","pattern":"^[0-9-]{10}T[0-9:]{6}[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-][0-9:]{5})$"}`,

	reflect.TypeFor[json.Number]():     `{"type":"number"}`,
	reflect.TypeFor[json.RawMessage](): `{}`,
	reflect.TypeFor[big.Int]():         `{"type":"integer"}`,
	reflect.TypeFor[netip.Addr]():      `{"type":"string","anyOf":[{"format":"ipv4"},{"format":"ipv6"}]}`,
}

// base64 are the texts that encoding/json reads into bytes.
const base64 = `{"type":"string","contentEncoding":"base64","pattern":"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"}`

// Schema returns the schema of a type. Its error names the type, and the field, that has
// none.
func Schema(t reflect.Type) ([]byte, error) {
	if t == nil {
		return []byte("{}"), nil
	}
	w := &writer{names: map[reflect.Type]string{}, taken: map[string]bool{}, uses: map[reflect.Type]int{}}
	w.count(t)
	root, err := w.schema(t)
	if err != nil {
		return nil, err
	}
	if len(w.defs) > 0 {
		root = root.with("$defs", w.defs.text())
	}
	return []byte(root.text()), nil
}

// writer writes the schemas of types. A struct that lies in itself becomes a definition.
type writer struct {
	uses  map[reflect.Type]int
	names map[reflect.Type]string
	taken map[string]bool
	defs  object
}

// What is known of the use of a type.
const (
	looking   = iota + 1 // its fields are being looked at
	done                 // it does not lie in itself
	recursive            // it does
)

// count finds the types that lie in themselves.
func (w *writer) count(t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		// A type may be made of itself without a struct: type list []list.
		if t.Name() == "" {
			w.count(t.Elem())
			return
		}
	case reflect.Struct:
	default:
		return
	}
	switch w.uses[t] {
	case looking:
		w.uses[t] = recursive
		return
	case done, recursive:
		return
	}
	w.uses[t] = looking
	if t.Kind() != reflect.Struct {
		w.count(t.Elem())
	} else if own, _ := ownSchema(t); own == "" {
		for _, f := range fields(t) {
			w.count(f.typ)
		}
	}
	if w.uses[t] == looking {
		w.uses[t] = done
	}
}

// ownSchema is the schema of a type that has one of its own, empty for none.
func ownSchema(t reflect.Type) (string, bool) {
	if t.Implements(schemer) && t.Kind() != reflect.Pointer {
		s, ok := reflect.Zero(t).Interface().(Schemer)
		if !ok {
			return "", false
		}
		return s.JSONSchema(), true
	}
	if reflect.PointerTo(t).Implements(schemer) {
		s, ok := reflect.New(t).Interface().(Schemer)
		if !ok {
			return "", false
		}
		return s.JSONSchema(), true
	}
	s, ok := known[t]
	return s, ok
}

// schema returns the schema of a type.
func (w *writer) schema(t reflect.Type) (object, error) {
	if own, ok := ownSchema(t); ok {
		return parse(t, own)
	}
	if w.uses[t] == recursive {
		return w.reference(t)
	}
	return w.plain(t)
}

// parse splits the schema that a type has of its own into its members.
func parse(t reflect.Type, own string) (object, error) {
	d := json.NewDecoder(strings.NewReader(own))
	var o object
	first, err := d.Token()
	for err == nil && first == json.Delim('{') && d.More() {
		var key json.Token
		var value json.RawMessage
		if key, err = d.Token(); err == nil {
			err = d.Decode(&value)
		}
		if name, ok := key.(string); ok {
			o = o.with(name, string(value))
		}
	}
	if err != nil || first != json.Delim('{') {
		return nil, fmt.Errorf("the JSONSchema method of %s must return a JSON object", t)
	}
	return o, nil
}

// reference returns a reference to the definition of a type, which it makes.
func (w *writer) reference(t reflect.Type) (object, error) {
	name, ok := w.names[t]
	if !ok {
		name = t.Name()
		for n := 2; w.taken[name]; n++ { // two packages may have types of one name
			name = t.Name() + strconv.Itoa(n)
		}
		w.names[t], w.taken[name] = name, true
		body, err := w.plain(t)
		if err != nil {
			return nil, err
		}
		w.defs = w.defs.with(name, body.text())
	}
	path := strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	return object{}.with("$ref", quote("#/$defs/"+escape(path))), nil
}

// plain returns the schema of a type without regard to whether it lies in itself.
func (w *writer) plain(t reflect.Type) (object, error) {
	switch {
	case t.Kind() == reflect.Pointer:
		elem, err := w.schema(t.Elem())
		return object{}.with("anyOf", "["+elem.text()+`,{"type":"null"}]`), err
	case reflect.PointerTo(t).Implements(jsonUnmarshaler):
		return nil, fmt.Errorf("type %s reads its own JSON: give it a method JSONSchema() string that says which", t)
	case reflect.PointerTo(t).Implements(textUnmarshaler):
		// Which texts it reads has to be said by its field.
		return object{}.with("type", `"string"`).with(unsaid, quote(t.String())), nil
	}
	switch t.Kind() {
	case reflect.Bool:
		return object{}.with("type", `"boolean"`), nil
	case reflect.String:
		return object{}.with("type", `"string"`), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		least := int64(-1) << (t.Bits() - 1)
		return object{}.with("type", `"integer"`).with("minimum", strconv.FormatInt(least, 10)).with("maximum", strconv.FormatInt(-(least+1), 10)), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		most := uint64(math.MaxUint64) >> (64 - t.Bits())
		return object{}.with("type", `"integer"`).with("minimum", "0").with("maximum", strconv.FormatUint(most, 10)), nil
	case reflect.Float32, reflect.Float64:
		// Far below the largest, so that no rounding matters.
		most := map[int]string{32: "1e38", 64: "1e308"}[t.Bits()]
		return object{}.with("type", `"number"`).with("minimum", "-"+most).with("maximum", most), nil
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return object{}, nil
		}
	case reflect.Slice, reflect.Array:
		return w.list(t)
	case reflect.Map:
		return w.dictionary(t)
	case reflect.Struct:
		return w.object(t)
	}
	return nil, fmt.Errorf("type %s has no JSON", t)
}

func (w *writer) list(t reflect.Type) (object, error) {
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 &&
		!reflect.PointerTo(t.Elem()).Implements(jsonUnmarshaler) && !reflect.PointerTo(t.Elem()).Implements(textUnmarshaler) {
		return parse(t, base64)
	}
	items, err := w.schema(t.Elem())
	if err != nil {
		return nil, err
	}
	if err := items.said(); err != nil {
		return nil, err
	}
	o := object{}.with("type", `"array"`).with("items", items.text())
	if t.Kind() == reflect.Array {
		n := strconv.Itoa(t.Len())
		o = o.with("minItems", n).with("maxItems", n)
	}
	return o, nil
}

func (w *writer) dictionary(t reflect.Type) (object, error) {
	o := object{}.with("type", `"object"`)
	switch key := t.Key(); {
	case reflect.PointerTo(key).Implements(textUnmarshaler):
		return nil, fmt.Errorf("type %s has names that read their own text: use a map of strings", t)
	case key.Kind() == reflect.String:
	case key.Kind() >= reflect.Int && key.Kind() <= reflect.Int64:
		// Of so many digits each fits.
		o = o.with("propertyNames", fmt.Sprintf(`{"pattern":"^(0|-?[1-9][0-9]{0,%d})$"}`, digitsOf(key.Bits())))
	case key.Kind() >= reflect.Uint && key.Kind() <= reflect.Uintptr:
		o = o.with("propertyNames", fmt.Sprintf(`{"pattern":"^(0|[1-9][0-9]{0,%d})$"}`, digitsOf(key.Bits())))
	default:
		return nil, fmt.Errorf("type %s has no JSON: the names of a map must be strings or whole numbers", t)
	}
	values, err := w.schema(t.Elem())
	if err == nil {
		err = values.said()
	}
	return o.with("additionalProperties", values.text()), err
}

// digitsOf is how many digits behind the first every whole number of so many bits can
// have.
func digitsOf(bits int) int { return int(float64(bits-1)*math.Log10(2)) - 1 }
