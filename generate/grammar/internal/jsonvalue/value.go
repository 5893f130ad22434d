package jsonvalue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Kind is the type of a value.
type Kind uint8

// The kinds of values.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// String returns the name that JSON schema has for the kind.
func (k Kind) String() string {
	return [...]string{"null", "boolean", "number", "string", "array", "object"}[k]
}

// Value is one JSON value. Only the fields of its kind are set.
type Value struct {
	Kind    Kind
	Bool    bool
	Num     Decimal
	Str     string
	Items   []*Value
	Members []Member
}

// Member is one member of an object.
type Member struct {
	Key   string
	Value *Value
}

// Get returns the member of that name, nil for none and for what is no object.
func (v *Value) Get(key string) *Value {
	if v == nil {
		return nil
	}
	for i := range v.Members {
		if v.Members[i].Key == key {
			return v.Members[i].Value
		}
	}
	return nil
}

// Twice says what [Parse] does with a name that an object has more than once.
type Twice bool

// What happens to a name that comes twice.
const (
	Refuse   Twice = false // it is an error
	LastWins Twice = true  // the last value counts, as for encoding/json
)

// Parse reads one JSON value of at most the given depth of arrays and objects.
func Parse(data []byte, depth int, twice Twice) (*Value, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	p := parser{d: d, twice: twice, room: maxZeros + len(data)}
	v, err := p.value(depth)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("there is more than one JSON value: the second begins at byte %d", d.InputOffset())
	}
	return v, nil
}

type parser struct {
	d     *json.Decoder
	twice Twice
	room  int // how many digits the numbers may still have when they are written out
}

// maxZeros is how many digits the canonical form of a text may have more than the text.
// A spelling of a few characters must not stand for one that fills the memory.
const maxZeros = 1 << 20

func (p *parser) value(depth int) (*Value, error) {
	t, err := p.token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case bool:
		return &Value{Kind: Bool, Bool: t}, nil
	case string:
		return &Value{Kind: String, Str: t}, nil
	case json.Number:
		n, err := ParseDecimal(string(t))
		if err != nil {
			return nil, err
		}
		if p.room -= len(n.Digits) + max(n.Exp, -n.Exp); p.room < 0 {
			return nil, fmt.Errorf("its numbers have more than %d digits when they are written out", maxZeros)
		}
		return &Value{Kind: Number, Num: n}, nil
	case json.Delim:
		if depth == 0 {
			return nil, fmt.Errorf("arrays and objects lie too deep in each other at byte %d", p.d.InputOffset())
		}
		if t == '[' {
			return p.array(depth - 1)
		}
		return p.object(depth - 1)
	}
	return &Value{Kind: Null}, nil
}

// token is the next token; its error speaks of JSON.
func (p *parser) token() (json.Token, error) {
	t, err := p.d.Token()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.New("the JSON value is cut off")
	}
	if err != nil {
		return nil, fmt.Errorf("no JSON: %w", err)
	}
	return t, nil
}

func (p *parser) array(depth int) (*Value, error) {
	v := &Value{Kind: Array}
	for p.d.More() {
		item, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		v.Items = append(v.Items, item)
	}
	_, err := p.token()
	return v, err
}

func (p *parser) object(depth int) (*Value, error) {
	v := &Value{Kind: Object}
	places := map[string]int{}
	for p.d.More() {
		t, err := p.token()
		if err != nil {
			return nil, err
		}
		key, ok := t.(string)
		if !ok {
			return nil, errors.New("no JSON: a name in an object must be a string")
		}
		member, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		if at, ok := places[key]; ok {
			if p.twice == Refuse {
				return nil, fmt.Errorf("the name %q comes twice in one object", key)
			}
			v.Members[at].Value = member
			continue
		}
		places[key] = len(v.Members)
		v.Members = append(v.Members, Member{key, member})
	}
	_, err := p.token()
	return v, err
}

// Equal reports whether two values are the same to JSON schema: numbers by their
// value, objects without regard to the order of their members.
func Equal(a, b *Value) bool {
	if a.Kind != b.Kind || len(a.Items) != len(b.Items) || len(a.Members) != len(b.Members) {
		return false
	}
	switch a.Kind {
	case Bool:
		return a.Bool == b.Bool
	case Number:
		return a.Num.Cmp(b.Num) == 0
	case String:
		return a.Str == b.Str
	}
	for i := range a.Items {
		if !Equal(a.Items[i], b.Items[i]) {
			return false
		}
	}
	members := make(map[string]*Value, len(b.Members))
	for _, m := range b.Members {
		members[m.Key] = m.Value
	}
	for _, m := range a.Members {
		if other := members[m.Key]; other == nil || !Equal(m.Value, other) {
			return false
		}
	}
	return true
}
