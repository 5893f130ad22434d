package gotype

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// field is a member of the JSON of a struct.
type field struct {
	name     string
	typ      reflect.Type
	tag      reflect.StructTag
	goName   string
	tagged   bool
	optional bool
	quoted   bool // with the option string
	index    []int
}

// fields lists the members of a struct by the rules of encoding/json: those of an
// embedded struct are its own, and of two of one name the one that lies higher counts,
// then the one that has its name from a tag; of two that are alike in this, none.
func fields(t reflect.Type) []field {
	all := gather(t, nil, map[reflect.Type]bool{})
	slices.SortStableFunc(all, func(a, b field) int {
		tag := map[bool]int{true: 0, false: 1}
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(len(a.index), len(b.index)), cmp.Compare(tag[a.tagged], tag[b.tagged]))
	})
	var list []field
	for i := 0; i < len(all); {
		j := i + 1
		for j < len(all) && all[j].name == all[i].name {
			j++
		}
		if j == i+1 || len(all[i].index) != len(all[i+1].index) || all[i].tagged != all[i+1].tagged {
			list = append(list, all[i])
		}
		i = j
	}
	slices.SortFunc(list, func(a, b field) int { return slices.Compare(a.index, b.index) })
	return list
}

// gather lists all members, those of embedded structs too.
func gather(t reflect.Type, above []int, inside map[reflect.Type]bool) []field {
	if inside[t] {
		return nil
	}
	inside[t] = true
	defer delete(inside, t)
	var list []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		index := append(slices.Clip(above), i)
		embedded := f.Type
		if f.Anonymous && embedded.Kind() == reflect.Pointer {
			embedded = embedded.Elem()
		}
		switch {
		case f.Tag.Get("json") == "-":
			continue
		case f.Anonymous && name == "" && embedded.Kind() == reflect.Struct:
			if own, _ := ownSchema(embedded); own == "" {
				list = append(list, gather(embedded, index, inside)...)
				continue
			}
		}
		if !f.IsExported() {
			continue
		}
		has := func(option string) bool { return slices.Contains(strings.Split(options, ","), option) }
		list = append(list, field{
			name: cmp.Or(name, f.Name), goName: f.Name, typ: f.Type, tag: f.Tag, tagged: name != "", index: index,
			optional: has("omitempty") || has("omitzero"), quoted: has("string"),
		})
	}
	return list
}

// object returns the schema of a struct.
func (w *writer) object(t reflect.Type) (object, error) {
	props, required := object{}, []string{}
	for _, f := range fields(t) {
		s, err := w.field(f)
		if err != nil {
			return nil, fmt.Errorf("field %s of %s: %w", f.goName, t, err)
		}
		props = append(props, member{f.name, s.text()})
		if !f.optional {
			required = append(required, quote(f.name))
		}
	}
	o := object{}.with("type", `"object"`).with("properties", props.text())
	if len(required) > 0 {
		o = o.with("required", "["+strings.Join(required, ",")+"]")
	}
	return o.with("additionalProperties", "false"), nil
}

// field returns the schema of a field and its tags. What a tag says of a pointer or a
// slice is for what it points to or holds where only that can have it.
func (w *writer) field(f field) (object, error) {
	o, err := w.schema(f.typ)
	if err != nil {
		return nil, err
	}
	if f.quoted {
		if o, err = quotedForm(f.typ); err != nil {
			return nil, err
		}
	}
	if o, err = tagged(o, f.typ, f.tag); err != nil {
		return nil, err
	}
	return o, o.said()
}

// quotedForm is the schema of a field with the option string, whose value stands in
// quotes.
func quotedForm(t reflect.Type) (object, error) {
	o := object{}.with("type", `"string"`)
	switch k := t.Kind(); {
	case k == reflect.Bool:
		return o.with("enum", `["true","false"]`), nil
	case k >= reflect.Int && k <= reflect.Int64:
		return o.with("pattern", fmt.Sprintf(`"^(0|-?[1-9][0-9]{0,%d})$"`, digitsOf(t.Bits()))), nil
	case k >= reflect.Uint && k <= reflect.Uintptr:
		return o.with("pattern", fmt.Sprintf(`"^(0|[1-9][0-9]{0,%d})$"`, digitsOf(t.Bits()))), nil
	}
	return nil, fmt.Errorf("the option string is read for whole numbers and booleans only, and it is of type %s", t)
}
