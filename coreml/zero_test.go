package coreml_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
)

// callAll calls every exported method of v with zero arguments and gives the error
// of each that has one to check. Variadic methods get no further arguments.
func callAll(t *testing.T, v any, check func(t *testing.T, method string, err error)) {
	t.Helper()
	value := reflect.ValueOf(v)
	for i := range value.NumMethod() {
		name, method := value.Type().Method(i).Name, value.Method(i)
		t.Run(value.Type().String()+"."+name, func(t *testing.T) {
			in := make([]reflect.Value, 0, method.Type().NumIn())
			for k := range method.Type().NumIn() {
				if k == method.Type().NumIn()-1 && method.Type().IsVariadic() {
					break
				}
				in = append(in, reflect.Zero(method.Type().In(k)))
			}
			out := method.Call(in) // a panic fails the test
			if n := len(out); n > 0 && out[n-1].Type() == reflect.TypeFor[error]() {
				err, _ := out[n-1].Interface().(error)
				check(t, name, err)
			}
		})
	}
}

func TestWhatNoLoadMadeIsAsClosed(t *testing.T) {
	for _, v := range []any{(*coreml.Model)(nil), new(coreml.Model), (*coreml.State)(nil), new(coreml.State)} {
		callAll(t, v, func(t *testing.T, method string, err error) {
			switch {
			case method == "Close": // closing a closed one does nothing
				if err != nil {
					t.Error(err)
				}
			case !errors.Is(err, coreml.ErrClosed):
				t.Errorf("error is %v, want ErrClosed", err)
			}
		})
	}
}

func TestZeroValuesDoNotPanic(t *testing.T) {
	for _, v := range []any{
		new(coreml.Arithmetic), new(coreml.ComputeUnits), new(coreml.EngineChoice), new(coreml.Kind), new(coreml.Pixels),
		(*coreml.Description)(nil), new(coreml.Description), new(coreml.FeatureDescription), new(coreml.Range), new(coreml.FloatGray),
		new(coreml.Features), new(coreml.Value), new(coreml.FrameworkError), new(coreml.InputError), new(coreml.UnsupportedOpsError),
	} {
		callAll(t, v, func(*testing.T, string, error) {})
	}
	for _, v := range []coreml.Value{
		coreml.Image(nil), coreml.MultiArray(nil), coreml.Dictionary(nil), coreml.Sequence(nil), coreml.Image((*coreml.FloatGray)(nil)),
	} {
		callAll(t, v, func(*testing.T, string, error) {})
	}
}

func TestNilArgumentsAreNamed(t *testing.T) {
	m, _ := load(t, "adder")
	st := newState(t, m)
	_, loadFS := coreml.LoadFS(t.Context(), nil, ".", nil)
	_, predict := m.Predict(t.Context(), x(1, 2), new(coreml.State), nil)
	_, none := m.Predict(t.Context(), nil, st, nil)
	for _, c := range []struct {
		name, want string
		err        error
	}{
		{"a writer", "coreml: save state: the writer is nil", st.Save(nil)},
		{"a reader", "coreml: restore state: the reader is nil", st.Restore(nil)},
		{"a file system", "coreml: load model: the file system is nil", loadFS},
		{"a state that nothing made", "coreml: predict: state is already closed", predict},
		{"inputs", "coreml: predict: ", none},
		{"a tensor", "coreml: write state: ", st.Write(st.Names()[0], nil)},
	} {
		if c.err == nil || !strings.HasPrefix(c.err.Error(), c.want) {
			t.Errorf("%s: error is %v, want %q", c.name, c.err, c.want)
		}
	}
}
