package generate_test

import (
	"errors"
	"iter"
	"reflect"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// callAll calls every exported method of v with zero arguments and gives the error
// of each that has one to check: that of a stream is the one that it yields.
func callAll(t *testing.T, v any, check func(t *testing.T, method string, err error)) {
	t.Helper()
	value := reflect.ValueOf(v)
	for i := range value.NumMethod() {
		name, method := value.Type().Method(i).Name, value.Method(i)
		t.Run(value.Type().String()+"."+name, func(t *testing.T) {
			var in []reflect.Value
			for k := range method.Type().NumIn() {
				if !method.Type().IsVariadic() || k < method.Type().NumIn()-1 {
					in = append(in, reflect.Zero(method.Type().In(k)))
				}
			}
			out := method.Call(in) // a panic fails the test
			if len(out) == 0 {
				return
			}
			switch last := out[len(out)-1]; {
			case last.Type() == reflect.TypeFor[iter.Seq2[generate.Token, error]]():
				_, err := generate.Collect(last.Interface().(iter.Seq2[generate.Token, error]))
				check(t, name, err)
			case last.Type() == reflect.TypeFor[error]():
				err, _ := last.Interface().(error)
				check(t, name, err)
			}
		})
	}
}

func TestWhatNoOpenMadeIsAsClosed(t *testing.T) {
	for _, v := range []any{
		(*generate.Generator)(nil), new(generate.Generator), (*generate.Sequence)(nil), new(generate.Sequence),
		(*generate.Session)(nil), new(generate.Session),
	} {
		callAll(t, v, func(t *testing.T, method string, err error) {
			switch {
			case method == "Close": // closing a closed one does nothing
				if err != nil {
					t.Error(err)
				}
			case method == "AppendRows": // which has no visit either
				wantConfigError(t, err, "visit", "is nil")
			case !errors.Is(err, generate.ErrClosed):
				t.Errorf("error is %v, want ErrClosed", err)
			}
		})
	}
}

func TestZeroValuesDoNotPanic(t *testing.T) {
	for _, v := range []any{
		(*generate.Driver)(nil), new(generate.Driver), (*generate.Stats)(nil), new(generate.Stats), new(generate.RepetitionPenalty),
		new(generate.ConfigError), new(generate.ContextError), new(generate.DriverError), new(generate.TokenError), new(generate.VocabularyError),
	} {
		callAll(t, v, func(*testing.T, string, error) {})
	}
	if l := generate.FindLoop(nil); l != (generate.Loop{}) {
		t.Errorf("no tokens have the loop %v", l)
	}
	if _, err := generate.NewSampler(nil); err != nil {
		t.Error(err)
	}
}

func TestNilArgumentsAreNamed(t *testing.T) {
	_, defaults := generate.ReadDefaults(nil)
	_, driver := generate.ReadDriver(nil)
	_, detected := generate.Detect(nil, nil)
	_, empty := generate.Detect(new(coreml.Description), nil)
	_, opened := generate.OpenFS(t.Context(), nil, ".", nil)
	_, collected := generate.Collect(nil)
	_, joined := generate.New(nil, nil, nil)
	_, zero := generate.New(new(coreml.Model), new(tokenizer.Tokenizer), nil)
	for _, c := range []struct {
		name, want string
		err        error
	}{
		{"a reader of defaults", "the reader is nil", defaults},
		{"a reader of a driver", "the reader is nil", driver},
		{"a description", "there is no description: it is nil", detected},
		{"a description of nothing", "none of the inputs", empty},
		{"a file system", "open: the file system is nil", opened},
		{"a stream", "stream: is nil", collected},
		{"a model", "no model", joined},
		{"a model that nothing made", "none of the inputs", zero},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: error is %v, want %q", c.name, c.err, c.want)
		}
	}
}
