package gotype

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// object is the members of a JSON object in their order, each with the JSON of its value.
type object []member

type member struct{ key, value string }

// with returns the object with a member, in the place of one that has its name.
func (o object) with(key, value string) object {
	i := slices.IndexFunc(o, func(m member) bool { return m.key == key })
	if i < 0 {
		return append(slices.Clip(o), member{key, value})
	}
	o = slices.Clone(o)
	o[i].value = value
	return o
}

// get returns the JSON of a member, empty for none.
func (o object) get(key string) string {
	for _, m := range o {
		if m.key == key {
			return m.value
		}
	}
	return ""
}

// text is the JSON of the object.
func (o object) text() string {
	parts := make([]string, 0, len(o))
	for _, m := range o {
		if m.key != unsaid {
			parts = append(parts, quote(m.key)+":"+m.value)
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// unsaid is the name of a member that says of which type nothing is known but that it
// reads a text. It is not written.
const unsaid = ""

// said returns an error if nothing says which texts a type reads.
func (o object) said() error {
	if of := o.get(unsaid); of != "" && o.get("pattern") == "" && o.get("format") == "" && o.get("enum") == "" {
		return fmt.Errorf(`type %s reads its own text: say which by a tag such as jsonschema:"pattern=^[a-z]+$", or by a method JSONSchema() string`, strings.Trim(of, `"`))
	}
	return nil
}

// quote is the JSON of a string.
func quote(s string) string {
	out, err := json.Marshal(s)
	if err != nil {
		return `""` // a string always has one
	}
	return string(out)
}

// escape is a text as it stands in the fragment of an address.
func escape(s string) string { return (&url.URL{Fragment: s}).EscapedFragment() }
