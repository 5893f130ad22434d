package chat

import (
	"context"
	"fmt"

	"github.com/gocoreml/coreml/internal/jinja"
)

// field is one field of a message as a template sees it.
type field struct {
	key   string
	value jinja.Value
}

// shown are the fields of a message in their order.
type shown []field

// fields returns a message as a template sees it.
func (m *Message) fields(ctx context.Context) (shown, error) {
	var list shown
	for _, key := range m.keys() {
		v, err := jinja.FromGo(ctx, m.field(key))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		list = append(list, field{key, v})
	}
	return list, nil
}

// get returns the value of a field, nil where there is none.
func (f shown) get(key string) jinja.Value {
	for _, one := range f {
		if one.key == key {
			return one.value
		}
	}
	return nil
}

// set changes a field, or adds it at the end.
func (f *shown) set(key string, value jinja.Value) {
	for i := range *f {
		if (*f)[i].key == key {
			(*f)[i].value = value
			return
		}
	}
	*f = append(*f, field{key, value})
}

// dict returns the message as a value of the template engine.
func (f shown) dict() *jinja.Dict {
	d := jinja.NewDict()
	for _, one := range f {
		d.Set(one.key, one.value)
	}
	return d
}

// conversation returns the messages as templates see them.
func (v *Variables) conversation(ctx context.Context) ([]shown, error) {
	list := make([]shown, 0, len(v.Messages))
	for i, message := range v.Messages {
		if !v.Version4 {
			message = message.Normalized()
		}
		f, err := message.fields(ctx)
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", i, err)
		}
		list = append(list, f)
	}
	return list, nil
}
