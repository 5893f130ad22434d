package generate

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxStages bounds the stages of a driver, and maxList other lists in it: more
// than any package has.
const (
	maxStages = 256
	maxList   = 4096
)

// fieldReaders says for each field of an object what reads it.
type fieldReaders map[string]func(json.RawMessage) error

// readFields reads an object strictly: a field that does not exist or comes twice
// is an error, and of several errors it is always the same that is reported.
func readFields(raw json.RawMessage, read fieldReaders) error {
	fields, err := jsonObject(raw)
	if err != nil {
		return err
	}
	if twice := refuseTwice(raw, strings.ToLower); twice != nil {
		return twice
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		at := strings.ToLower(name)
		field, ok := read[at]
		if !ok {
			return &memberError{name, errors.New("there is no such field; the fields are " + strings.Join(slices.Sorted(maps.Keys(read)), ", "))}
		}
		if err := field(fields[name]); err != nil {
			return inside(at, err)
		}
	}
	return nil
}

// intoObject reads an object into a new *T with the fields that fields lists.
func intoObject[T any](dst **T, fields func(*T) fieldReaders) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if string(raw) == "null" {
			return nil
		}
		v := new(T)
		if err := readFields(raw, fields(v)); err != nil {
			return err
		}
		*dst = v
		return nil
	}
}

// intoList reads a list of at most limit elements, each with read.
func intoList[T any](dst *[]T, limit int, read func(*T) func(json.RawMessage) error) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if string(raw) == "null" {
			return nil
		}
		var elements []json.RawMessage
		if err := json.Unmarshal(raw, &elements); err != nil {
			return fmt.Errorf("is %s, want a list", jsonKind(raw))
		}
		if len(elements) > limit {
			return fmt.Errorf("has %d elements, want at most %d", len(elements), limit)
		}
		list := make([]T, len(elements))
		for i, e := range elements {
			if err := read(&list[i])(e); err != nil {
				return inside(fmt.Sprint(i), err)
			}
		}
		*dst = list
		return nil
	}
}

func stringInto(s *string) func(json.RawMessage) error { return jsonInto(s) }
func intInto(n *int) func(json.RawMessage) error       { return jsonInto(n) }

// into reads an object with these fields.
func into(fields fieldReaders) func(json.RawMessage) error {
	return func(raw json.RawMessage) error { return readFields(raw, fields) }
}

func stageFields(s *Stage) fieldReaders {
	return fieldReaders{
		"package": jsonInto(&s.Package), "function": jsonInto(&s.Function), "prefill": jsonInto(&s.Prefill),
		"prefills": intoList(&s.Prefills, maxStages, stringInto),
		"inputs":   intoMembers(&s.Inputs, maxList, func(r *Role) func(json.RawMessage) error { return into(roleFields(r)) }),
		"state":    jsonInto(&s.State), "cursor_state": jsonInto(&s.CursorState), "snapshot": intoList(&s.Snapshot, maxList, stringInto),
	}
}

func roleFields(r *Role) fieldReaders {
	return fieldReaders{
		"role": jsonInto(&r.Role), "output": jsonInto(&r.Output), "row": jsonInto(&r.Row), "fill": jsonInto(&r.Fill),
		"window": jsonInto(&r.Window), "ring": jsonInto(&r.Ring), "modulo": jsonInto(&r.Modulo), "padded": jsonInto(&r.Padded),
		"theta": jsonInto(&r.Theta), "layout": jsonInto(&r.Layout), "file": jsonInto(&r.File), "type": jsonInto(&r.Type),
		"rows": jsonInto(&r.Rows), "width": jsonInto(&r.Width), "recurrent": jsonInto(&r.Recurrent), "shift": jsonInto(&r.Shift),
		"value": jsonInto(&r.Value),
	}
}

func prefillFields(p *Prefill) fieldReaders {
	return fieldReaders{"pad": jsonInto(&p.Pad), "hold_last": jsonInto(&p.HoldLast), "window": jsonInto(&p.Window)}
}

func outputFields(o *Output) fieldReaders {
	return fieldReaders{
		"logits": intoList(&o.Logits, maxList, stringInto), "vocabulary_axis": jsonInto(&o.VocabularyAxis),
		"indices": intoList(&o.Indices, maxList, stringInto), "values": intoList(&o.Values, maxList, stringInto),
		"offsets": intoList(&o.Offsets, maxList, intInto), "vocabulary": jsonInto(&o.Vocabulary), "greedy": jsonInto(&o.Greedy),
	}
}

func rotationFields(r *Rotation) fieldReaders {
	return fieldReaders{"from": jsonInto(&r.From), "functions": intoMembers(&r.Functions, maxList, stringInto)}
}
